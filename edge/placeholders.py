"""Answers for a picture that is on its way: what is known of its looks, or a colour of its own."""

from dataclasses import dataclass

from anyio import to_thread
from starlette.requests import Request

from core.cards import Cards
from edge.answers.acceptance import is_image_client
from edge.answers.answer import Answer
from edge.answers.headers import looks
from edge.answers.responses import pending_answer
from edge.state import State


@dataclass(frozen=True, slots=True)
class Looks:
    """What a picture looks like, as far as it is known: ThumbHash in base64, ``#rrggbb``."""

    thumb_hash: str = ""
    dominant_color: str = ""


async def placeholder_answer(
    request: Request[State],
    generation_id: str | None,
    *,
    ratio: str,
    known: Looks,
    color: str,
    public: bool,
) -> Answer:
    """202: a picture of this ratio for image clients, JSON for the others.

    ``color`` is for the field that stands in when nothing is ``known``.
    """
    placeholder = None
    if is_image_client(request.headers):
        cards = request.state["cards"]
        placeholder = await to_thread.run_sync(_drawn, cards, ratio, known, color)
    answer = pending_answer(
        generation_id,
        placeholder=placeholder,
        public=public,
        preview=looks(known.thumb_hash, known.dominant_color),
    )
    return Answer(answer.status, answer.raw_headers) if request.method == "HEAD" else answer


def _drawn(cards: Cards, ratio: str, known: Looks, color: str) -> bytes:
    if known.thumb_hash:
        try:
            return cards.preview(ratio, known.thumb_hash)
        except ValueError:
            # Stored by whom or what ever: the picture itself is none the worse for it.
            pass
    return cards.waiting(ratio, known.dominant_color or color)
