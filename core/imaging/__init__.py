"""What the product does to pictures: tell their type, prove them sound, mark them, sum them up.

Everything here is pure and takes milliseconds of processor time: call it in worker threads.
"""

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
    "Limits",
    "PictureAnimated",
    "PictureBroken",
    "PictureMisshapen",
    "PictureOversized",
    "PictureRefused",
    "PictureUnknown",
    "prepare",
    "reencode",
    "sniff",
]
