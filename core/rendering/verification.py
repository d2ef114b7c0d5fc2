"""Checks a generator's bytes in worker threads, as many at once as the machine has processors."""

import os
from functools import partial

from anyio import CapacityLimiter, to_thread

from core.imaging import Limits, prepare
from core.models import RawPicture, VerifiedPicture


class Verifier:
    """The bulkhead around decoding: a burst of new pictures never starves the event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._limiter = CapacityLimiter(max(1, os.cpu_count() or 1))

    async def __call__(self, raw: RawPicture, ratio: str, generator: str) -> VerifiedPicture:
        """The picture as it will be stored. Raises PictureUnsound."""
        work = partial(prepare, raw.body, ratio=ratio, generator=generator, limits=self._limits)
        return await to_thread.run_sync(work, limiter=self._limiter)
