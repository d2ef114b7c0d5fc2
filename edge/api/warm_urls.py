"""Understands the live URLs of a page that is to be warmed, and makes more sizes of them."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlencode, urlsplit

from starlette.requests import Request

from core.errors import EdgeError, FieldError, Invalid, KeyInUrl, Unavailable
from core.signing import SIGNATURE_PARAMETERS
from core.spending.visitor import Visitor
from core.warming.steps import Goal, Step
from edge.api.access import Caller, page_scope
from edge.api.sites import origin_of
from edge.live_query import live_query
from edge.live_urls import live_path
from edge.query import Parameters, parse_parameters
from edge.state import State

GOAL_LIMIT = 2_000

_KEYED_PATH = "/api/v1/live"
_PAGE_PATH = re.compile("/cdn/([^/]+)/([^/]+)/live/([^/]+)")
_OWN_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class More:
    """The further widths and formats every picture shall have; none leaves them as they are."""

    sizes: Sequence[int] = ()
    formats: Sequence[str] = ()

    @property
    def each(self) -> int:
        """How many addresses at most become of one."""
        further = max(len(self.sizes), 1) * max(len(self.formats), 1)
        return 1 + further if self.sizes or self.formats else 1


@dataclass(frozen=True, slots=True)
class _Address:
    """A live URL of the caller's project: everything before the question mark, and after."""

    before: str
    path: str
    scope: str | None
    query: str


async def goals_of(
    request: Request[State], who: Caller, urls: Sequence[str], more: More
) -> list[Goal | Step]:
    """What is to be made for each URL, or why nothing is. Raises Invalid when it is too much."""
    # Before anything is looked at: a list that is too long is refused for nothing.
    if len(urls) * more.each > GOAL_LIMIT:
        message = f"Have at most {GOAL_LIMIT} sizes of pictures warmed at once; send them in parts."
        raise Invalid(fields=[FieldError("urls", "TOO_MANY_PICTURES", message)])
    found: list[Goal | Step] = []
    for url in dict.fromkeys(urls):
        address = _address(request, who, url)
        if address is None:
            found.append(Step(url, "skipped"))
            continue
        try:
            found += await _goals_at(request, who, url, address, more)
        except KeyInUrl as refusal:
            # What should not have been written is not written once more.
            found.append(Step(address.before, "refused", code=refusal.code))
        except Unavailable:
            raise
        except EdgeError as refusal:
            found.append(Step(url, "refused", code=refusal.code))
    return found


async def _goals_at(
    request: Request[State], who: Caller, url: str, address: _Address, more: More
) -> list[Goal]:
    """As the URL's own visitors would be answered, but on the caller's account."""
    parameters = parse_parameters(address.query.encode())
    visitor = Visitor(project=who.project, key=who.key)
    exact = parameters.signed or address.scope is None
    if parameters.signed:
        ends = request.state["signer"].verify(address.path, parameters.decoded, now=time.time())
        visitor = Visitor(project=who.project, key=who.key, expires_at=ends)
    asked = live_query(parameters, request.state["longest_wait"])
    if address.scope is not None:
        scope = await page_scope(request, who.project, address.scope)
        visitor = Visitor(who.project, who.key, scope, visitor.expires_at)
    ask = request.state["live"].decide(visitor, asked.request)
    goals = [Goal(url, ask, asked.wish, exact)]
    for decoded in _variations(parameters.decoded, more):
        wish = live_query(Parameters(decoded)).wish
        goals.append(Goal(f"{address.before}?{urlencode(decoded)}", ask, wish, exact))
    return goals


def _variations(given: Mapping[str, str], more: More) -> Iterator[dict[str, str]]:
    """Every wanted width in every wanted format; a signature covers none of them."""
    plain = {name: text for name, text in given.items() if name not in SIGNATURE_PARAMETERS}
    for width in more.sizes or (None,):
        sized = plain if width is None else plain | _resized(plain, width)
        for kind in more.formats or (None,):
            varied = sized if kind is None else sized | {"fm": kind}
            if varied != plain:
                yield varied


def _resized(given: Mapping[str, str], width: int) -> dict[str, str]:
    """Another width, and the height in step with it."""
    sides = {"w": str(width)}
    if "h" in given:
        before = int(given["w"]) if "w" in given else None
        height = width if before is None else max(1, round(int(given["h"]) * width / before))
        sides["h"] = str(height)
    return sides


def _address(request: Request[State], who: Caller, url: str) -> _Address | None:
    """None for what is no live URL of this installation and this project."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return None
    path = unquote(parts.path)
    scope = None
    if path != _KEYED_PATH:
        named = _PAGE_PATH.fullmatch(path)
        if named is None or f"{named[1]}/{named[2]}" != who.project.path:
            return None
        scope = named[3]
        path = live_path(who.project.organization, who.project.slug, scope)
    if not _is_here(request, parts):
        return None
    before = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else parts.path
    return _Address(before, path, scope, parts.query)


def _is_here(request: Request[State], parts: SplitResult) -> bool:
    """Whether the host is ours, or left out. Nothing is fetched from it either way."""
    if not parts.netloc:
        return not parts.scheme
    if parts.scheme not in {"", *_OWN_PORTS}:
        return False
    asked = {origin_of(request), f"//{request.headers.get('host', '')}"}
    return _host(parts) in {_host(urlsplit(one)) for one in asked}


def _host(parts: SplitResult) -> str:
    host = parts.netloc.lower()
    # Without a scheme a page's own counts, and either port may be it.
    for scheme in (parts.scheme,) if parts.scheme else _OWN_PORTS:
        host = host.removesuffix(_OWN_PORTS.get(scheme, ":"))
    return host
