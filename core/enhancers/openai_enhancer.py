"""A language model behind an OpenAI-compatible chat endpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from core.enhancers.cleaning import EnhancementFailed
from core.enhancers.model_enhancer import ModelEnhancer
from core.generators.bounded_transport import Refused
from core.generators.openai_wire import OPENAI_ADDRESS, openai_client


class OpenaiChat:
    """The LanguageModel over ``POST {base}/chat/completions``.

    Only the model and the messages are sent: every further parameter is refused by some server.
    """

    def __init__(self, client: httpx.AsyncClient, name: str) -> None:
        self.name = name
        self._client = client

    async def answer(self, instruction: str, text: str) -> str:
        """As LanguageModel.answer."""
        messages = [
            {"role": "system", "content": instruction},
            {"role": "user", "content": text},
        ]
        request = {"model": self.name, "messages": messages}
        try:
            reply = await self._client.post("chat/completions", json=request)
            return said_in(reply.json())
        except Refused as refused:
            raise EnhancementFailed(f"status {refused.status}") from None
        except (httpx.HTTPError, ValueError) as error:
            raise EnhancementFailed(type(error).__name__) from None


def said_in(content: object) -> str:
    """The text of a chat completion. Raises EnhancementFailed for a refusal, or without a text."""
    match content:
        case {"choices": [{"finish_reason": "content_filter"}, *_]}:
            raise EnhancementFailed("content filter")
        case {"choices": [{"message": {"refusal": str(refusal)}}, *_]} if refusal:
            raise EnhancementFailed("refusal")
        case {"choices": [{"message": {"content": str(text)}}, *_]}:
            return text
    raise EnhancementFailed("no text in the answer")


@asynccontextmanager
async def open_openai_enhancer(
    key: str, model: str, *, base_url: str = "", timeout: float = 10, connect_timeout: float = 5
) -> AsyncIterator[ModelEnhancer]:
    """The enhancer for as long as the block lasts; times in seconds.

    ``base_url`` empty means the service's own, and includes the ``/v1`` where there is one.
    Raises ValueError for an empty key, or one that would travel in the clear.
    """
    async with openai_client(
        key,
        base_url=base_url or OPENAI_ADDRESS,
        tls=httpx.create_ssl_context(),
        timeout=httpx.Timeout(timeout, connect=connect_timeout),
    ) as client:
        yield ModelEnhancer(OpenaiChat(client, model), timeout=timeout)
