"""Has the pictures of a page made before its visitors come."""
