"""Describes /api/v1/images."""

from typing import Any

from edge.api.grammar import GIVEN_ALIAS, GIVEN_ID
from edge.api.images import AliasAssignment, ImageChanges
from edge.api.openapi.envelopes import DeletedAnswer, ImageAnswer, ImageList, ResolvedAnswer
from edge.api.openapi.operations import Content, Operation

_TAG, _NEEDS = "Images", "images"
_AT = "/api/v1/images"
_ONE = f"{_AT}/{{id}}"


def image_operations() -> list[Operation]:
    return [*_collection(), *_resolved(), *_one(), *_names_and_ends()]


def _collection() -> list[Operation]:
    return [
        Operation(
            "post",
            f"{_AT}/upload",
            "uploadImage",
            _TAG,
            "Upload a picture",
            {201: Content("The new image.", ImageAnswer)},
            needs=_NEEDS,
            text=(
                "PNG, JPEG, WebP or AVIF, by its bytes; it is decoded and encoded anew. "
                "At most 5,000,000 bytes unless the operator allows more."
            ),
            parameters=("onConflict", "Idempotency-Key"),
            body=_form(),
            errors=(409, 413, 415, 422, 429),
        ),
        Operation(
            "get",
            _AT,
            "listImages",
            _TAG,
            "List images, newest first",
            {200: Content("Images.", ImageList)},
            needs=_NEEDS,
            parameters=(
                *("limit", "offset", "cursor"),
                *("source", "flowId", "aliasFilter", "includeDeleted"),
            ),
        ),
    ]


def _resolved() -> list[Operation]:
    return [
        Operation(
            "get",
            f"{_AT}/resolve/{{alias}}",
            "resolveAlias",
            _TAG,
            "Find out whom an alias means",
            {200: Content("The image, and the scope that knew it.", ResolvedAnswer)},
            needs=_NEEDS,
            text="Technical (@last, @first, @upload; with flowId), then flow, then project.",
            parameters=("alias", "withinFlow"),
            errors=(404,),
        ),
    ]


def _one() -> list[Operation]:
    return [
        Operation(
            "get",
            _ONE,
            "getImage",
            _TAG,
            "Look at an image",
            {200: Content("The image.", ImageAnswer)},
            needs=_NEEDS,
            parameters=("imageReference", "withinFlow"),
            text="flowId goes with an @alias only.",
            errors=(404,),
        ),
        Operation(
            "put",
            _ONE,
            "editImage",
            _TAG,
            "Change alias, focal point and meta",
            {200: Content("The image as it is now.", ImageAnswer)},
            needs=_NEEDS,
            text="What is absent stays; null takes it away.",
            parameters=("id", "onConflict"),
            body=ImageChanges,
            body_required=False,
            errors=(404, 409, 413, 415),
            example={"alias": "@new-alias", "focalPoint": {"x": 0.5, "y": 0.3}},
        ),
    ]


def _names_and_ends() -> list[Operation]:
    return [
        Operation(
            "put",
            f"{_ONE}/alias",
            "assignImageAlias",
            _TAG,
            "Give an image its alias",
            {200: Content("The image as it is now.", ImageAnswer)},
            needs=_NEEDS,
            text="An alias another image holds moves here; null takes it away.",
            parameters=("id", "onConflict"),
            body=AliasAssignment,
            errors=(404, 409, 413, 415),
            example={"alias": "@product-hero"},
        ),
        Operation(
            "delete",
            _ONE,
            "deleteImage",
            _TAG,
            "Delete an image (soft)",
            {200: Content("Gone; its alias is free.", DeletedAnswer)},
            needs=_NEEDS,
            parameters=("id", "hard"),
            errors=(404,),
        ),
    ]


def _form() -> dict[str, Any]:
    fields = {
        "file": {"type": "string", "contentMediaType": "image/*"},
        "alias": GIVEN_ALIAS,
        "flowId": GIVEN_ID,
        "flowAlias": GIVEN_ALIAS,
        "meta": {"type": "string", "description": "A JSON object of at most 16 KiB."},
    }
    schema = {
        "type": "object",
        "required": ["file"],
        "properties": fields,
        "additionalProperties": False,
    }
    kinds = "image/png, image/jpeg, image/webp, image/avif"
    encoding = {"file": {"contentType": kinds}}
    return {"multipart/form-data": {"schema": schema, "encoding": encoding}}
