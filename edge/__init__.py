"""HTTP: the only folder that knows requests and responses."""
