"""Replicate's client over our transport, its token never in the clear."""

import httpx
from replicate.client import Client

from core.generators.download import is_loopback

_OWN_ADDRESS = "https://api.replicate.com"


def replicate_client(token: str, *, base_url: str, transport: httpx.AsyncBaseTransport) -> Client:
    """``base_url`` empty means Replicate's own. Closing the transport closes the client.

    Raises ValueError for an empty token, or one that would travel in the clear.
    """
    if not token:
        raise ValueError("A token for Replicate is needed; the client would take any it finds.")
    address = httpx.URL(base_url or _OWN_ADDRESS)
    if address.scheme != "https" and not is_loopback(address.host):
        raise ValueError("REPLICATE_BASE_URL must be https, or the token travels in the clear.")
    return Client(api_token=token, base_url=str(address), transport=transport)
