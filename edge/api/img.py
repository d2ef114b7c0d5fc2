"""/cdn/{organization}/{project}/img/{reference}: stored pictures, by id or by @alias."""

from starlette.requests import Request

from cache.entry import Key
from core.errors import Invalid, NotFound
from core.library.aliases import is_alias
from core.models import Image
from core.purging.tags import alias_tag
from core.spending.visitor import Visitor
from core.variants import Wish
from edge.answers.answer import Answer
from edge.answers.errors import CORS_PUBLIC
from edge.answers.freshness import Policy
from edge.answers.responses import preflight_answer
from edge.api.fields import reference
from edge.query import parse_parameters
from edge.server.middleware import KEY_ID
from edge.showing import Master, View, recalled, shown
from edge.state import State
from edge.visitors import image_visitor, page_proof
from edge.wish_query import image_wish

# Seconds: an alias may name another picture at any moment.
ALIAS_SECONDS = 30
# Seconds to hold the line for another size or format.
_PATIENCE = 30.0


async def stored_image(request: Request[State]) -> Answer:
    """GET, HEAD: as it is stored, or in the size and format that is asked for."""
    if request.method == "OPTIONS":
        return preflight_answer(public=True)
    names = request.path_params
    parameters = parse_parameters(request.scope["query_string"])
    credentials = request.state["credentials"]
    proof = await page_proof(
        credentials,
        request.state["signer"],
        headers=request.headers,
        path=request.scope["path"],
        parameters=parameters,
    )
    wish = image_wish(parameters)
    visitor = await image_visitor(credentials, proof, (names["organization"], names["project"]))
    noted = request.scope["state"]
    noted[CORS_PUBLIC] = visitor.project.public
    noted[KEY_ID] = proof.key.id if proof.key else None
    return await _picture(request, visitor, wish, keyed=proof.key is not None)


async def _picture(request: Request[State], visitor: Visitor, wish: Wish, *, keyed: bool) -> Answer:
    project, wanted = visitor.project, reference(request.path_params["reference"])
    image = await _found(request, project.id, wanted)
    view = View(
        project=project,
        key=Key(image.slot, image.identity),
        policy=Policy(
            project=project.path,
            public=project.public and not keyed,
            cors_public=project.public,
            share_keyed=request.state["share_keyed"] and project.public,
            expires_at=visitor.expires_at,
            longest=ALIAS_SECONDS if is_alias(wanted) else None,
            tags=(alias_tag(project.path, wanted),) if is_alias(wanted) else (),
        ),
        wish=wish,
        exact=visitor.proven,
        subject=image.id,
        ratio=f"{image.width}:{image.height}",
        image=image,
    )
    answer = await recalled(request, view)
    if answer is not None:
        return answer
    found = await request.state["images"].stored(image)
    return await shown(request, view, Master(found.picture, stored=found.stored), wait=_PATIENCE)


async def _found(request: Request[State], project_id: str, wanted: str) -> Image:
    """Raises NotFound, Gone. A page that names a picture wrongly gets a 404 like any other."""
    try:
        return await request.state["images"].addressed(project_id, wanted)
    except Invalid:
        raise NotFound("ALIAS") from None
