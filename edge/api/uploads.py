"""POST /api/v1/images/upload: a picture of the caller's own."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request

from core.errors import FieldError, Invalid
from core.ids import checked_id
from core.library.aliases import assignable_alias
from core.library.uploads import Upload
from edge.answers.answer import Answer
from edge.api.access import caller
from edge.api.envelope import done
from edge.api.fields import ON_CONFLICT, moves
from edge.api.forms import Form, form_of
from edge.api.idempotent import once
from edge.api.images import SCOPE
from edge.api.shapes import image_json
from edge.api.sites import site_of
from edge.api.strict_json import checked_meta, strict_json
from edge.api.windows import parameters_of
from edge.state import State

_RULES: dict[str, Callable[[str], Any]] = {
    "alias": assignable_alias,
    "flowId": lambda text: checked_id(text, "flowId"),
    "flowAlias": lambda text: assignable_alias(text, "flowAlias"),
    "meta": lambda text: checked_meta(strict_json(text.encode(), "meta")),
}


async def upload(request: Request[State]) -> Answer:
    """201 with the image; the same bytes again make another image on the same bytes."""
    who = await caller(request, SCOPE)
    given = parameters_of(request, choices=ON_CONFLICT)
    uploads = request.state["uploads"]
    async with (
        form_of(request, tuple(_RULES), limit=uploads.max_bytes) as form,
        uploads.room(),
    ):
        wish = await _upload(form)

        async def work() -> Answer:
            image = await uploads.take(who.project, wish, move=moves(given))
            return done(image_json(image, site_of(request, who.project)), 201)

        return await once(request, who, _meaning(form, wish), work)


def _meaning(form: Form, wish: Upload) -> bytes:
    """The file and the fields; the boundary between them is chance."""
    digest = hashlib.sha256(wish.body).hexdigest()
    return orjson.dumps([digest, form.fields], option=orjson.OPT_SORT_KEYS)


async def _upload(form: Form) -> Upload:
    """Raises Invalid with every bad field."""
    problems = list(form.problems)
    said: dict[str, Any] = {}
    for name, text in form.fields.items():
        try:
            said[name] = _RULES[name](text)
        except Invalid as refusal:
            problems += refusal.fields
    if form.file is None or problems:
        raise Invalid(fields=problems or [FieldError("file", "FIELD_MISSING", "Send a picture.")])
    return Upload(
        body=await form.file.read(),
        alias=said.get("alias"),
        flow_id=said.get("flowId"),
        flow_alias=said.get("flowAlias"),
        meta=said.get("meta", {}),
    )
