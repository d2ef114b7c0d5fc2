"""Field types and parameters that several addresses of the API share."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

from pydantic import WithJsonSchema
from starlette.requests import Request

from core.ids import asked_id, checked_id
from core.library.aliases import assignable_alias, is_alias
from edge.api.bodies import checked
from edge.api.grammar import GIVEN_ALIAS, GIVEN_ID
from edge.state import State

# Whether an alias somebody else holds is moved, or the request refused with 409.
ON_CONFLICT: Mapping[str, Sequence[str]] = {"onConflict": ("move", "fail")}

Alias = Annotated[str, checked(assignable_alias), WithJsonSchema(GIVEN_ALIAS)]
FlowId = Annotated[str, checked(partial(checked_id, name="flowId")), WithJsonSchema(GIVEN_ID)]


def moves(given: Mapping[str, str]) -> bool:
    """What parameters with ON_CONFLICT say: move, unless told otherwise."""
    return given.get("onConflict") != "fail"


def path_id(request: Request[State]) -> str:
    """The id in the path; one that cannot be anybody's asks for nobody's, with the same queries."""
    return asked_id(request.path_params["id"])


def reference(text: str) -> str:
    """What names an image in a path: ``@alias`` as it is, anything else as an id."""
    return text if is_alias(text) else asked_id(text)
