"""Describes /api/v1/live/scopes and /api/v1/usage."""

from edge.api.openapi.envelopes import DeletedAnswer
from edge.api.openapi.operations import Content, Operation
from edge.api.openapi.scope_answers import (
    RegeneratedAnswer,
    ScopeAnswer,
    ScopeList,
    UsageAnswer,
)
from edge.api.regeneration import Regeneration
from edge.api.scope_bodies import ScopeChanges, ScopeDraft

_TAG = "Scopes"
_READS, _CHANGES = "live:read", "live:generate"
_AT = "/api/v1/live/scopes"
_ONE = f"{_AT}/{{slug}}"


def scope_operations() -> list[Operation]:
    return [*_collection(), *_one(), *_changed(), _regenerated(), _usage()]


def _collection() -> list[Operation]:
    return [
        Operation(
            "get",
            _AT,
            "listScopes",
            _TAG,
            "List scopes, newest first",
            {200: Content("Scopes.", ScopeList)},
            needs=_READS,
            parameters=("limit", "offset", "cursor"),
        ),
        Operation(
            "post",
            _AT,
            "createScope",
            _TAG,
            "Open a scope",
            {201: Content("The new scope.", ScopeAnswer)},
            needs=_CHANGES,
            text="Its pictures are at /cdn/{organization}/{project}/live/{slug}.",
            parameters=("Idempotency-Key",),
            body=ScopeDraft,
            errors=(409, 413, 415, 422),
            example={"slug": "shop", "budgetAmount": "1.00", "budgetWindow": "day"},
        ),
    ]


def _one() -> list[Operation]:
    return [
        Operation(
            "get",
            _ONE,
            "getScope",
            _TAG,
            "Look at a scope",
            {200: Content("The scope.", ScopeAnswer)},
            needs=_READS,
            parameters=("slug",),
            errors=(404,),
        ),
        Operation(
            "delete",
            _ONE,
            "deleteScope",
            _TAG,
            "Close a scope for good",
            {200: Content("Gone; its pages answer 404, its pictures remain.", DeletedAnswer)},
            needs=_CHANGES,
            parameters=("slug",),
            errors=(404,),
        ),
    ]


def _changed() -> list[Operation]:
    return [
        Operation(
            "put",
            _ONE,
            "editScope",
            _TAG,
            "Change a scope",
            {200: Content("The scope as it is now.", ScopeAnswer)},
            needs=_CHANGES,
            text=(
                "What is absent stays. Null for a half of the budget lifts it. "
                "A new slug gives its pages another address."
            ),
            parameters=("slug",),
            body=ScopeChanges,
            body_required=False,
            errors=(404, 409, 413, 415),
            example={"newGenerationsLimit": 100, "requireSignature": False},
        )
    ]


def _regenerated() -> Operation:
    return Operation(
        "post",
        f"{_ONE}/regenerate",
        "regenerateScope",
        _TAG,
        "Have a scope's live pictures made anew",
        {202: Content("Begun; it goes on by itself.", RegeneratedAnswer)},
        needs=_CHANGES,
        text=(
            "Each new picture is made first and then takes the old one's place behind its URL; "
            "a failure leaves the old one. At most 100 a call. Asked again meanwhile it is the "
            "same work. It costs, and counts in every limit, as any new picture does."
        ),
        parameters=("slug", "Idempotency-Key"),
        body=Regeneration,
        body_required=False,
        errors=(404, 409, 413, 415, 422),
        example={"prompt": "a red lighthouse", "aspectRatio": "16:9"},
    )


def _usage() -> Operation:
    return Operation(
        "get",
        "/api/v1/usage",
        "getUsage",
        "Service",
        "What the project has used",
        {200: Content("Pictures made and served, and what they cost.", UsageAnswer)},
        needs="any",
        text="Any key of the project may ask.",
    )
