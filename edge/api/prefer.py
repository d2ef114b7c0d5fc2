"""Reads the Prefer header (RFC 7240): how long to hold the line, and whether 202 will do."""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers

from edge.answers.freshness import RawHeaders

_WAIT = re.compile("[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Preference:
    """``wait`` in seconds. ``applied`` are the preferences that were honoured, as they were."""

    wait: int
    respond_async: bool
    applied: tuple[str, ...]

    @property
    def headers(self) -> RawHeaders:
        """Preference-Applied, when there was a preference."""
        if not self.applied:
            return []
        return [(b"preference-applied", ", ".join(self.applied).encode("ascii"))]


def preference_of(headers: Headers, longest: int) -> Preference:
    """What the caller prefers; ``longest`` seconds hold without a wish, and bound every wish.

    ``respond-async`` by itself means at once, and together with ``wait`` after that many seconds
    (RFC 7240, 4.3). What is not understood is ignored (section 2); the first of two counts.
    """
    wait: int | None = None
    respond_async = False
    for preference in ",".join(headers.getlist("prefer")).split(","):
        name, _, value = preference.partition(";")[0].partition("=")
        word, value = name.strip().lower(), value.strip().strip('"')
        if word == "respond-async":
            respond_async = True
        elif word == "wait" and wait is None and _WAIT.fullmatch(value):
            wait = min(int(value), longest)
    applied = ["respond-async"] if respond_async else []
    if wait is not None:
        applied.append(f"wait={wait}")
    else:
        wait = 0 if respond_async else longest
    return Preference(wait, respond_async, tuple(applied))
