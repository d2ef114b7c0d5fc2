"""Keeps a few decoded masters, so that many sizes of one picture decode it once."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock

from PIL import Image

# Pillow gives every pixel of more than one channel four bytes.
_PIXEL = 4


class DecodedMasters:
    """Holds at most ``bound`` bytes of pixels, the least recently used go first.

    For worker threads: those that want the same picture at the same moment wait for one decoding.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._lock = Lock()
        self._kept: OrderedDict[tuple[str, int], Image.Image] = OrderedDict()
        self._under_way: dict[tuple[str, int], Future[Image.Image]] = {}
        self._used = 0

    @property
    def used(self) -> int:
        """Bytes of pixels."""
        return self._used

    def of(self, digest: str, fraction: int, decode: Callable[[], Image.Image]) -> Image.Image:
        """The pixels of the master with this digest; they are shared, so nobody changes them.

        Raises what ``decode`` raises, to everybody who waits for it.
        """
        name = (digest, fraction)
        with self._lock:
            known = self._kept.get(name)
            if known is not None:
                self._kept.move_to_end(name)
                return known
            coming = self._under_way.get(name)
            if coming is None:
                mine = self._under_way[name] = Future()
        return self._decoded(name, mine, decode) if coming is None else coming.result()

    def drop(self, digest: str | None) -> None:
        """Forget this master; None: all of them."""
        with self._lock:
            for name in [name for name in self._kept if digest in (None, name[0])]:
                self._used -= _size_of(self._kept.pop(name))

    def _decoded(
        self, name: tuple[str, int], mine: Future[Image.Image], decode: Callable[[], Image.Image]
    ) -> Image.Image:
        try:
            image = decode()
        except BaseException as error:
            with self._lock:
                del self._under_way[name]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._under_way[name]
            self._keep(name, image)
        mine.set_result(image)
        return image

    def _keep(self, name: tuple[str, int], image: Image.Image) -> None:
        if _size_of(image) > self._bound:
            return
        self._kept[name] = image
        self._used += _size_of(image)
        while self._used > self._bound:
            self._used -= _size_of(self._kept.popitem(last=False)[1])


def _size_of(image: Image.Image) -> int:
    return image.width * image.height * (1 if image.mode == "L" else _PIXEL)
