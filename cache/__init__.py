"""A read-through cache of bytes with single-flight. It has never heard of a prompt."""
