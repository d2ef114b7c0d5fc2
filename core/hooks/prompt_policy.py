"""The prompt policy of the operator's own: a web service that is asked about every new prompt."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import structlog

from core.errors import PolicyUnavailable
from core.models import Project

# Seconds after which it is worth to ask again.
_PAUSE = 5
# An answer is one word.
_MOST = 16 * 1024


class HookPolicy:
    """The PromptPolicy port over ``POST {"project","prompt"}``, answered ``{"allow": true|false}``.

    Whatever else comes back, or nothing within ``timeout`` seconds, allows nothing.
    """

    def __init__(self, client: httpx.AsyncClient, url: str, *, timeout: float) -> None:
        self._client = client
        self._url = url
        self._timeout = timeout
        self._log = structlog.get_logger("policy")

    async def allows(self, project: Project, prompt: str) -> bool:
        """As PromptPolicy.allows."""
        question = {"project": project.path, "prompt": prompt}
        try:
            async with asyncio.timeout(self._timeout):
                return await self._answered(question)
        except (TimeoutError, httpx.HTTPError, ValueError) as error:
            # Neither the address nor the prompt: both may be private.
            self._log.warning("policy_hook_failed", reason=type(error).__name__)
            raise PolicyUnavailable(retry_after=_PAUSE) from error

    async def _answered(self, question: dict[str, str]) -> bool:
        try:
            return await self._asked(question)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # A kept connection the other side has closed meanwhile; asking changes nothing there.
            return await self._asked(question)

    async def _asked(self, question: dict[str, str]) -> bool:
        async with self._client.stream("POST", self._url, json=question) as response:
            if response.status_code != httpx.codes.OK:
                raise ValueError("the answer is no 200")
            return _verdict(await _whole(response))


async def _whole(response: httpx.Response) -> bytes:
    """Raw: a compressed answer must not grow while it is unpacked."""
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) > _MOST:
            raise ValueError("the answer is too long")
    return body


def _verdict(body: bytes) -> bool:
    match json.loads(body):
        case {"allow": bool(allowed)}:
            return allowed
    raise ValueError("the answer has no verdict")


@asynccontextmanager
async def open_hook(url: str, *, timeout: float) -> AsyncIterator[HookPolicy]:
    """The hook for as long as the block lasts; ``timeout`` is in seconds, for one whole question.

    No redirects, no proxy or netrc of the environment.
    """
    async with httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        headers={"User-Agent": "mirage", "Accept-Encoding": "identity"},
        timeout=httpx.Timeout(timeout),
    ) as client:
        yield HookPolicy(client, url, timeout=timeout)
