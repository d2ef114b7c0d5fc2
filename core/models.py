"""The nouns of the product: frozen dataclasses, no behaviour beyond what their fields say.

Money is whole micro-dollars (``int``); times are aware UTC ``datetime``; ids are UUIDv7 strings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

LIVE_READ = "live:read"
LIVE_GENERATE = "live:generate"
REFERENCE_LIMIT = 3
KEY_SCOPES = (LIVE_READ, LIVE_GENERATE, "generations", "images", "flows")

Status = Literal["pending", "processing", "success", "failed", "cancelled"]
Origin = Literal["rest", "live"]
RequireSignature = Literal["auto", "true", "false"]


@dataclass(frozen=True, slots=True)
class Project:
    """A tenant. ``organization`` and ``slug`` name it in URLs and in every identity."""

    id: str
    organization: str
    slug: str
    public: bool

    @property
    def path(self) -> str:
        return f"{self.organization}/{self.slug}"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A credential as stored: never the secret, only its sha256 and its first letters."""

    id: str
    type: Literal["master", "project"]
    name: str
    prefix: str
    secret_hash: str
    project: Project | None
    scopes: frozenset[str]
    allowed_models: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """A named door of a project's public pages, and what it may spend."""

    id: str
    project_id: str
    slug: str
    allow_new_generations: bool = True
    require_signature: RequireSignature = "auto"
    new_generations_limit: int = 30
    budget_micros: int | None = None
    budget_window: Literal["hour", "day", "month"] | None = None
    allowed_origins: tuple[str, ...] = ()
    allowed_models: tuple[str, ...] | None = None
    per_address_limit: int | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the model table, as the configured generator will run it.

    ``version`` is part of every identity: change it whenever the same recipe would look
    different. ``sizes`` maps a canonical ratio to (width, height) in pixels. ``parameters`` says
    how this model wants ratio, seed and format; only its generator reads it. ``stand_in``: its
    pictures cost nothing and only hold a place.
    """

    name: str
    version: str
    generator: str
    price_micros: int
    sizes: Mapping[str, tuple[int, int]]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    stand_in: bool = False

    @property
    def references(self) -> int:
        """How many reference pictures it takes: its input names one, several, or none."""
        if "references" in self.parameters:
            return REFERENCE_LIMIT
        return 1 if "reference" in self.parameters else 0


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture the model shall go by."""

    body: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """All a generator needs to make one picture. ``prompt`` is the text that is sent.

    ``references`` are pictures to go by, at most as many as ``model.references``.
    """

    prompt: str
    ratio: str
    seed: int
    model: Model
    references: tuple[Reference, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        return self.model.sizes[self.ratio]


@dataclass(frozen=True, slots=True)
class Enhanced:
    """A prompt made fuller, by which version of the enhancer.

    ``fell_back``: the enhancer had no answer, and ``text`` is the caller's own.
    """

    text: str
    version: str
    fell_back: bool = False


@dataclass(frozen=True, slots=True)
class RawPicture:
    """What a generator returned: unverified bytes, and what they cost."""

    body: bytes
    cost_micros: int


@dataclass(frozen=True, slots=True)
class VerifiedPicture:
    """Bytes that were decoded, found sound and marked as AI-made; ready to be stored.

    ``thumb_hash`` is base64, ``dominant_color`` is ``#rrggbb``, ``digest`` is the sha256 of
    ``body`` in hex.
    """

    body: bytes
    mime_type: str
    width: int
    height: int
    digest: str
    thumb_hash: str
    dominant_color: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is served. ``slot`` names its place in every tier.

    ``digest`` is the sha256 of ``body`` in hex, ``created_at`` unix seconds, ``thumb_hash`` base64.
    ``stand_in``: it only holds a place and must not stay in anybody's cache for long.
    ``dominant_color`` is ``#rrggbb``, "" where nobody knows it.
    """

    body: bytes
    mime_type: str
    digest: str
    created_at: int
    image_id: str
    generator: str
    thumb_hash: str
    width: int
    height: int
    slot: str
    stand_in: bool
    dominant_color: str = ""


@dataclass(frozen=True, slots=True)
class Generation:
    """One piece of work. ``prompt`` is what was sent, ``original_prompt`` the caller's.

    ``attempt`` counts how often it was started anew (retry, regenerate, changed prompt); each
    attempt is paid for by itself.
    """

    id: str
    project_id: str
    status: Status
    identity: str
    slot: str
    prompt: str
    original_prompt: str
    ratio: str
    seed: int
    model: str
    model_version: str
    generator: str
    origin: Origin
    created_at: datetime
    updated_at: datetime
    auto_enhance: bool = False
    template: str | None = None
    job_id: str | None = None
    key_id: str | None = None
    scope_id: str | None = None
    flow_id: str | None = None
    output_image_id: str | None = None
    cost_micros: int = 0
    processing_ms: int | None = None
    retry_count: int = 0
    error_code: str | None = None
    error_message: str | None = None
    cached: bool = False
    assign_alias: str | None = None
    assign_flow_alias: str | None = None
    reference_image_ids: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    deleted_at: datetime | None = None
    attempt: int = 0

    @property
    def account(self) -> str:
        """What the ledger books this attempt under: ``<id>``, later ones ``<id>#<attempt>``."""
        return f"{self.id}#{self.attempt}" if self.attempt else self.id


@dataclass(frozen=True, slots=True)
class Image:
    """A stored picture's record. ``slot`` and ``identity`` lead to its bytes.

    ``used_at``: when it was served, to within a day; None when it was not since it was made.
    """

    id: str
    project_id: str
    source: Literal["generated", "uploaded"]
    slot: str
    identity: str
    mime_type: str
    file_size: int
    width: int
    height: int
    digest: str
    thumb_hash: str
    dominant_color: str
    origin: Origin
    created_at: datetime
    updated_at: datetime
    generation_id: str | None = None
    flow_id: str | None = None
    alias: str | None = None
    focal_x: float = 0.5
    focal_y: float = 0.5
    stored: bool = True
    meta: Mapping[str, Any] = field(default_factory=dict)
    deleted_at: datetime | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """A chain of generations and images. ``aliases`` maps ``@name`` to an image id.

    The counts leave deleted rows out.
    """

    id: str
    project_id: str
    created_at: datetime
    updated_at: datetime
    aliases: Mapping[str, str] = field(default_factory=dict)
    generation_count: int = 0
    image_count: int = 0
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What an Idempotency-Key answered before: the HTTP status and the JSON body."""

    request_digest: str
    status: int | None
    body: bytes | None
