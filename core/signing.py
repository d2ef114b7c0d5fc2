"""Signs live URLs and judges signed ones; docs/signing.md publishes the format."""

import hmac
import math
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from core.errors import FieldError, Invalid, SignatureInvalid, UrlExpired
from core.prompt import normalise

VERSION = "mirage-url/1"
# Parameters that a signature adds to a URL.
SIGNATURE_PARAMETERS = ("kid", "exp", "sig")

LONGEST_LIFE = 365 * 24 * 3600
# A signer's clock may run ahead by this many seconds. The end itself has none: nothing may be kept
# beyond it, so nothing is answered beyond it.
LEEWAY = 60

_HOUR = 3600
_ROUNDED_FROM = 6 * _HOUR
_SHORTEST_SECRET = 16
_TRACKING = frozenset({"fbclid", "gclid", "_"})
_UNIX_SECONDS = re.compile("[0-9]{1,12}")


def is_tracking(name: str) -> bool:
    """Whether a parameter only follows people around: never keyed, never signed, just dropped."""
    return name in _TRACKING or name.startswith("utm_")


def expires_at_for(now: float, expires_in: int) -> int:
    """The unix second at which a URL signed now for ``expires_in`` seconds ends.

    From six hours on it is rounded up to the full hour: all URLs signed within that hour are the
    same, so a CDN holds the picture once. Raises Invalid beyond 1 second to one year.
    """
    if not 1 <= expires_in <= LONGEST_LIFE:
        message = f"Use 1 to {LONGEST_LIFE} seconds (one year)."
        raise Invalid(fields=[FieldError("expiresIn", "EXPIRES_IN_INVALID", message)])
    end = math.ceil(now) + expires_in
    if expires_in < _ROUNDED_FROM:
        return end
    return min(math.ceil(end / _HOUR) * _HOUR, int(now) + LONGEST_LIFE)


def canonical_request(path: str, parameters: Mapping[str, str]) -> bytes:
    """What is signed: three lines of ASCII, the same however the URL was encoded on its way.

    ``path`` and ``parameters`` are decoded. Raises Invalid for a prompt nobody can ask for.
    """
    pairs = sorted(
        f"{quote(name, safe='')}={quote(_meaning(name, value), safe='')}"
        for name, value in parameters.items()
        if name != "sig" and not is_tracking(name)
    )
    return "\n".join((VERSION, quote(path, safe="/"), "&".join(pairs))).encode("ascii")


def _meaning(name: str, value: str) -> str:
    return normalise(value) if name == "prompt" else value


class Signer:
    """Holds the signing keys: the first one signs, every one verifies."""

    def __init__(self, keys: Sequence[tuple[str, bytes]]) -> None:
        """``keys`` are pairs of kid and secret, at least 16 bytes; none at all verifies nothing.

        Raises ValueError for a short secret or a kid used twice.
        """
        self._keys = dict(keys)
        self._first = keys[0][0] if keys else None
        if len(self._keys) != len(keys):
            raise ValueError("Two signing keys share a kid; give each its own.")
        if any(len(secret) < _SHORTEST_SECRET for secret in self._keys.values()):
            raise ValueError(f"A signing key needs at least {_SHORTEST_SECRET} bytes.")

    def sign(self, path: str, parameters: Mapping[str, str], expires_at: int) -> dict[str, str]:
        """The query parameters of the signed URL, decoded: the given ones and kid, exp, sig.

        ``expires_at`` is in unix seconds. Raises Invalid for a prompt nobody can ask for, and
        LookupError when there is no key to sign with.
        """
        if self._first is None:
            raise LookupError("There is no key to sign with.")
        asked = {
            name: _meaning(name, value)
            for name, value in parameters.items()
            if name not in SIGNATURE_PARAMETERS and not is_tracking(name)
        }
        signed = {**asked, "kid": self._first, "exp": str(expires_at)}
        signature = _mac(self._keys[self._first], canonical_request(path, signed))
        return {**signed, "sig": signature.decode("ascii")}

    def verify(self, path: str, parameters: Mapping[str, str], now: float) -> int:
        """The unix second at which the URL ends; ``now`` is in unix seconds, too.

        Raises SignatureInvalid (wrong, incomplete, unknown key, more than a year ahead), or
        UrlExpired, which only the holder of a right signature gets to see.
        """
        kid, end, signature = (parameters.get(name, "") for name in SIGNATURE_PARAMETERS)
        # An unknown kid costs the same time as a known one, and matches nothing.
        expected = _mac(self._keys.get(kid, bytes(_SHORTEST_SECRET)), _judged(path, parameters))
        # The text is compared, not the bytes it stands for: base64 can spell the same bytes twice.
        matches = hmac.compare_digest(expected, signature.encode())
        if not matches or kid not in self._keys or not _UNIX_SECONDS.fullmatch(end):
            raise SignatureInvalid
        if int(end) > now + LONGEST_LIFE + LEEWAY:
            raise SignatureInvalid
        if int(end) <= now:
            raise UrlExpired
        return int(end)


def _judged(path: str, parameters: Mapping[str, str]) -> bytes:
    try:
        return canonical_request(path, parameters)
    except Invalid:
        raise SignatureInvalid from None


def _mac(secret: bytes, message: bytes) -> bytes:
    return urlsafe_b64encode(hmac.digest(secret, message, "sha256")).rstrip(b"=")
