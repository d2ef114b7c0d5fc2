"""Describes /api/v1/generations."""

from edge.api.generation_bodies import GenerationChanges, GenerationEdit, NewGeneration, Nothing
from edge.api.openapi.envelopes import DeletedAnswer, GenerationAnswer, GenerationList
from edge.api.openapi.operations import Content, Operation

_TAG, _NEEDS = "Generations", "generations"
_AT = "/api/v1/generations"
_MADE = ("Location", "Preference-Applied", "Retry-After")
# What may be said to whoever wants a picture made.
_MAKING = (404, 409, 413, 415, 422, 429, 502, 504)
_ASYNC = "Under way, and asked for with respond-async: look again at Location."

_EXAMPLE = {
    "prompt": "A majestic eagle soaring over snow-capped mountains",
    "aspectRatio": "16:9",
    "assignAlias": "@eagle-hero",
    "autoEnhance": True,
    "meta": {"tags": ["demo", "nature"]},
}


def generation_operations() -> list[Operation]:
    return [*_collection(), *_one(), *_again(), *_stopped(), *_ends()]


def _collection() -> list[Operation]:
    return [
        Operation(
            "post",
            _AT,
            "createGeneration",
            _TAG,
            "Have a picture made",
            {201: _made("Done, also when it failed: see status and error."), 202: _made(_ASYNC)},
            needs=_NEEDS,
            text=(
                "A request whose picture exists already gets it with `cached: true`, at no cost. "
                "When the wait ends first, the answer is 201 with status `processing`. "
                "What is refused before anything is spent leaves no record."
            ),
            parameters=("onConflict", "Prefer", "Idempotency-Key"),
            body=NewGeneration,
            errors=_MAKING,
            example=_EXAMPLE,
        ),
        Operation(
            "get",
            _AT,
            "listGenerations",
            _TAG,
            "List generations, newest first",
            {200: Content("Generations.", GenerationList)},
            needs=_NEEDS,
            parameters=("limit", "offset", "cursor", "status", "flowId", "includeDeleted"),
        ),
    ]


def _one() -> list[Operation]:
    return [
        Operation(
            "get",
            f"{_AT}/{{id}}",
            "getGeneration",
            _TAG,
            "Look at a generation",
            {200: _shown("The generation.")},
            needs=_NEEDS,
            parameters=("id",),
            errors=(404,),
        ),
        Operation(
            "put",
            f"{_AT}/{{id}}",
            "editGeneration",
            _TAG,
            "Change a generation",
            {200: _made("As it is now."), 202: _made(_ASYNC)},
            needs=_NEEDS,
            text="Another prompt or ratio makes another picture; flowId and meta only change.",
            parameters=("id", "Prefer"),
            body=GenerationEdit,
            body_required=False,
            errors=_MAKING,
            example={"meta": {"tags": ["final"]}},
        ),
    ]


def _ends() -> list[Operation]:
    return [
        Operation(
            "delete",
            f"{_AT}/{{id}}",
            "deleteGeneration",
            _TAG,
            "Delete a generation and its image (soft)",
            {200: Content("Gone; asking again is 404.", DeletedAnswer)},
            needs=_NEEDS,
            parameters=("id",),
            errors=(404,),
        ),
        Operation(
            "get",
            f"{_AT}/{{id}}/events",
            "followGeneration",
            _TAG,
            "Follow a generation (server-sent events)",
            {
                200: Content(
                    "Events `status`, each with a generation as its data, until it has ended.",
                    kinds=("text/event-stream",),
                ),
                204: Content("Nothing more will come."),
            },
            needs=_NEEDS,
            parameters=("id", "Last-Event-ID"),
            errors=(404,),
        ),
    ]


def _again() -> list[Operation]:
    return [
        Operation(
            "post",
            f"{_AT}/{{id}}/retry",
            "retryGeneration",
            _TAG,
            "Make a failed generation again",
            {200: _made("As it is now."), 202: _made(_ASYNC)},
            needs=_NEEDS,
            text="Under the same id. Any part of the request may be replaced; nothing has to be.",
            parameters=("id", "Prefer", "Idempotency-Key"),
            body=GenerationChanges,
            body_required=False,
            errors=_MAKING,
            example={"prompt": "An eagle over a valley"},
        ),
        Operation(
            "post",
            f"{_AT}/{{id}}/regenerate",
            "regenerateGeneration",
            _TAG,
            "Make another picture for the same request",
            {200: _made("As it is now."), 202: _made(_ASYNC)},
            needs=_NEEDS,
            text="The old picture goes into the history; live URLs keep theirs.",
            parameters=("id", "Prefer", "Idempotency-Key"),
            body=Nothing,
            body_required=False,
            errors=_MAKING,
        ),
    ]


def _stopped() -> list[Operation]:
    return [
        Operation(
            "post",
            f"{_AT}/{{id}}/cancel",
            "cancelGeneration",
            _TAG,
            "Cancel a generation",
            {200: _shown("As it is now; one that has ended stays as it is.")},
            needs=_NEEDS,
            text="What was not spent is given back.",
            parameters=("id", "Idempotency-Key"),
            body=Nothing,
            body_required=False,
            errors=(404, 409, 413, 415, 422),
        ),
    ]


def _shown(text: str) -> Content:
    return Content(text, GenerationAnswer)


def _made(text: str) -> Content:
    return Content(text, GenerationAnswer, headers=_MADE)
