"""What a caller of the live endpoint asked for, once every word of it is understood."""

from dataclasses import dataclass

SEED_LIMIT = 2**31 - 1
DEFAULT_TEMPLATE = "general"
TEMPLATES = (
    DEFAULT_TEMPLATE,
    "photorealistic",
    "illustration",
    "minimalist",
    "sticker",
    "product",
    "comic",
)


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """A picture by its description.

    ``prompt`` is normalised, ``ratio`` canonical. ``seed`` (0 to SEED_LIMIT) is None when it is
    left to us, ``model`` when the default is meant, ``template`` when nothing is enhanced.
    """

    prompt: str
    ratio: str
    seed: int | None = None
    model: str | None = None
    auto_enhance: bool = False
    template: str | None = None
