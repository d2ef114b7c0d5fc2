"""What signing, explaining and warming answer, as types."""

from typing import Annotated, Literal

from pydantic import Field

from core.warming.steps import State
from edge.api.grammar import Moment, Ratio
from edge.api.openapi.answers import Count, Money, Share, Shown
from edge.api.openapi.envelopes import Done

Uri = Annotated[str, Field(json_schema_extra={"format": "uri"})]


class Signed(Shown):
    """A URL that may have its picture made, until it ends."""

    url: Uri
    path: Annotated[str, Field(description="The same without the origin.")]
    expires_at: Moment


class KeptSpot(Shown):
    """The spot the URL names to stay in view."""

    x: Share
    y: Share


class Derivative(Shown):
    """The size and format that would be answered."""

    width: Annotated[int, Field(ge=1, description="Pixels.")]
    height: Annotated[int, Field(ge=1, description="Pixels.")]
    fit: Literal["cover", "contain", "inside"]
    format: Annotated[
        Literal["png", "jpeg", "webp", "avif", "auto"] | None,
        Field(description="Null: as the picture will be stored."),
    ]
    quality: Annotated[int | None, Field(ge=1, le=100)]
    focal_point: KeptSpot | None


class Canonical(Shown):
    """What is asked for, in the one form of it that is looked up."""

    prompt: str
    aspect_ratio: Ratio
    seed: Annotated[Count | None, Field(description="Null: derived from the rest.")]
    model: str
    model_version: str
    auto_enhance: bool
    template: str | None
    project: Annotated[str, Field(description="organization/project")]
    derivative: Annotated[Derivative | None, Field(description="Null: the picture as stored.")]


class Explained(Shown):
    """`because` is STORED, MISSING, IN_FLIGHT, or the code of the error that would be answered."""

    canonical: Canonical
    key: Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="The slot in every tier.")]
    identity: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="sha256")]
    tier: Literal["memory", "redis", "store", "none"]
    would: Literal["hit", "generate", "refuse"]
    because: Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")]
    cost: Money


class WarmItem(Shown):
    """What became of one address; `code` says why it was refused or failed."""

    url: str
    state: State
    cost: Money
    code: str | None


class WarmTotal(Shown):
    """All items, how many there are of each state, and the sum of their costs."""

    items: Count
    states: dict[State, Count]
    cost: Money


class Warmed(Shown):
    """`pending` ones were not begun or are not ready: the same request again goes on."""

    dry_run: bool
    items: list[WarmItem]
    total: WarmTotal


class SignedAnswer(Done):
    data: Signed


class ExplainedAnswer(Done):
    data: Explained


class WarmedAnswer(Done):
    data: Warmed
