"""Settings: types, defaults, loading, cross-checks. Read only where the product is composed."""
