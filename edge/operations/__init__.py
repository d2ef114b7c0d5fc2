"""Before the first request: the first start, what it tells, and the check of every part."""
