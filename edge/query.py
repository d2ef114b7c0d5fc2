"""Turns a raw query string into parameters: strictly, all mistakes at once, echoing none of it."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from core.errors import FieldError, Invalid, KeyInUrl
from core.signing import SIGNATURE_PARAMETERS, is_tracking

PARAMETER_LIMIT = 32
TOO_MANY_PARAMETERS = "TOO_MANY_PARAMETERS"

_SHOWABLE = re.compile("[A-Za-z0-9_.-]{1,40}")
_STRAY_PERCENT = re.compile(b"%(?![0-9A-Fa-f]{2})")
_API_KEY = re.compile(b"bnt_[0-9a-f]{64}", re.IGNORECASE)
# Names that only ever carry a secret, without case, hyphens and underscores.
_SECRET_NAMES = frozenset(
    {b"apikey", b"key", b"xapikey", b"accesstoken", b"authtoken", b"token", b"authorization"}
)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The decoded parameters by name, without the tracking ones, and what could not be decoded."""

    decoded: Mapping[str, str]
    problems: tuple[FieldError, ...] = ()

    @property
    def signed(self) -> bool:
        """Whether any part of a signature is there, so that it has to be a right one."""
        return any(name in self.decoded for name in SIGNATURE_PARAMETERS)


def parse_parameters(query: bytes) -> Parameters:
    """Decode a raw query string (application/x-www-form-urlencoded, UTF-8).

    Raises KeyInUrl only; every other mistake waits in ``problems`` for the QueryReader.
    """
    parts = query.split(b"&")
    _refuse_api_keys(query, parts)
    if len(parts) > PARAMETER_LIMIT:
        message = f"At most {PARAMETER_LIMIT} parameters are read."
        return Parameters({}, (FieldError("query", TOO_MANY_PARAMETERS, message),))
    decoded: dict[str, str] = {}
    problems: dict[str, FieldError] = {}
    for part in filter(None, parts):
        raw_name, _, raw_value = part.partition(b"=")
        name = "query"
        try:
            name = decoded_form(raw_name, name)
            if is_tracking(name):
                continue
            if name in decoded or name in problems:
                raise refused(name, "DUPLICATE_PARAMETER", "Give every parameter once.")
            decoded[name] = decoded_form(raw_value, name)
        except Invalid as refusal:
            problems[name] = refusal.fields[0]
    return Parameters(decoded, tuple(problems.values()))


def decoded_form(raw: bytes, name: str) -> str:
    """Text from application/x-www-form-urlencoded bytes; ``name`` is the field to blame.

    Raises Invalid with INVALID_PERCENT_ENCODING or INVALID_ENCODING (not UTF-8, RFC 3629).
    """
    if _STRAY_PERCENT.search(raw):
        message = "Write a literal % as %25; every other % needs two hexadecimal digits."
        raise refused(name, "INVALID_PERCENT_ENCODING", message)
    return _utf8(unquote_to_bytes(raw.replace(b"+", b" ")), name)


def decoded_base64(text: str, name: str) -> str:
    """Text from base64url (RFC 4648, section 5), padded or not.

    Raises Invalid with INVALID_BASE64 or INVALID_ENCODING.
    """
    bare = text.rstrip("=")
    try:
        raw = urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        raw = b""
    # The decoder skips what it does not know; only the text it would write itself is right.
    padded = urlsafe_b64encode(raw).decode("ascii")
    if text not in {padded, padded.rstrip("=")}:
        message = "Use base64url: A-Z a-z 0-9 - _, with or without = at the end."
        raise refused(name, "INVALID_BASE64", message)
    return _utf8(raw, name)


def _utf8(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise refused(name, "INVALID_ENCODING", "Encode the text as UTF-8.") from None


def shown_name(name: str) -> str:
    """A parameter's name as an error may show it: only a plain word comes back to its sender."""
    return name if _SHOWABLE.fullmatch(name) else "query"


def refused(name: str, code: str, message: str, suggestion: str | None = None) -> Invalid:
    """The refusal of one field."""
    return Invalid(fields=[FieldError(shown_name(name), code, message, suggestion)])


def _refuse_api_keys(query: bytes, parts: list[bytes]) -> None:
    if _API_KEY.search(unquote_to_bytes(query)):
        raise KeyInUrl
    for part in filter(None, parts):
        name = unquote_to_bytes(part.partition(b"=")[0])
        if name.lower().translate(None, b"-_") in _SECRET_NAMES:
            raise KeyInUrl
