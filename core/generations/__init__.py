"""Generations as the REST API works with them, and the closing of their books."""
