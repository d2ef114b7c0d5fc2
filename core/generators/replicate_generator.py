"""Pictures by Replicate: its client creates, polls and cancels; everything else is ours.

The client waits with a fixed pace, forgets running jobs and sends its token to whoever hosts the
output. So a prediction is created without holding the line, its id handed out at once, polled with
a pace of our own and fetched by a client that knows no token.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import structlog
from pydantic.v1 import ValidationError
from replicate.client import Client

from core.errors import ContentRefused, GeneratorBusy, GeneratorFailed
from core.generators.bounded_transport import BoundedTransport, Refused
from core.generators.download import Downloads, Sources, open_downloads
from core.generators.inputs import input_of
from core.generators.refusals import is_refusal
from core.generators.replicate_answers import error_of, first_url, is_job_id
from core.generators.replicate_wire import replicate_client
from core.models import RawPicture, Recipe

# Files of finished predictions are handed out below replicate.delivery, by several hosts.
_OUTPUT_DOMAINS = ("replicate.delivery",)
_RUNNING = ("starting", "processing")
_LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: one call in all, the first and the longest pause between polls.

    ``patience`` is how many polls in a row may fail before a job is given up.
    """

    call: float = 15.0
    connect: float = 5.0
    read: float = 10.0
    first_poll: float = 0.25
    longest_poll: float = 2.0
    patience: int = 8


class ReplicateGenerator:
    """The Generator port over Replicate's HTTP API."""

    name = "replicate"

    def __init__(self, client: Client, downloads: Downloads, pace: Pace) -> None:
        self._client = client
        self._downloads = downloads
        self._pace = pace
        self._log = structlog.get_logger("replicate")

    async def start(self, recipe: Recipe) -> str:
        """Create the prediction, once: a POST that may have been heard is never repeated.

        Raises GeneratorBusy (retry_after), GeneratorFailed (``spent`` when it may have begun),
        ContentRefused.
        """
        try:
            async with asyncio.timeout(self._pace.call):
                prediction = await self._create(recipe)
        except Refused as refused:
            self._log.warning("create_refused", status=refused.status, model=recipe.model.name)
            # A gateway that gave up waiting cannot say whether the job began.
            raise error_of(refused, spent=refused.status == 504) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            self._log.warning("create_failed", cause=type(error).__name__)
            raise GeneratorFailed from None
        except (httpx.HTTPError, TimeoutError, ValueError, TypeError, AttributeError) as error:
            # Sent, but the answer was lost or is no prediction: it may run, and nobody can tell.
            self._log.error("create_lost", cause=type(error).__name__)
            raise GeneratorFailed(spent=True) from None
        if not is_job_id(prediction.id):
            self._log.error("create_lost", cause="no usable id")
            raise GeneratorFailed(spent=True)
        return str(prediction.id)

    async def finish(self, job_id: str, recipe: Recipe) -> RawPicture:
        """Poll until the prediction ends, then fetch its picture. The caller sets the deadline.

        Raises GeneratorFailed, ContentRefused, GeneratorBusy.
        """
        if not is_job_id(job_id):
            raise GeneratorFailed
        prediction = await self._ended(job_id)
        if prediction.status != "succeeded":
            raise self._failure(prediction, recipe)
        url = first_url(prediction.output)
        if url is None:
            raise GeneratorFailed("The image generator returned no picture.", spent=True)
        body = await self._downloads.fetch(url)
        return RawPicture(body=body, cost_micros=recipe.model.price_micros)

    async def cancel(self, job_id: str) -> None:
        """Ask for the job to be stopped. Never raises."""
        if not is_job_id(job_id):
            return
        try:
            async with asyncio.timeout(self._pace.call):
                await self._client.predictions.async_cancel(job_id)
        except Exception as error:  # noqa: BLE001 - the port promises that it never raises
            # It ends by Cancel-After anyway, and its caller has an error of its own to report.
            self._log.warning("cancel_failed", job=job_id, cause=type(error).__name__)

    async def _create(self, recipe: Recipe) -> Any:
        model, content = recipe.model, input_of(recipe)
        release = model.parameters.get("release")
        if release is not None:
            return await self._client.predictions.async_create(release, content)
        return await self._client.models.predictions.async_create(model.name, content)

    async def _ended(self, job_id: str) -> Any:
        """The prediction in a final state."""
        pause, failures = self._pace.first_poll, 0
        while True:
            try:
                async with asyncio.timeout(self._pace.call):
                    prediction = await self._client.predictions.async_get(job_id)
            except (Refused, httpx.HTTPError, TimeoutError, ValueError, TypeError) as error:
                failures += 1
                told = self._tolerate(error, job_id, failures)
                await asyncio.sleep(_jittered(max(pause, told)))
            else:
                failures = 0
                if prediction.status not in _RUNNING:
                    return prediction
                await asyncio.sleep(_jittered(pause))
            pause = min(pause * 1.5, self._pace.longest_poll)

    def _tolerate(self, error: Exception, job_id: str, failures: int) -> float:
        """How long to pause after a poll that failed, or the error that ends the polling."""
        self._log.info("poll_failed", job=job_id, cause=str(error)[:120], failures=failures)
        if isinstance(error, Refused):
            passing = error.status in (408, 425, 429) or error.status >= 500
            if not passing or failures > self._pace.patience:
                raise error_of(error, spent=True) from None
            return min(error.retry_after or 0.0, _LONGEST_PAUSE)
        if _is_aborted(error):
            raise GeneratorFailed from None
        if failures > self._pace.patience:
            raise GeneratorFailed(spent=True) from None
        return 0.0

    def _failure(
        self, prediction: Any, recipe: Recipe
    ) -> GeneratorFailed | ContentRefused | GeneratorBusy:
        # A quoted prompt belongs in no log, and its words are no verdict of the model's.
        said = str(prediction.error or "").replace(recipe.prompt, "[prompt]")
        self._log.warning(
            "job_failed", job=prediction.id, status=prediction.status, said=said[:120]
        )
        if prediction.status == "failed" and is_refusal(said):
            return ContentRefused()
        # Failed predictions are free; one cancelled while it ran is charged.
        return GeneratorFailed(spent=prediction.status == "canceled")


def _is_aborted(error: Exception) -> bool:
    """Its deadline passed before it ran: a free end, and a state the client has no word for."""
    return isinstance(error, ValidationError) and any(
        item["loc"] == ("status",) and item["type"] == "value_error.const"
        for item in error.errors()
    )


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret: it spreads many polls


@asynccontextmanager
async def open_replicate(
    token: str,
    *,
    base_url: str = "",
    cancel_after: float | None = None,
    max_bytes: int = 25 * 1024 * 1024,
    pace: Pace | None = None,
) -> AsyncIterator[ReplicateGenerator]:
    """The generator for as long as the block lasts.

    ``base_url`` empty means Replicate's own; another one may also host the outputs.
    ``cancel_after`` in seconds is passed on as the provider's own deadline; ``max_bytes`` bounds
    one picture.
    Raises ValueError for an empty token, or one that would travel in the clear.
    """
    pace = pace or Pace()
    tls = httpx.create_ssl_context()
    timeout = httpx.Timeout(pace.read, connect=pace.connect)
    sources = Sources(domains=_OUTPUT_DOMAINS, origin=base_url or None)
    async with (
        BoundedTransport(tls=tls, timeout=timeout, cancel_after=cancel_after) as transport,
        open_downloads(sources, tls=tls, max_bytes=max_bytes) as downloads,
    ):
        client = replicate_client(token, base_url=base_url, transport=transport)
        yield ReplicateGenerator(client, downloads, pace)
