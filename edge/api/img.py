"""/cdn/{organization}/{project}/img/{reference}: stored pictures, by id or by @alias."""

import time

from starlette.requests import Request

from core.aliases import is_alias
from core.errors import Invalid, NotFound
from core.images import Stored
from core.live import Visitor
from core.signing import SIGNATURE_PARAMETERS
from edge.answers.answer import Answer
from edge.answers.conditional import conditions_of
from edge.answers.errors import CORS_PUBLIC
from edge.answers.freshness import Policy
from edge.answers.responses import picture_answer, preflight_answer, prepare
from edge.api.fields import reference
from edge.api.windows import parameters_of
from edge.query import parse_parameters
from edge.server.middleware import KEY_ID
from edge.state import State
from edge.visitors import image_visitor, page_proof

# Seconds: an alias may name another picture at any moment.
ALIAS_SECONDS = 30


async def stored_image(request: Request[State]) -> Answer:
    """GET, HEAD: the bytes as they are stored."""
    if request.method == "OPTIONS":
        return preflight_answer(public=True)
    names = request.path_params
    credentials = request.state["credentials"]
    proof = await page_proof(
        credentials,
        request.state["signer"],
        headers=request.headers,
        path=request.scope["path"],
        parameters=parse_parameters(request.scope["query_string"]),
    )
    parameters_of(request, *SIGNATURE_PARAMETERS)
    visitor = await image_visitor(credentials, proof, (names["organization"], names["project"]))
    noted = request.scope["state"]
    noted[CORS_PUBLIC] = visitor.project.public
    noted[KEY_ID] = proof.key.id if proof.key else None
    return await _picture(request, visitor, keyed=proof.key is not None)


async def _picture(request: Request[State], visitor: Visitor, *, keyed: bool) -> Answer:
    project, wanted = visitor.project, reference(request.path_params["reference"])
    found = await _found(request, project.id, wanted)
    policy = Policy(
        project=project.path,
        public=project.public and not keyed,
        cors_public=project.public,
        share_keyed=request.state["share_keyed"] and project.public,
        expires_at=visitor.expires_at,
        longest=ALIAS_SECONDS if is_alias(wanted) else None,
    )
    prepared = prepare(found.picture, policy, "hit", stored=found.stored, now=int(time.time()))
    # Never through the memo of hot URLs: a deleted image and a moved alias count at once.
    return picture_answer(prepared, request.method, conditions_of(request.scope["headers"]))


async def _found(request: Request[State], project_id: str, wanted: str) -> Stored:
    """Raises NotFound, StoreDown. A page that names a picture wrongly gets a 404 like any other."""
    try:
        return await request.state["images"].stored(project_id, wanted)
    except Invalid:
        raise NotFound("ALIAS") from None
