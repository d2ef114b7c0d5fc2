"""Fixture: a real server for the tests."""
