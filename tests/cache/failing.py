"""Failures worth remembering, and a clock that a test moves."""

from cache.errors import FillFailed
from tests.cache.parts import key_of

NAME = key_of("a").identity
SICK = FillFailed({"code": "GENERATOR_FAILED", "message": "grün"}, remember=5, doubling=True)
REFUSED = FillFailed({"code": "CONTENT_REFUSED"}, remember=600)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now
