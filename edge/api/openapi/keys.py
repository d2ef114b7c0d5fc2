"""Describes /api/v1/admin/keys."""

from edge.api.generation_bodies import Nothing
from edge.api.keys import KeyDraft, Rotation
from edge.api.openapi.envelopes import DeletedAnswer, KeyAnswer, KeyList, NewKeyAnswer
from edge.api.openapi.operations import Content, Operation

_TAG, _NEEDS = "Keys", "master"
_AT = "/api/v1/admin/keys"
_ONE = f"{_AT}/{{id}}"


def key_operations() -> list[Operation]:
    return [*_collection(), *_succeeded(), *_ended()]


def _collection() -> list[Operation]:
    return [
        Operation(
            "get",
            _AT,
            "listKeys",
            _TAG,
            "List all keys",
            {200: Content("Keys, newest first, also the expired and the revoked.", KeyList)},
            needs=_NEEDS,
            parameters=("limit", "offset", "cursor"),
        ),
        Operation(
            "post",
            _AT,
            "createKey",
            _TAG,
            "Make a key",
            {201: Content("The key; it is shown this once.", NewKeyAnswer)},
            needs=_NEEDS,
            text="A project's key founds its organization and project as far as they are missing.",
            body=KeyDraft,
            errors=(413, 415),
            example={"name": "website", "organization": "main", "project": "site"},
        ),
    ]


def _ended() -> list[Operation]:
    return [
        Operation(
            "delete",
            _ONE,
            "deleteKey",
            _TAG,
            "Revoke a key; its record stays in the list",
            {200: Content("Revoked, everywhere within five seconds.", DeletedAnswer)},
            needs=_NEEDS,
            parameters=("id",),
            errors=(404,),
        ),
        Operation(
            "post",
            f"{_ONE}/revoke",
            "revokeKey",
            _TAG,
            "Revoke a key",
            {200: Content("Revoked, now or before.", KeyAnswer)},
            needs=_NEEDS,
            parameters=("id",),
            body=Nothing,
            body_required=False,
            errors=(404, 413, 415),
        ),
    ]


def _succeeded() -> list[Operation]:
    return [
        Operation(
            "post",
            f"{_ONE}/rotate",
            "rotateKey",
            _TAG,
            "Make a key's successor",
            {201: Content("The successor; it is shown this once.", NewKeyAnswer)},
            needs=_NEEDS,
            text="The old key goes on for overlapHours, without a number until it is revoked.",
            parameters=("id",),
            body=Rotation,
            body_required=False,
            errors=(404, 413, 415),
            example={"overlapHours": 24},
        ),
    ]
