"""A language model on Replicate."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from replicate.client import Client

from core.enhancers.cleaning import EnhancementFailed
from core.enhancers.model_enhancer import ModelEnhancer
from core.generators.bounded_transport import BoundedTransport, Refused
from core.generators.replicate_wire import replicate_client

_RUNNING = ("starting", "processing")
# Seconds between polls: a prompt takes a second or two.
_POLL = 0.25
# Replicate takes no shorter deadline.
_SHORTEST_CANCEL = 5.0


class ReplicateChat:
    """The LanguageModel over a prediction of ``owner/name``.

    Instruction and text go into the one input that all language models there have.
    """

    def __init__(self, client: Client, name: str, *, poll: float = _POLL) -> None:
        self.name = name
        self._client = client
        self._poll = poll

    async def answer(self, instruction: str, text: str) -> str:
        """As LanguageModel.answer. An answer nobody waits for is ended by Cancel-After."""
        try:
            prediction = await self._ended(f"{instruction}\n\nThe user's text:\n{text}")
        except Refused as refused:
            raise EnhancementFailed(f"status {refused.status}") from None
        except (httpx.HTTPError, ValueError, TypeError, AttributeError) as error:
            raise EnhancementFailed(type(error).__name__) from None
        if prediction.status != "succeeded":
            raise EnhancementFailed(f"prediction {prediction.status}")
        return said_in(prediction.output)

    async def _ended(self, prompt: str) -> Any:
        """The prediction in a final state."""
        prediction: Any = await self._client.models.predictions.async_create(
            self.name, {"prompt": prompt}
        )
        while prediction.status in _RUNNING:
            await asyncio.sleep(self._poll)
            prediction = await self._client.predictions.async_get(prediction.id)
        return prediction


def said_in(output: object) -> str:
    """The text of a prediction: whole, or in the pieces it was streamed in."""
    pieces = output if isinstance(output, list) else [output]
    said = [piece for piece in pieces if isinstance(piece, str)]
    if len(said) < len(pieces):
        raise EnhancementFailed("no text in the answer")
    return "".join(said)


@asynccontextmanager
async def open_replicate_enhancer(
    token: str, model: str, *, base_url: str = "", timeout: float = 10, connect_timeout: float = 5
) -> AsyncIterator[ModelEnhancer]:
    """The enhancer for as long as the block lasts; times in seconds.

    Raises ValueError for an empty token, or one that would travel in the clear.
    """
    async with BoundedTransport(
        tls=httpx.create_ssl_context(),
        timeout=httpx.Timeout(timeout, connect=connect_timeout),
        cancel_after=max(timeout, _SHORTEST_CANCEL),
    ) as transport:
        client = replicate_client(token, base_url=base_url, transport=transport)
        yield ModelEnhancer(ReplicateChat(client, model), timeout=timeout)
