"""The offline generator: small landscapes by rules, free and at once, to build pages with."""

import secrets

from anyio import CapacityLimiter, to_thread

from core.generators.painting.paint import paint
from core.models import RawPicture, Recipe


class Painter:
    """The Generator port without a provider. ``parallel`` pictures are painted at a time."""

    name = "painter"

    def __init__(self, parallel: int = 2) -> None:
        self._limiter = CapacityLimiter(parallel)

    async def start(self, recipe: Recipe) -> str:
        """An id; nothing needs to be remembered, since any job can be painted by anyone."""
        del recipe
        return secrets.token_hex(8)

    async def finish(self, job_id: str, recipe: Recipe) -> RawPicture:
        """Paint, in a worker thread. The recipe alone decides the bytes."""
        del job_id
        body = await to_thread.run_sync(
            paint, recipe.prompt, recipe.seed, recipe.size, limiter=self._limiter
        )
        return RawPicture(body=body, cost_micros=0)

    async def cancel(self, job_id: str) -> None:
        """There is nothing to stop: a picture is done in a blink."""
