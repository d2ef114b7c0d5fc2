"""What the product does to pictures: tell their type, prove them sound, mark them, sum them up.

Everything here is pure and takes milliseconds of processor time: call it in worker threads.
"""

from core.imaging.derive import decoded, derived, may_be_transparent, reduction
from core.imaging.encode import ENCODERS
from core.imaging.errors import (
    PictureAnimated,
    PictureBroken,
    PictureMisshapen,
    PictureOversized,
    PictureRefused,
    PictureUnknown,
)
from core.imaging.limits import Limits
from core.imaging.prepare import prepare
from core.imaging.reencode import reencode
from core.imaging.sniff import sniff

__all__ = [
    "ENCODERS",
    "Limits",
    "PictureAnimated",
    "PictureBroken",
    "PictureMisshapen",
    "PictureOversized",
    "PictureRefused",
    "PictureUnknown",
    "decoded",
    "derived",
    "may_be_transparent",
    "prepare",
    "reduction",
    "reencode",
    "sniff",
]
