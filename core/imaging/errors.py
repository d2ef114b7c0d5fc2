"""Why bytes are not a picture we would store.

PictureUnsound (core.errors)
└── PictureRefused         base of these; the provider has been paid, so ``spent`` is true
    ├── PictureUnknown     not PNG, JPEG, WebP or AVIF
    ├── PictureOversized   too many bytes, or too many pixels once decoded
    ├── PictureBroken      truncated or corrupt
    ├── PictureAnimated    more than one frame
    └── PictureMisshapen   another shape than was asked for
"""

from core.errors import PictureUnsound


class PictureRefused(PictureUnsound):
    """The bytes are no picture we would store."""

    def __init__(self) -> None:
        super().__init__(spent=True)


class PictureUnknown(PictureRefused):
    """The bytes begin like none of the formats we store."""


class PictureOversized(PictureRefused):
    """More bytes or pixels than the limits allow; found out before anything is decoded."""


class PictureBroken(PictureRefused):
    """The type is known, but the bytes do not decode to the end."""


class PictureAnimated(PictureRefused):
    """A stored picture is one frame."""


class PictureMisshapen(PictureRefused):
    """Width to height is too far from the ratio that was asked for."""
