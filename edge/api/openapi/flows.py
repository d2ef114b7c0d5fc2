"""Describes /api/v1/flows."""

from edge.api.flows import AliasMap, FlowDraft
from edge.api.openapi.envelopes import (
    DeletedAnswer,
    FlowAnswer,
    FlowList,
    GenerationList,
    ImageList,
)
from edge.api.openapi.operations import Content, Operation

_TAG, _NEEDS = "Flows", "flows"
_AT = "/api/v1/flows"
_ONE = f"{_AT}/{{id}}"
_WINDOW = ("limit", "offset", "cursor")


def flow_operations() -> list[Operation]:
    return [*_collection(), *_one(), *_contents(), *_names()]


def _collection() -> list[Operation]:
    return [
        Operation(
            "post",
            _AT,
            "createFlow",
            _TAG,
            "Begin a flow",
            {201: Content("The new flow.", FlowAnswer)},
            needs=_NEEDS,
            parameters=("Idempotency-Key",),
            body=FlowDraft,
            body_required=False,
            errors=(409, 413, 415, 422),
            example={"meta": {"name": "Product Images Campaign"}},
        ),
        Operation(
            "get",
            _AT,
            "listFlows",
            _TAG,
            "List flows, newest first",
            {200: Content("Flows.", FlowList)},
            needs=_NEEDS,
            parameters=_WINDOW,
        ),
    ]


def _one() -> list[Operation]:
    return [
        Operation(
            "get",
            _ONE,
            "getFlow",
            _TAG,
            "Look at a flow",
            {200: Content("The flow.", FlowAnswer)},
            needs=_NEEDS,
            parameters=("id",),
            errors=(404,),
        ),
        Operation(
            "delete",
            _ONE,
            "deleteFlow",
            _TAG,
            "Delete a flow for good",
            {200: Content("Gone; its generations and images remain.", DeletedAnswer)},
            needs=_NEEDS,
            parameters=("id",),
            errors=(404,),
        ),
    ]


def _contents() -> list[Operation]:
    return [
        Operation(
            "get",
            f"{_ONE}/generations",
            "listFlowGenerations",
            _TAG,
            "List a flow's generations",
            {200: Content("Generations, newest first.", GenerationList)},
            needs=_NEEDS,
            parameters=("id", *_WINDOW),
            errors=(404,),
        ),
        Operation(
            "get",
            f"{_ONE}/images",
            "listFlowImages",
            _TAG,
            "List a flow's images",
            {200: Content("Images, generated and uploaded, newest first.", ImageList)},
            needs=_NEEDS,
            parameters=("id", *_WINDOW),
            errors=(404,),
        ),
    ]


def _names() -> list[Operation]:
    return [
        Operation(
            "put",
            f"{_ONE}/aliases",
            "mergeFlowAliases",
            _TAG,
            "Give images names within a flow",
            {200: Content("The flow as it is now.", FlowAnswer)},
            needs=_NEEDS,
            text="The flow's other aliases stay.",
            parameters=("id", "onConflict"),
            body=AliasMap,
            errors=(404, 409, 413, 415),
            example={"aliases": {"@hero": "01990000-0000-7000-8000-000000000000"}},
        ),
        Operation(
            "delete",
            f"{_ONE}/aliases/{{alias}}",
            "removeFlowAlias",
            _TAG,
            "Take a name away within a flow",
            {200: Content("The flow as it is now.", FlowAnswer)},
            needs=_NEEDS,
            parameters=("id", "alias"),
            errors=(404,),
        ),
    ]
