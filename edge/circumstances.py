"""Reads what a request shows of its sender beside credentials: address, page, automation."""

import re
from collections.abc import Mapping
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from core.errors import Invalid
from core.scopes.origins import canonical_origin
from core.spending.visitor import Circumstances
from edge.server.middleware import CLIENT_ADDRESS

# Where browsers say that nobody looks yet: the standard's header, and those before it.
_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")
_AHEAD = frozenset(("prefetch", "prerender", "preview"))
_WORDS = re.compile("[a-z]+")
# Those who say what they are. Whoever hides it is bounded by the scope's limits alone.
_ROBOT = re.compile(
    r"(?<!cu)bot\b"  # Googlebot, Twitterbot, Slackbot, Discordbot …; not the phones called Cubot
    r"|crawler|spider|slurp|archiver"
    r"|preview"  # SkypeUriPreview, Snap URL Preview Service, Google Web Preview
    r"|facebookexternalhit|facebookcatalog|meta-external"
    r"|whatsapp/|slack-imgproxy|vkshare|embedly|iframely|mastodon|pleroma|misskey"
    r"|google-inspectiontool|googleother|mediapartners-google|feedfetcher|google-read-aloud"
    r"|chatgpt-user|perplexity-user|anthropic-ai|cohere-ai",
    re.IGNORECASE,
)
# One subscriber's network: who holds it changes address at will within it (RFC 6177).
_SUBSCRIBER = 64


def circumstances_of(scope: Scope) -> Circumstances:
    """Of an HTTP request that has passed the middleware; read when somebody looks at them."""
    return _Readable(scope)


class _Readable:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    @property
    def address(self) -> str:
        return _network(self._scope.get("state", {}))

    @property
    def origin(self) -> str | None:
        return _page_origin(Headers(scope=self._scope))

    @property
    def automated(self) -> bool:
        return _is_automated(Headers(scope=self._scope))


def _network(state: Mapping[str, Any]) -> str:
    text = str(state.get(CLIENT_ADDRESS, ""))
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if not isinstance(address, IPv6Address):
        return text
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _SUBSCRIBER), strict=False))


def _page_origin(headers: Headers) -> str | None:
    """The Origin header, else the origin of the Referer; None where neither names one."""
    named = headers.get("origin")
    if named is None:
        named = _origin_of_url(headers.get("referer", ""))
    try:
        return canonical_origin(named)
    except Invalid:
        return None


def _origin_of_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def _is_automated(headers: Headers) -> bool:
    ahead = ",".join(headers.get(name, "") for name in _PURPOSES).lower()
    if not _AHEAD.isdisjoint(_WORDS.findall(ahead)):
        return True
    return _ROBOT.search(headers.get("user-agent", "")) is not None
