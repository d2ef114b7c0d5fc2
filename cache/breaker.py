"""Stops asking a dependency that keeps failing, and finds out gently when it is back."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from cache.errors import CacheError, CoordinatorUnavailable, TierUnavailable

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Opens after ``threshold`` failures in a row; after about ``rest`` seconds one call may try.

    One breaker per dependency: whatever speaks to the same server shares it.
    """

    def __init__(
        self,
        name: str,
        *,
        threshold: int = 5,
        rest: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._threshold = threshold
        self._rest = rest
        self._clock = clock
        self._failures = 0
        self._retry_at = 0.0
        self._probing = False

    @property
    def state(self) -> State:
        if self._failures < self._threshold:
            return "closed"
        return "half-open" if self._probing or self._clock() >= self._retry_at else "open"

    @contextmanager
    def watch(self, refusal: type[CacheError]) -> Iterator[None]:
        """Run one call under the breaker. Raises ``refusal`` at once while it is open."""
        probe = self._admit(refusal)
        try:
            yield
        except (TierUnavailable, CoordinatorUnavailable):
            self._fail()
            raise
        except CacheError:
            # A definite answer, if an unwelcome one: the dependency is there.
            self._failures = 0
            raise
        else:
            self._failures = 0
        finally:
            if probe:
                self._probing = False

    def _admit(self, refusal: type[CacheError]) -> bool:
        """True when this call is the one probe."""
        if self._failures < self._threshold:
            return False
        if self._probing or self._clock() < self._retry_at:
            raise refusal(f"{self.name} keeps failing and is left alone for a moment")
        self._probing = True
        return True

    def _fail(self) -> None:
        self._failures += 1
        # Jitter, so that the processes of a fleet do not all come back in the same instant.
        self._retry_at = self._clock() + self._rest * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
