"""Shows a picture in the size and format its address asks for, made from the stored master."""

import asyncio
import time
from dataclasses import dataclass, replace
from math import ceil

from starlette.requests import Request

from cache.entry import Key
from core.cards import color_of
from core.derivatives import CENTRE, Derived
from core.errors import NotFound
from core.models import Image, Picture, Project
from core.variants import Wish
from edge.answers.acceptance import accepted_pictures
from edge.answers.answer import Answer
from edge.answers.conditional import Conditions, conditions_of
from edge.answers.freshness import Policy
from edge.answers.responses import How, Way, picture_answer, prepare
from edge.hot import HIT, Hit
from edge.placeholders import Looks, placeholder_answer
from edge.state import State

# Seconds another size or format may take, even to those who would not wait for a new picture.
_ENCODING = 2.0
_UNCONDITIONAL = Conditions()
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class View:
    """One picture as one caller asks to see it; ``key`` leads to the master.

    ``exact``: the caller is known and gets the very size. ``subject`` is what the picture is of,
    ``ratio`` the asked one. ``image`` is the record the address names, which also says what to
    keep in view; without one it is a live picture, and for a second the same address gets the
    same answer. ``scope_id`` is whose hit it is, beside the project's.
    """

    project: Project
    key: Key
    policy: Policy
    wish: Wish
    exact: bool
    subject: str
    ratio: str
    image: Image | None = None
    scope_id: str | None = None

    @property
    def box(self) -> str:
        """The ratio of what will be shown, as far as the address tells: a page must not jump."""
        wish = self.wish
        if wish.width is None or wish.height is None or wish.fit == "inside":
            return self.ratio
        return f"{wish.width}:{wish.height}"

    @property
    def focal(self) -> tuple[float, float] | None:
        """The spot to keep in view; None where only the record of a live picture knows."""
        if self.wish.focal is not None or self.image is None:
            return self.wish.focal
        return self.image.focal_x, self.image.focal_y


@dataclass(frozen=True, slots=True)
class Master:
    """A master in hand, and how it came."""

    picture: Picture
    how: How = "hit"
    stored: bool = True
    purged: bool = False


async def recalled(request: Request[State], view: View) -> Answer | None:
    """What is already made in this size and format; None: go on with the master.

    Raises StoreDown.
    """
    if view.wish.plain:
        return None
    derived = await request.state["derivatives"].recall(
        view.project,
        view.key,
        view.wish,
        exact=view.exact,
        accept=_accepted(request, view),
        focal=view.focal,
    )
    return None if derived is None else _derived_answer(request, view, derived, Way("hit"))


async def shown(request: Request[State], view: View, master: Master, *, wait: float) -> Answer:
    """The picture, or what is made of it now; 202 when that takes longer than ``wait`` seconds.

    Raises Busy (too many wait for theirs), StoreDown, RecordsUnavailable.
    """
    way = Way(master.how, stored=master.stored, purged=master.purged)
    # Of a purged picture nothing more is made: it would be kept.
    if view.wish.plain or master.purged:
        return _answer(request, view, master.picture, way, view.key)
    focal = view.focal or await _recorded_focal(request, view, master.picture)
    try:
        async with asyncio.timeout(max(wait, _ENCODING)):
            derived = await request.state["derivatives"].of(
                view.project,
                view.key,
                master.picture,
                view.wish,
                exact=view.exact,
                accept=_accepted(request, view),
                focal=focal,
            )
    except TimeoutError:
        known = Looks(master.picture.thumb_hash, master.picture.dominant_color)
        return await awaited(request, view, known)
    return _derived_answer(request, view, derived, way)


async def awaited(
    request: Request[State], view: View, known: Looks, generation_id: str | None = None
) -> Answer:
    """202: the work goes on; with what is known of the picture's looks."""
    return await placeholder_answer(
        request,
        generation_id,
        ratio=view.box,
        known=known,
        color=color_of(view.subject),
        public=view.policy.cors_public,
    )


def _accepted(request: Request[State], view: View) -> frozenset[str]:
    """What matters to a negotiated format alone."""
    return accepted_pictures(request.headers) if view.wish.format == "auto" else _NOTHING


async def _recorded_focal(
    request: Request[State], view: View, master: Picture
) -> tuple[float, float]:
    """What the record of a live picture says, asked only where something will be cut off."""
    wish = view.wish
    if wish.width is None or wish.height is None or wish.fit != "cover":
        return CENTRE
    try:
        image = await request.state["images"].find(view.project.id, master.image_id)
    except NotFound:
        return CENTRE
    return image.focal_x, image.focal_y


def _derived_answer(request: Request[State], view: View, derived: Derived, way: Way) -> Answer:
    way = replace(way, derived=derived.made, vary=derived.vary, final=derived.final)
    if derived.key is None:
        return _answer(request, view, derived.picture, way, view.key)
    return _answer(request, view, derived.picture, way, derived.key, derived=True)


def _answer(
    request: Request[State],
    view: View,
    picture: Picture,
    way: Way,
    place: Key,
    *,
    derived: bool = False,
) -> Answer:
    """``place`` is where memory holds the bytes, among the masters or what was ``derived``."""
    if view.image is not None:
        picture = _as_recorded(picture, view.image)
    prepared = prepare(picture, view.policy, way, now=ceil(time.time()))
    conditions = _conditions(request, way)
    answer = picture_answer(prepared, request.method, conditions)
    counter = request.state["tally"].counter(view.project.id, view.scope_id)
    if way.how == "hit" and request.method == "GET":
        counter.hits += 1
        request.state["uses"].note(view.project.id, picture.image_id)
    # Never a named image's: one that is deleted and an alias that moved count at once. Never a
    # negotiated one: the memo does not look at Accept.
    special = way.vary or way.derived or way.purged
    repeatable = view.image is None and way.how == "hit" and not special
    if repeatable and request.method == "GET" and conditions == _UNCONDITIONAL:
        request.scope[HIT] = Hit(place, prepared, derived=derived, counter=counter)
    return answer


def _as_recorded(picture: Picture, image: Image) -> Picture:
    """Equal uploads stand on the same bytes; what is said of them is this record's.

    An alias may move to an older picture and a focal point may move, so the date is when the
    record last changed, if that was later.
    """
    changed = int(image.updated_at.timestamp())
    return replace(picture, image_id=image.id, created_at=max(picture.created_at, changed))


def _conditions(request: Request[State], way: Way) -> Conditions:
    """A date cannot tell formats apart that one address may have; their entity tags can."""
    conditions = conditions_of(request.scope["headers"])
    return replace(conditions, if_modified_since=None) if way.vary else conditions
