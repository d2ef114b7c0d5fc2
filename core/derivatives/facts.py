"""What this process knows of masters, so that a derivative is found without reading its master."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from cache.entry import Key
from core.imaging import may_be_transparent
from core.models import Picture
from core.variants import Encoding, Master, Point

_ENCODINGS: dict[str, Encoding] = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/webp": "webp",
    "image/avif": "avif",
}
# Seconds facts are believed, and for how long after a purge none are: what another process changed
# counts here after the first, what was read before a purge is not taken for the truth after it.
_BELIEVED = 30.0
_DOUBTED = 5.0


@dataclass(frozen=True, slots=True)
class Facts:
    """A master without its bytes. ``focal`` is what its record was last said to keep in view."""

    key: Key
    picture: Picture
    transparent: bool
    focal: Point | None = None

    @property
    def encoding(self) -> Encoding:
        return _ENCODINGS[self.picture.mime_type]

    @property
    def master(self) -> Master:
        return Master(self.picture.width, self.picture.height, self.encoding)


@dataclass(slots=True)
class _Known:
    facts: Facts
    until: float


class KnownMasters:
    """The facts of at most ``bound`` masters, by slot, each for half a minute."""

    def __init__(self, *, bound: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._bound = bound
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._doubted: OrderedDict[str, float] = OrderedDict()
        self._all_doubted = float("-inf")

    def recall(self, key: Key) -> Facts | None:
        """The facts, while they are believed."""
        known = self._known.get(key.slot)
        if known is None or known.facts.key != key or known.until <= self._clock():
            return None
        self._known.move_to_end(key.slot)
        return known.facts

    def learn(self, key: Key, picture: Picture) -> Facts:
        """From a master in hand."""
        known = self._known.get(key.slot)
        if known is not None and known.facts.picture.digest == picture.digest:
            facts = replace(known.facts, key=key, picture=replace(picture, body=b""))
        else:
            transparent = may_be_transparent(picture.body, _ENCODINGS[picture.mime_type])
            facts = Facts(key, replace(picture, body=b""), transparent)
        if not self._in_doubt(key.slot):
            self._known[key.slot] = _Known(facts, self._clock() + _BELIEVED)
            self._known.move_to_end(key.slot)
            if len(self._known) > self._bound:
                self._known.popitem(last=False)
        return facts

    def focus(self, facts: Facts, focal: Point) -> None:
        """What the master's record says to keep in view."""
        known = self._known.get(facts.key.slot)
        if known is not None and known.facts.picture.digest == facts.picture.digest:
            known.facts = replace(known.facts, focal=focal)

    def evict(self, slots: Iterable[str]) -> list[str]:
        """Forget these; the digests of those that were known."""
        digests: list[str] = []
        for slot in slots:
            self._doubt(slot)
            known = self._known.pop(slot, None)
            if known is not None:
                digests.append(known.facts.picture.digest)
        return digests

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()
        self._all_doubted = self._clock() + _DOUBTED

    def _doubt(self, slot: str) -> None:
        now = self._clock()
        self._doubted[slot] = now + _DOUBTED
        self._doubted.move_to_end(slot)
        while self._doubted and next(iter(self._doubted.values())) <= now:
            self._doubted.popitem(last=False)

    def _in_doubt(self, slot: str) -> bool:
        now = self._clock()
        return now < self._all_doubted or now < self._doubted.get(slot, now)
