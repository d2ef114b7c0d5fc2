"""The OpenAPI document, whole: the same for every installation of a version."""

from typing import Any

import orjson
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from edge.api.openapi.errors import error_responses
from edge.api.openapi.flows import flow_operations
from edge.api.openapi.generations import generation_operations
from edge.api.openapi.images import image_operations
from edge.api.openapi.keys import key_operations
from edge.api.openapi.live import live_operations
from edge.api.openapi.operations import REFERENCES, Operation
from edge.api.openapi.pages import page_operations
from edge.api.openapi.parameters import headers, parameters
from edge.api.openapi.pictures import picture_operations
from edge.api.openapi.purge import purge_operations
from edge.api.openapi.refusals import Error, Problem
from edge.api.openapi.scopes import scope_operations

VERSION = "0.1.0"

Json = dict[str, Any]

_ABOUT = """Put a prompt in an `<img src>`, and the picture is there.

Programs send a key as `X-API-Key` or `Authorization: Bearer`; pages need none, see `/cdn`.
Answers are `{"success": true, "data": …}`, lists have `pagination` as well, errors are
`{"success": false, "error": {"code", "message", "requestId", "fields"?}}`, or RFC 9457 where Accept
names `application/problem+json`. Every error says `Cache-Control: private, no-store`.
HEAD works wherever GET does. Unknown parameters and fields are errors, so that a typo buys nothing.
Ids are UUIDs, times are UTC with milliseconds."""
_TAGS = {
    "Pictures": "Addresses for `<img src>` and for programs that want the bytes.",
    "Pages": "Pictures of public pages: signed, explained, made ahead. Key scopes `live:*`.",
    "Scopes": "Doors of public pages, and what each may spend. Key scopes `live:*`.",
    "Generations": "Pictures made to order, with their records. Scope `generations`.",
    "Flows": "Chains of generations and images, with aliases of their own. Scope `flows`.",
    "Images": "The image library. Scope `images`.",
    "Keys": "API keys, for holders of a master key.",
    "Service": "The pages around the API.",
}


def operations() -> list[Operation]:
    """Every operation there is."""
    return [
        *picture_operations(),
        *live_operations(),
        *generation_operations(),
        *flow_operations(),
        *image_operations(),
        *purge_operations(),
        *scope_operations(),
        *key_operations(),
        *page_operations(),
    ]


def openapi_document() -> Json:
    """OpenAPI 3.1.0."""
    every = operations()
    paths: dict[str, Json] = {}
    for operation in every:
        paths.setdefault(operation.path, {})[operation.method] = operation.described()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mirage",
            "version": VERSION,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "securitySchemes": _security_schemes(),
            "parameters": parameters(),
            "headers": headers(),
            "responses": error_responses(),
            "schemas": _schemas(every),
        },
    }


def openapi_json() -> bytes:
    """The document as it is served and kept, with a line end."""
    return orjson.dumps(openapi_document(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


class _Plain(GenerateJsonSchema):
    """Without the titles made of field names, and without values that only stand for absence."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - the parent's interface
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) in {None, ""}:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def _schemas(every: list[Operation]) -> Json:
    models: dict[str, Any] = {"Error": Error, "Problem": Problem}
    for operation in every:
        models |= {model.__name__: model for model in operation.models()}
    _, schema = models_json_schema(
        [(models[name], "validation") for name in sorted(models)],
        ref_template=REFERENCES,
        schema_generator=_Plain,
    )
    shown = schema["$defs"]
    return {name: _untitled(shown[name]) for name in sorted(shown)}


def _untitled(schema: Json) -> Json:
    return {name: value for name, value in schema.items() if name != "title"}


def _security_schemes() -> Json:
    bearer = "The same key as a bearer token."
    return {
        "X-API-Key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "A project's key with the scope in question, or a master key.",
        },
        "Bearer": {"type": "http", "scheme": "bearer", "description": bearer},
    }
