"""Asks an OpenAI-compatible server what it has: free of charge, and the key is proven by it."""

import httpx

from core.errors import GeneratorFailed, Unauthorized
from core.generators.bounded_transport import Refused
from core.generators.openai_wire import OPENAI_ADDRESS, openai_client

_SECONDS = 5.0
# A server without such a list is still a server.
_NO_LIST = (404, 405, 501)


async def models_of(key: str, *, base_url: str | None = None) -> frozenset[str] | None:
    """The names of the models the key may use; None when the server keeps no list.

    Raises Unauthorized when the key is refused, GeneratorFailed without a usable answer.
    """
    try:
        async with openai_client(
            key,
            base_url=base_url or OPENAI_ADDRESS,
            tls=httpx.create_ssl_context(),
            timeout=httpx.Timeout(_SECONDS),
        ) as client:
            answer = await client.get("models")
            return frozenset(str(model["id"]) for model in answer.json()["data"])
    except Refused as refused:
        if refused.status in {401, 403}:
            raise Unauthorized from None
        if refused.status in _NO_LIST:
            return None
        raise GeneratorFailed from None
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise GeneratorFailed from error
