"""The wire below a provider's client: bounded in time and size, and never left to its retries.

Replicate's client passes no timeout at all when it creates a prediction without waiting, sleeps
through any Retry-After it is told, and drops the headers of an error. So this transport sets the
timeouts of every request itself and raises refusals, with all that is worth knowing, before a
client can act.
"""

import re
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

_MAX_REFUSAL = 64 * 1024
# A finished prediction may carry its picture as a data URL of a third more than 25 MiB.
_MAX_ANSWER = 40 * 1024 * 1024
_RESETS = re.compile(r"resets in ~?(\d+)\s*s")


class Refused(Exception):
    """The API answered 4xx or 5xx. ``retry_after`` is in seconds, None when it was not said."""

    def __init__(self, status: int, detail: str, retry_after: float | None) -> None:
        super().__init__(f"{status} {detail}")
        self.status = status
        self.detail = detail
        self.retry_after = retry_after


class _Bounded(httpx.AsyncByteStream):
    """Ends a body that goes on for too long."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for part in self._stream:
            seen += len(part)
            if seen > _MAX_ANSWER:
                raise httpx.ReadError("the answer is too large")
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class BoundedTransport(httpx.AsyncHTTPTransport):
    """Raises Refused for 4xx and 5xx, httpx.TransportError for trouble on the way.

    ``cancel_after`` in seconds goes along with every new prediction (header Cancel-After), so
    that work nobody waits for any more ends at the provider as well.
    """

    def __init__(
        self, *, tls: ssl.SSLContext, timeout: httpx.Timeout, cancel_after: float | None = None
    ) -> None:
        super().__init__(
            verify=tls,
            # Polls are many and short; more connections only queue at the provider.
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
        )
        self._timeout = timeout.as_dict()
        self._cancel_after = cancel_after

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "timeout": self._timeout}
        # A compressed answer could grow past its limit while it is unpacked.
        request.headers["Accept-Encoding"] = "identity"
        if self._cancel_after is not None and _creates(request):
            request.headers["Cancel-After"] = f"{round(self._cancel_after)}s"
        response = await super().handle_async_request(request)
        if response.is_error:
            raise await _refusal(response)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Bounded(response.stream)
        return response


def _creates(request: httpx.Request) -> bool:
    return request.method == "POST" and request.url.path.endswith("/predictions")


async def _refusal(response: httpx.Response) -> Refused:
    body = b""
    try:
        async for part in response.aiter_raw():
            body += part
            if len(body) > _MAX_REFUSAL:
                break
    finally:
        await response.aclose()
    detail = body[:_MAX_REFUSAL].decode(errors="replace")
    return Refused(response.status_code, detail, _pause(response.headers, detail))


def _seconds_until(date: str) -> float | None:
    """Retry-After may also be a date (RFC 9110 §10.2.3)."""
    try:
        moment = parsedate_to_datetime(date)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _pause(headers: httpx.Headers, detail: str) -> float | None:
    """Retry-After in seconds; Replicate also says it in words ("resets in ~30s")."""
    told = headers.get("retry-after", "").strip()
    if told.isdecimal():
        return float(told)
    if told:
        return _seconds_until(told)
    found = _RESETS.search(detail)
    return float(found[1]) if found else None
