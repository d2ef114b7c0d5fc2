"""The webhook by which a CDN learns which tags to forget, over HTTP."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from core.hooks.cdn_calls import Occasion, Style, dialect_of
from core.purging.delivery_ports import Told

# A purge is answered in a sentence; more is not read.
_MOST = 16 * 1024


class PurgeWebhook:
    """Speaks one CDN's tongue. Nothing it is told ever reaches a log: neither address nor token."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        style: Style,
        *,
        token: str,
        secret: str,
        timeout: float,
    ) -> None:
        self._client = client
        self._url = url
        self._dialect = dialect_of(style)
        self._token = token
        self._secret = secret
        self._timeout = timeout
        self.batch = self._dialect.batch

    async def tell(self, delivery_id: str, tags: tuple[str, ...]) -> Told:
        """One call about at most ``batch`` tags. Never raises for what the other side does."""
        occasion = Occasion(delivery_id, self._token, self._secret, int(time.time()))
        call = self._dialect.write(occasion, tags)
        request = self._client.build_request(
            call.method, self._url, headers=dict(call.headers), content=call.body
        )
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request)
        except (TimeoutError, httpx.HTTPError):
            return Told(taken=False, status=None)

    async def _exchange(self, request: httpx.Request) -> Told:
        response = await self._client.send(request, stream=True)
        try:
            taken = response.is_success and not _denied(await _beginning(response))
            pause = None if taken else _pause(response.headers.get("retry-after", ""))
            return Told(taken=taken, status=response.status_code, retry_after=pause)
        finally:
            await response.aclose()


async def _beginning(response: httpx.Response) -> bytes:
    """Raw: a compressed answer must not grow while it is unpacked."""
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) > _MOST:
            break
    return body


def _denied(body: bytes) -> bool:
    """Some APIs answer 200 and say in the body that nothing was done."""
    try:
        content = json.loads(body)
    except ValueError:
        return False
    return isinstance(content, dict) and content.get("success") is False


def _pause(told: str) -> float | None:
    """Retry-After in seconds (RFC 9110, 10.2.3); None when nothing usable was said."""
    if told.strip().isdecimal():
        return float(told)
    try:
        moment = parsedate_to_datetime(told)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


@asynccontextmanager
async def open_webhook(
    url: str, style: Style, *, token: str = "", secret: str = "", timeout: float = 10
) -> AsyncIterator[PurgeWebhook]:
    """The webhook for as long as the block lasts; ``timeout`` is in seconds, for one whole call.

    No redirects, no proxy or netrc of the environment.
    """
    async with httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        headers={"User-Agent": "mirage", "Accept-Encoding": "identity"},
        timeout=httpx.Timeout(timeout),
        limits=httpx.Limits(max_connections=10, max_keepalive_connections=2),
    ) as client:
        yield PurgeWebhook(client, url, style, token=token, secret=secret, timeout=timeout)
