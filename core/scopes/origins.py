"""Web origins (RFC 6454) as browsers write them: what a page's scope may be limited to."""

import re
from contextlib import suppress
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

from core.errors import FieldError, Invalid

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LABEL = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
# Around the host nothing else: what urlsplit would silently drop or move is refused here.
_SHAPE = re.compile(r"[A-Za-z]+://[A-Za-z0-9._:\[\]-]{1,300}/?")


def canonical_origin(text: str, name: str = "allowedOrigins") -> str:
    """Lower case, without the scheme's own port and without a slash at the end.

    ``name`` is the field to blame. Raises Invalid with ORIGIN_INVALID.
    """
    if _SHAPE.fullmatch(text):
        # A port that is no number, or a broken address in brackets.
        with suppress(ValueError):
            parts = urlsplit(text)
            host, port = _host(parts), parts.port
            if host is not None and parts.scheme in _DEFAULT_PORTS and not _dangling(parts):
                own = port in {None, _DEFAULT_PORTS[parts.scheme]}
                return f"{parts.scheme}://{host}" + ("" if own else f":{port}")
    message = (
        "Write an origin as scheme://host[:port], like https://shop.example.com: "
        "http or https, no path, no wildcard, other alphabets as xn--…"
    )
    raise Invalid(fields=[FieldError(name, "ORIGIN_INVALID", message)])


def _host(parts: SplitResult) -> str | None:
    host = parts.hostname or ""
    if parts.netloc.startswith("["):
        return f"[{IPv6Address(host).compressed}]"
    return host if _HOST.fullmatch(host) and len(host) <= 253 else None


def _dangling(parts: SplitResult) -> bool:
    return parts.netloc.endswith(":")
