"""Decides by their Accept who is asking for a picture and who for text, and which formats suit."""

from starlette.datastructures import Headers

_PROBLEM = "application/problem+json"
# Everything that shows pictures shows these.
_PLAIN = ("image/jpeg", "image/png")
# These only whoever names them.
_AVIF, _WEBP = "image/avif", "image/webp"
_NAMED = (_AVIF, _WEBP)


def is_image_client(headers: Headers) -> bool:
    """Whether even an error has to be a picture.

    True for ``Sec-Fetch-Dest: image``; without that header, for an Accept whose best range is an
    image type. ``*/*`` is not one.
    """
    destination = headers.get("sec-fetch-dest")
    if destination is not None:
        return destination.strip().lower() == "image"
    return _best_range(_accept(headers)).startswith("image/")


def wants_problem(headers: Headers) -> bool:
    """Whether RFC 9457's type was asked for by its name."""
    return any(kind == _PROBLEM and quality > 0 for kind, quality in _ranges(_accept(headers)))


def accepted_pictures(headers: Headers) -> frozenset[str]:
    """The image types a negotiated picture may have; never AVIF alone, which takes its time.

    AVIF and WebP need their names in the field: ``*/*`` and ``image/*`` are said by many who show
    neither. They also need to be liked no less than what else would be sent (RFC 9110, 12.5.1).
    Where the field speaks of neither JPEG nor PNG both stay, else those it does not refuse; and
    both come back when nothing that is ready at once would be left: better a picture that may not
    suit than none (12.4.1).
    """
    named: dict[str, float] = {}
    for kind, quality in _ranges(_accept(headers)):
        # Said twice, the stricter counts.
        named[kind] = min(quality, named.get(kind, quality))
    likings = {kind: _liking(kind, named) for kind in _PLAIN}
    most = max(liking or 0 for liking in likings.values())
    chosen = {kind for kind in _NAMED if named.get(kind, 0) > 0 and named[kind] >= most}
    if named.get(_AVIF, 0) < named.get(_WEBP, 0):
        chosen.discard(_AVIF)
    unsaid = not any(likings.values())
    chosen |= {kind for kind, liking in likings.items() if liking or (liking is None and unsaid)}
    return frozenset(chosen if chosen - {_AVIF} else chosen.union(_PLAIN))


def _liking(kind: str, named: dict[str, float]) -> float | None:
    """By the most specific range that says something of it (RFC 9110, 12.5.1)."""
    ranges = (kind, "image/*", "*/*")
    return next((named[name] for name in ranges if name in named), None)


def _accept(headers: Headers) -> str:
    return ",".join(headers.getlist("accept"))


def _best_range(accept: str) -> str:
    """The range with the highest quality; among equals the more specific, then the earlier."""
    best, rank = "", (0.0, -1)
    for kind, quality in _ranges(accept):
        specificity = 2 - kind.count("*")
        if quality > 0 and (quality, specificity) > rank:
            best, rank = kind, (quality, specificity)
    return best


def _ranges(accept: str) -> list[tuple[str, float]]:
    found = []
    for member in accept.split(","):
        kind, *parameters = member.split(";")
        found.append((kind.strip().lower(), _quality(parameters)))
    return found


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
