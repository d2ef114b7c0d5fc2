"""How large a picture may be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """``max_bytes`` before decoding, ``max_pixels`` (width times height) after it."""

    max_bytes: int = 25 * 1024 * 1024
    max_pixels: int = 40_000_000
