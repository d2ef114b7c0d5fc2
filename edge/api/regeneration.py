"""What the body of a scope's regeneration may say: everything, one image, or one live request."""

from functools import partial
from typing import Annotated

from pydantic import Field, WithJsonSchema

from core.errors import FieldError, Invalid
from core.ids import checked_id
from core.scopes.remaking import Wanted
from edge.api.bodies import checked_after
from edge.api.grammar import GIVEN_ID
from edge.api.live_bodies import LiveBody, parameters_in
from edge.live_query import live_query

Id = Annotated[str, checked_after(partial(checked_id, name="imageId")), WithJsonSchema(GIVEN_ID)]
Cursor = Annotated[str, Field(pattern="^[A-Za-z0-9_.=-]{1,300}$", description="nextCursor, as is.")]


class Regeneration(LiveBody):
    """Nothing: the scope's newest pictures. `imageId`: that one. `prompt`, with the live
    parameters that decide which picture it is: the one behind that URL."""

    image_id: Id | None = None
    cursor: Cursor | None = None


def wanted_in(body: Regeneration, problems: list[FieldError]) -> Wanted:
    """What is meant; ``problems`` were found before. Raises Invalid with every bad field."""
    given = {name for name, value in body.model_dump(by_alias=True).items() if value is not None}
    given |= {problem.name for problem in problems}
    live = given & {str(field.alias) for field in LiveBody.model_fields.values()}
    chosen = [*sorted(live)[-1:], *sorted({"imageId", "cursor"} & given)]
    if len(chosen) > 1:
        message = "Give imageId, a prompt with its live parameters, or a cursor, and only one."
        problems = [*problems, *(FieldError(name, "FIELDS_CONFLICT", message) for name in chosen)]
    if live:
        return Wanted(request=live_query(parameters_in(body, problems)).request)
    if problems:
        raise Invalid(fields=problems)
    return Wanted(image_id=body.image_id, cursor=body.cursor)
