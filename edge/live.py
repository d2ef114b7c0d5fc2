"""The live endpoint: a prompt in a URL becomes a picture."""

import time

from anyio import to_thread
from starlette.requests import Request

from core.cards import color_of
from core.errors import NotCached
from core.live import Answer as Found
from core.live import Ask, Pending, Visitor
from core.live_request import LiveRequest
from core.models import ApiKey, Project
from edge.answers.acceptance import is_image_client
from edge.answers.answer import Answer
from edge.answers.conditional import Conditions, conditions_of
from edge.answers.errors import CORS_PUBLIC, RATIO
from edge.answers.freshness import Policy
from edge.answers.responses import (
    absent_answer,
    pending_answer,
    picture_answer,
    preflight_answer,
    prepare,
)
from edge.hot import HIT, Hit
from edge.live_query import live_request
from edge.query import Parameters, parse_parameters
from edge.server.middleware import KEY_ID
from edge.state import State
from edge.visitors import keyed_visitor, page_proof, page_visitor

_UNCONDITIONAL = Conditions()


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
    return await _picture(request, visitor, *_asked(request, parameters), keyed=True)


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
    asked, wait = _asked(request, parameters)
    names = request.path_params
    visitor = await page_visitor(
        credentials, proof, (names["organization"], names["project"], names["scope"])
    )
    _note(request, proof.key, visitor.project)
    return await _picture(request, visitor, asked, wait, keyed=proof.key is not None)


def _options(request: Request[State]) -> Answer:
    # The CORS lines belong to a preflight alone (Fetch, "CORS protocol").
    return preflight_answer(public="access-control-request-method" in request.headers)


def _asked(request: Request[State], parameters: Parameters) -> tuple[LiveRequest, int]:
    asked, wait = live_request(parameters, request.state["longest_wait"])
    request.scope["state"][RATIO] = asked.ratio
    return asked, wait


def _note(request: Request[State], key: ApiKey | None, project: Project) -> None:
    """What the log line and an error's headers need to know."""
    noted = request.scope["state"]
    noted[CORS_PUBLIC] = project.public
    noted[KEY_ID] = key.id if key else None


async def _picture(
    request: Request[State], visitor: Visitor, asked: LiveRequest, wait: int, *, keyed: bool
) -> Answer:
    ask = request.state["live"].decide(visitor, asked)
    policy = Policy(
        project=visitor.project.path,
        public=visitor.project.public and not keyed,
        cors_public=visitor.project.public,
        share_keyed=request.state["share_keyed"] and visitor.project.public,
        expires_at=visitor.expires_at,
    )
    found = await _find(request, ask, wait)
    if found is None:
        return absent_answer(public=policy.cors_public)
    if isinstance(found, Pending):
        return await _pending(request, ask, found, public=policy.cors_public)
    return _shown(request, ask, found, policy)


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


async def _pending(request: Request[State], ask: Ask, pending: Pending, *, public: bool) -> Answer:
    placeholder = None
    if is_image_client(request.headers):
        color = color_of(ask.request.prompt)
        draw = request.state["cards"].waiting
        placeholder = await to_thread.run_sync(draw, ask.request.ratio, color)
    return pending_answer(pending.generation_id, placeholder=placeholder, public=public)


def _shown(request: Request[State], ask: Ask, found: Found, policy: Policy) -> Answer:
    prepared = prepare(found.picture, policy, found.how, stored=found.stored, now=int(time.time()))
    conditions = conditions_of(request.scope["headers"])
    answer = picture_answer(prepared, request.method, conditions)
    if found.how == "hit" and request.method == "GET" and conditions == _UNCONDITIONAL:
        request.scope[HIT] = Hit(ask.key, prepared)
    return answer


def _only_if_cached(fields: list[str]) -> bool:
    """RFC 9111, 5.2.1.7."""
    directives = ",".join(fields).lower().split(",")
    return any(directive.strip() == "only-if-cached" for directive in directives)
