"""What the API answers, as types: the description is made of them, tests hold answers to them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from core.library.aliases import AliasScope
from core.models import Origin, Status
from edge.api.grammar import Alias, Id, Meta, Moment, Ratio

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class Shown(BaseModel):
    """A part of an answer: camelCase on the wire, every field always there unless it says so."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", strict=True, populate_by_name=True
    )


class Spot(Shown):
    """In shares of width and height from the top left."""

    x: Share
    y: Share


class Image(Shown):
    """A stored picture's record; its bytes are at `url`."""

    id: Id
    source: Literal["generated", "uploaded"]
    url: Annotated[str, Field(json_schema_extra={"format": "uri"})]
    alias: Alias | None
    flow_id: Id | None
    generation_id: Id | None
    mime_type: Literal["image/png", "image/jpeg", "image/webp", "image/avif"]
    file_size: Annotated[int, Field(ge=1, description="Bytes.")]
    width: Annotated[int, Field(ge=1, description="Pixels.")]
    height: Annotated[int, Field(ge=1, description="Pixels.")]
    focal_point: Spot
    thumb_hash: Annotated[str, Field(description="ThumbHash of the picture, base64.")]
    dominant_color: Annotated[str, Field(pattern="^#[0-9a-f]{6}$")]
    hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="sha256 of the bytes.")]
    origin: Origin
    meta: Meta
    created_at: Moment
    updated_at: Moment
    deleted_at: Moment | None


class Money(Shown):
    """Decimal text, so that nobody's float rounds it."""

    amount: Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?$")]
    currency: Literal["USD"]


class Failure(Shown):
    """Why a generation failed; the code is one of the error codes."""

    code: str
    message: str | None


class Generation(Shown):
    """One piece of work and its picture."""

    id: Id
    status: Status
    prompt: Annotated[str, Field(description="The text sent to the model.")]
    original_prompt: Annotated[str, Field(description="The caller's text.")]
    aspect_ratio: Ratio
    auto_enhance: bool
    template: str | None
    seed: Count
    model: str
    generator: str
    flow_id: Id | None
    output_image_id: Id | None
    output_image: Annotated[Image | None, Field(description="Null until there is one.")]
    reference_images: list[Image]
    cached: Annotated[bool, Field(description="The picture existed already, at no cost.")]
    cost: Money
    processing_time_ms: Count | None
    retry_count: Count
    error: Failure | None
    origin: Origin
    meta: Meta
    created_at: Moment
    updated_at: Moment
    deleted_at: Moment | None


class Flow(Shown):
    """A chain of generations and images; the counts leave deleted ones out."""

    id: Id
    meta: Meta
    aliases: Annotated[dict[str, Id], Field(description="Image ids by alias.")]
    generation_count: Count
    image_count: Count
    created_at: Moment
    updated_at: Moment


class Resolved(Shown):
    """Whom an alias means, and which scope knew it."""

    alias: Alias
    scope: AliasScope
    flow_id: Id | None
    image_id: Id
    image: Image


class Key(Shown):
    """An API key without its secret."""

    id: Id
    type: Literal["master", "project"]
    name: str
    prefix: Annotated[str, Field(description="The key's first letters, to know it by.")]
    organization: str | None
    project: str | None
    scopes: list[str]
    allowed_models: list[str] | None
    expires_at: Moment | None
    last_used_at: Moment | None
    created_at: Moment
    revoked_at: Moment | None


class NewKey(Key):
    """The only answer that holds the key itself."""

    key: Annotated[str, Field(pattern="^bnt_[0-9a-f]{64}$")]


class Deleted(Shown):
    """What is gone now."""

    id: Id


class Pending(Shown):
    """The work goes on; `id` is the generation's."""

    status: Literal["processing"]
    id: Id | None


class Pagination(Shown):
    """Which part of the list this is. `total` is exact up to 10,000."""

    total: Count
    limit: Annotated[int, Field(ge=1, le=100)]
    offset: Count
    has_more: bool
    next_cursor: Annotated[
        str, Field(default=None, description="Present while there is more: send it as `cursor`.")
    ]
    total_is_exact: Annotated[
        Literal[False], Field(default=None, description="Present when there are more than `total`.")
    ]


class Alive(Shown):
    """The process answers."""

    status: Literal["alive"]


class Ready(Shown):
    """What can be served from here, and the state of each part."""

    status: Literal["ready", "degraded", "unavailable", "draining"]
    generator: str
    parts: dict[str, Literal["ok", "down"]]
