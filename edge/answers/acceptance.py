"""Decides who is asking for a picture and who for text: images, problems, or plain JSON."""

from starlette.datastructures import Headers

_PROBLEM = "application/problem+json"


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
