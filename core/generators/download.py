"""Fetches a finished picture: from allowed hosts only, bounded, and without any credential."""

import asyncio
import base64
import binascii
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from core.errors import GeneratorFailed

_ATTEMPTS = 3
_PAUSE = 0.3
_HTTP_PORTS = {"http": 80, "https": 443}


class _TryAgain(Exception):
    """The host stumbled; the picture is paid for, so it is asked once more."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where pictures may come from.

    ``domains`` allow themselves and everything below them, over https on its own port; ``origin``
    ("http://127.0.0.1:8000") allows exactly itself, over plain http only within private networks.
    """

    domains: tuple[str, ...]
    origin: str | None = None

    def allow(self, url: httpx.URL) -> bool:
        if url.userinfo:
            return False
        if self.origin is not None and _origin(url) == _origin(httpx.URL(self.origin)):
            return url.scheme == "https" or is_private(url.host)
        return url.scheme == "https" and url.port is None and self._is_ours(url.host)

    def _is_ours(self, host: str) -> bool:
        return any(host == domain or host.endswith(f".{domain}") for domain in self.domains)


def is_loopback(host: str) -> bool:
    """Whether a host, as a URL names it, is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Whether a host, as a URL names it, is this machine or one that only its own network knows."""
    if "." not in host and ":" not in host:
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or _HTTP_PORTS.get(url.scheme)


class Downloads:
    """Reads pictures of at most ``max_bytes``, within ``seconds`` each, retries included."""

    def __init__(
        self, client: httpx.AsyncClient, sources: Sources, *, max_bytes: int, seconds: float
    ) -> None:
        self._client = client
        self._sources = sources
        self._max_bytes = max_bytes
        self._seconds = seconds

    async def fetch(self, address: str) -> bytes:
        """The bytes behind an https or data URL. Raises GeneratorFailed (spent)."""
        if address.startswith("data:"):
            return self._inline(address)
        try:
            url = httpx.URL(address)
        except httpx.InvalidURL:
            raise _unusable("The image generator named no usable address.") from None
        if not self._sources.allow(url):
            raise _unusable("The image generator named a host that is not allowed.")
        try:
            async with asyncio.timeout(self._seconds):
                return await self._patiently(url)
        except TimeoutError:
            raise _unusable("The finished picture could not be fetched in time.") from None

    async def _patiently(self, url: httpx.URL) -> bytes:
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(_PAUSE * 2**attempt)
            try:
                return await self._once(url)
            except (_TryAgain, httpx.TransportError):
                continue
        raise _unusable("The finished picture could not be fetched.")

    async def _once(self, url: httpx.URL) -> bytes:
        async with self._client.stream("GET", url) as response:
            if response.status_code == httpx.codes.TOO_MANY_REQUESTS or response.is_server_error:
                raise _TryAgain
            if response.status_code != httpx.codes.OK:
                raise _unusable("The finished picture is not where it should be.")
            if int(response.headers.get("content-length", "0")) > self._max_bytes:
                raise _unusable("The finished picture is too large.")
            body = bytearray()
            # Raw: a compressed answer must not grow beyond the limit while it is unpacked.
            async for part in response.aiter_raw():
                body += part
                if len(body) > self._max_bytes:
                    raise _unusable("The finished picture is too large.")
            return bytes(body)

    def _inline(self, address: str) -> bytes:
        head, _, data = address.partition(",")
        if not head.endswith(";base64"):
            raise _unusable("The image generator named no usable address.")
        if len(data) > self._max_bytes // 3 * 4 + 4:
            raise _unusable("The finished picture is too large.")
        try:
            return base64.b64decode(data, validate=True)
        except binascii.Error:
            raise _unusable("The image generator named no usable address.") from None


def _unusable(message: str) -> GeneratorFailed:
    return GeneratorFailed(message, spent=True)


@asynccontextmanager
async def open_downloads(
    sources: Sources,
    *,
    tls: ssl.SSLContext,
    max_bytes: int = 25 * 1024 * 1024,
    seconds: float = 60,
) -> AsyncIterator[Downloads]:
    """A client of its own: no credential, no redirects, no proxy or netrc of the environment."""
    async with httpx.AsyncClient(
        verify=tls,
        trust_env=False,
        follow_redirects=False,
        headers={"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "mirage"},
        timeout=httpx.Timeout(10, connect=5),
        limits=httpx.Limits(max_connections=50, max_keepalive_connections=10),
    ) as client:
        yield Downloads(client, sources, max_bytes=max_bytes, seconds=seconds)
