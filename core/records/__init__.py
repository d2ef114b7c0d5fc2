"""The records: what is true even after every cache is gone, kept in SQL."""
