"""The REST API described for machines (OpenAPI 3.1), from the same types that validate it."""
