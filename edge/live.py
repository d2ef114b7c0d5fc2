"""The live endpoint: a prompt in a URL becomes a picture."""

import time

from starlette.requests import Request

from core.errors import NotCached, RecordsUnavailable
from core.live import Answer as Found
from core.live import Ask, Pending
from core.models import ApiKey, Project
from core.purging.tags import scope_tag
from core.spending.visitor import Visitor
from edge.answers.answer import Answer
from edge.answers.errors import CORS_PUBLIC, RATIO
from edge.answers.freshness import Policy
from edge.answers.responses import absent_answer, preflight_answer
from edge.circumstances import circumstances_of
from edge.live_query import LiveQuery, live_query
from edge.placeholders import Looks
from edge.query import Parameters, parse_parameters
from edge.server.middleware import KEY_ID
from edge.showing import Master, View, awaited, recalled, shown
from edge.state import State
from edge.visitors import keyed_visitor, page_proof, page_visitor


async def keyed_live(request: Request[State]) -> Answer:
    """GET, HEAD /api/v1/live: for programs that hold a key."""
    if request.method == "OPTIONS":
        return _options(request)
    parameters = parse_parameters(request.scope["query_string"])
    visitor = await keyed_visitor(
        request.state["credentials"],
        request.state["signer"],
        headers=request.headers,
        path=request.scope["path"],
        parameters=parameters,
    )
    _note(request, visitor.key, visitor.project)
    return await _picture(request, visitor, _asked(request, parameters), keyed=True)


async def page_live(request: Request[State]) -> Answer:
    """GET, HEAD /cdn/{organization}/{project}/live/{scope}: for public pages."""
    if request.method == "OPTIONS":
        return _options(request)
    parameters = parse_parameters(request.scope["query_string"])
    credentials = request.state["credentials"]
    proof = await page_proof(
        credentials,
        request.state["signer"],
        headers=request.headers,
        path=request.scope["path"],
        parameters=parameters,
    )
    if proof.key is not None and proof.key.project is not None:
        _note(request, proof.key, proof.key.project)
    asked = _asked(request, parameters)
    names = request.path_params
    visitor = await page_visitor(
        credentials,
        proof,
        (names["organization"], names["project"], names["scope"]),
        circumstances_of(request.scope),
    )
    _note(request, proof.key, visitor.project)
    return await _picture(request, visitor, asked, keyed=proof.key is not None)


def _options(request: Request[State]) -> Answer:
    # The CORS lines belong to a preflight alone (Fetch, "CORS protocol").
    return preflight_answer(public="access-control-request-method" in request.headers)


def _asked(request: Request[State], parameters: Parameters) -> LiveQuery:
    asked = live_query(parameters, request.state["longest_wait"])
    request.scope["state"][RATIO] = asked.request.ratio
    return asked


def _note(request: Request[State], key: ApiKey | None, project: Project) -> None:
    """What the log line and an error's headers need to know."""
    noted = request.scope["state"]
    noted[CORS_PUBLIC] = project.public
    noted[KEY_ID] = key.id if key else None


async def _picture(
    request: Request[State], visitor: Visitor, asked: LiveQuery, *, keyed: bool
) -> Answer:
    began = time.monotonic()
    ask = request.state["live"].decide(visitor, asked.request)
    view = View(
        project=visitor.project,
        key=ask.key,
        policy=_policy(request, visitor, keyed=keyed),
        wish=asked.wish,
        exact=visitor.proven,
        subject=asked.request.prompt,
        ratio=asked.request.ratio,
        scope_id=visitor.scope.id if visitor.scope else None,
    )
    answer = await recalled(request, view)
    if answer is not None:
        return answer
    found = await _find(request, ask, asked.wait)
    if found is None:
        return absent_answer(public=view.policy.cors_public)
    if isinstance(found, Pending):
        known = await _known_looks(request, view)
        return await awaited(request, view, known, found.generation_id)
    master = Master(found.picture, found.how, found.stored, found.purged)
    return await shown(request, view, master, wait=asked.wait - (time.monotonic() - began))


def _policy(request: Request[State], visitor: Visitor, *, keyed: bool) -> Policy:
    project = visitor.project
    return Policy(
        project=project.path,
        public=project.public and not keyed,
        cors_public=project.public,
        share_keyed=request.state["share_keyed"] and project.public,
        expires_at=visitor.expires_at,
        tags=(scope_tag(project.path, visitor.scope.slug),) if visitor.scope else (),
    )


async def _find(request: Request[State], ask: Ask, wait: int) -> Found | Pending | None:
    """The picture; None only to a HEAD. Neither HEAD nor only-if-cached ever has one made."""
    live = request.state["live"]
    only_cached = _only_if_cached(request.headers.getlist("cache-control"))
    if request.method != "HEAD" and not only_cached:
        return await live.fetch(ask, wait=wait)
    found = await live.peek(ask)
    if found is None and only_cached:
        raise NotCached
    return found


async def _known_looks(request: Request[State], view: View) -> Looks:
    """Of a picture that was there before and is made anew: its record outlives its bytes."""
    try:
        image = await request.state["images"].known(view.project.id, view.key)
    except RecordsUnavailable:
        image = None
    return Looks() if image is None else Looks(image.thumb_hash, image.dominant_color)


def _only_if_cached(fields: list[str]) -> bool:
    """RFC 9111, 5.2.1.7."""
    directives = ",".join(fields).lower().split(",")
    return any(directive.strip() == "only-if-cached" for directive in directives)
