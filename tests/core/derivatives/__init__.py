"""Tests of core/derivatives."""
