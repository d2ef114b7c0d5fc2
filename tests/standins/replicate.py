"""A local stand-in for the HTTP API of Replicate that counts calls."""
