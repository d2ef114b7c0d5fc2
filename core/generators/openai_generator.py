"""Pictures by any OpenAI-compatible images endpoint, whose one long call has no job to resume.

So the call is a task of this process, and the job id names that task. Whoever resumes the job
elsewhere learns that it is lost and that it may have been charged: the record says failed, the
ledger keeps the cost, and only a new request, with a budget of its own, pays again.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import structlog

from core.errors import GeneratorFailed
from core.generators.bounded_transport import Refused
from core.generators.download import Downloads, Sources, open_downloads
from core.generators.openai_answers import error_of, picture_address, request_of
from core.generators.openai_wire import OPENAI_ADDRESS, openai_client
from core.models import RawPicture, Recipe

# Ended jobs that can still be finished, so that an interrupted finish may be repeated.
_KEPT = 8


class OpenaiGenerator:
    """The Generator port over ``POST {base}/images/generations``.

    ``deadline`` in seconds bounds one call with the download of its picture.
    """

    name = "openai"

    def __init__(self, client: httpx.AsyncClient, downloads: Downloads, deadline: float) -> None:
        self._client = client
        self._downloads = downloads
        self._deadline = deadline
        self._jobs: dict[str, asyncio.Task[bytes]] = {}
        self._log = structlog.get_logger("openai")

    async def start(self, recipe: Recipe) -> str:
        """Begin the call, once: a POST that may have been heard is never repeated.

        Whatever it fails with is raised by ``finish``.
        """
        job_id = f"call-{secrets.token_hex(16)}"
        task = asyncio.create_task(self._call(recipe), name=job_id)
        self._jobs[job_id] = task
        task.add_done_callback(self._ended)
        return job_id

    async def finish(self, job_id: str, recipe: Recipe) -> RawPicture:
        """Wait for the call. One that ended with its process, or was cancelled, counts as spent.

        Raises GeneratorFailed, ContentRefused, GeneratorBusy.
        """
        task = self._jobs.get(job_id)
        if task is None:
            self._log.error("job_lost", job=job_id)
            raise GeneratorFailed(spent=True)
        await asyncio.wait([task])
        if task.cancelled():
            raise GeneratorFailed(spent=True)
        return RawPicture(body=task.result(), cost_micros=recipe.model.price_micros)

    async def cancel(self, job_id: str) -> None:
        """Hang up. The endpoint may go on and charge. Never raises."""
        task = self._jobs.get(job_id)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """Hang up on every call."""
        running = [task for task in self._jobs.values() if not task.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    async def _call(self, recipe: Recipe) -> bytes:
        try:
            async with asyncio.timeout(self._deadline):
                address = await self._ask(recipe)
                return await self._downloads.fetch(address)
        except TimeoutError:
            self._log.error("call_lost", cause="deadline")
            raise GeneratorFailed(spent=True) from None

    async def _ask(self, recipe: Recipe) -> str:
        """Where the picture is, once it was made."""
        try:
            answer = await self._client.post("images/generations", json=request_of(recipe))
        except Refused as refused:
            self._log.warning("call_refused", status=refused.status, model=recipe.model.name)
            raise error_of(refused) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            self._log.warning("call_failed", cause=type(error).__name__)
            raise GeneratorFailed from None
        except httpx.HTTPError as error:
            # Sent, but the answer was lost: it may have been made, and nobody can tell.
            self._log.error("call_lost", cause=type(error).__name__)
            raise GeneratorFailed(spent=True) from None
        if answer.is_redirect:
            self._log.warning("call_refused", status=answer.status_code, model=recipe.model.name)
            raise GeneratorFailed
        return self._address_in(answer)

    def _address_in(self, answer: httpx.Response) -> str:
        try:
            address = picture_address(answer.json())
        except ValueError:
            address = None
        if address is None:
            self._log.error("call_lost", cause="no picture in the answer")
            raise GeneratorFailed("The image generator returned no picture.", spent=True)
        return address

    def _ended(self, task: asyncio.Task[bytes]) -> None:
        if not task.cancelled():
            # Looked at, so that a failure nobody came for is no warning at exit.
            task.exception()
        ended = [job_id for job_id, each in self._jobs.items() if each.done()]
        for job_id in ended[:-_KEPT]:
            del self._jobs[job_id]


@asynccontextmanager
async def open_openai(
    key: str,
    *,
    base_url: str = "",
    deadline: float = 300,
    connect_timeout: float = 5,
    max_bytes: int = 25 * 1024 * 1024,
) -> AsyncIterator[OpenaiGenerator]:
    """The generator for as long as the block lasts; calls still open at its end are cut.

    ``base_url`` empty means the service's own, and includes the ``/v1`` where there is one.
    Pictures come in the answer, or from the origin of ``base_url``. ``deadline`` and
    ``connect_timeout`` in seconds; ``max_bytes`` bounds one picture.
    Raises ValueError for an empty key, or one that would travel in the clear.
    """
    base_url = base_url or OPENAI_ADDRESS
    timeout = httpx.Timeout(deadline, connect=connect_timeout)
    tls = httpx.create_ssl_context()
    sources = Sources(domains=(), origin=base_url)
    async with (
        openai_client(key, base_url=base_url, tls=tls, timeout=timeout) as client,
        open_downloads(sources, tls=tls, max_bytes=max_bytes) as downloads,
    ):
        generator = OpenaiGenerator(client, downloads, deadline)
        try:
            yield generator
        finally:
            await generator.close()
