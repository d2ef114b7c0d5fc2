"""Which formats ``fm=auto`` comes to: the best one, and the one that is made meanwhile."""

from dataclasses import replace

from core.derivatives.facts import Facts
from core.variants import Encoding, Wish


def choices_of(wish: Wish, facts: Facts, accept: frozenset[str]) -> tuple[Wish | None, Wish]:
    """What is served as soon as it is there, if it may be AVIF; and what is made until then.

    AVIF and WebP only by name: they are what old programs cannot show. Of JPEG and PNG there is
    always one, because some picture has to be sent: PNG where something is transparent.
    """
    best = replace(wish, format="avif") if "image/avif" in accept else None
    if "image/webp" in accept:
        return best, replace(wish, format="webp")
    usual: Encoding = "png" if facts.transparent else "jpeg"
    other: Encoding = "jpeg" if facts.transparent else "png"
    if f"image/{usual}" not in accept and f"image/{other}" in accept:
        usual = other
    return best, replace(wish, format=usual)
