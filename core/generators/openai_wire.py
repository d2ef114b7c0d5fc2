"""The client for an OpenAI-compatible server: bounded, and its key never in the clear."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from core.generators.bounded_transport import BoundedTransport
from core.generators.download import is_private

OPENAI_ADDRESS = "https://api.openai.com/v1"


@asynccontextmanager
async def openai_client(
    key: str, *, base_url: str, tls: ssl.SSLContext, timeout: httpx.Timeout
) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose paths are relative to ``base_url`` and which raises Refused for 4xx and 5xx.

    Raises ValueError for an empty key, or one that would cross the internet over plain http.
    """
    if not key:
        raise ValueError("A key for the OpenAI-compatible server is needed.")
    address = httpx.URL(base_url)
    if address.scheme != "https" and not is_private(address.host):
        raise ValueError("OPENAI_BASE_URL must be https, or the key travels in the clear.")
    async with httpx.AsyncClient(
        base_url=base_url,
        headers={"Authorization": f"Bearer {key}", "User-Agent": "mirage"},
        transport=BoundedTransport(tls=tls, timeout=timeout),
        trust_env=False,
        follow_redirects=False,
    ) as client:
        yield client
