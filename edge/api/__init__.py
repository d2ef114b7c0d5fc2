"""The REST API: a smaller application beside the live endpoint, mounted at /api/v1."""
