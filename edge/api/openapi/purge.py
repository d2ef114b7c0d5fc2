"""Describes /api/v1/purge."""

from typing import Annotated, Literal

from pydantic import Field

from edge.api.grammar import Id, Moment
from edge.api.openapi.answers import Count, Shown
from edge.api.openapi.envelopes import Done
from edge.api.openapi.operations import Content, Operation
from edge.api.purge import LIBRARY, PurgeBody


class PurgedCounts(Shown):
    """How many pictures went, and how many sizes and formats of them."""

    masters: Count
    derivatives: Count


class Receipt(Shown):
    """What became of a message to the CDN so far."""

    id: Id
    state: Literal["delivered", "pending", "failed"]
    attempts: Count
    status: Annotated[int | None, Field(description="The CDN's last HTTP status.")]
    at: Annotated[Moment, Field(description="When it ended, or else was written.")]


class PurgeResult(Shown):
    """What went, and who was told."""

    purged: PurgedCounts
    tags: Annotated[list[str], Field(description="The Cache-Tags a CDN has to forget.")]
    receipts: Annotated[list[Receipt], Field(description="Empty without a webhook.")]


class PurgeAnswer(Done):
    data: PurgeResult


def purge_operations() -> list[Operation]:
    return [
        Operation(
            "post",
            "/api/v1/purge",
            "purge",
            "Images",
            "Take pictures away everywhere",
            {200: Content("Gone from every tier and every server.", PurgeAnswer)},
            needs=LIBRARY,
            text=(
                "Exactly one selector; with `prompt` the live parameters of that picture. It wants "
                "the scopes `images` and `live:generate`. What can be made anew is made anew at "
                "the next request, unless `tombstone` forbids it for good (410 GONE)."
            ),
            parameters=("Idempotency-Key",),
            body=PurgeBody,
            errors=(404, 409, 413, 415, 422),
            example={"prompt": "a red lighthouse", "aspectRatio": "16:9"},
        )
    ]
