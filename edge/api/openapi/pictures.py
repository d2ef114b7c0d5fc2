"""Describes the addresses that answer pictures."""

from edge.api.openapi.envelopes import PendingAnswer
from edge.api.openapi.operations import Content, Operation

_TAG = "Pictures"
_KINDS = ("image/png", "image/jpeg", "image/webp", "image/avif")
_ABOUT = ("ETag", "Last-Modified", "Cache-Control", "X-Cache-Status", "X-Image-Id", "X-Generator")
_ASKED = (
    *("prompt", "prompt64", "aspectRatio", "ar", "seed", "model", "autoEnhance", "template"),
    *("wait", "kid", "exp", "sig", "If-None-Match", "Range"),
)
_MAKING = (404, 410, 416, 422, 429, 502, 504)
_HONEST = "To an <img>, every error is a picture with the honest status."


def picture_operations() -> list[Operation]:
    return [*_live(), *_stored()]


def _live() -> list[Operation]:
    return [
        Operation(
            "get",
            "/api/v1/live",
            "live",
            _TAG,
            "A prompt becomes a picture",
            _live_answers(),
            needs="live:read",
            text=(
                "The first request has the picture made, which needs live:generate; "
                f"every later one gets the stored picture. {_HONEST} HEAD never has one made."
            ),
            parameters=_ASKED,
            errors=_MAKING,
        ),
        Operation(
            "get",
            "/cdn/{organization}/{project}/live/{scope}",
            "pageLive",
            _TAG,
            "The same for pages, without a key",
            _live_answers(),
            optional_key=True,
            text=(
                "Stored pictures are for everybody; having one made needs the free painter, "
                f"a signed URL or a scope that allows it. {_HONEST}"
            ),
            parameters=("organization", "project", "scope", *_ASKED),
            errors=_MAKING,
        ),
    ]


def _stored() -> list[Operation]:
    return [
        Operation(
            "get",
            "/cdn/{organization}/{project}/img/{reference}",
            "storedImage",
            _TAG,
            "A stored picture, by its id or its @alias",
            _stored_answers(),
            optional_key=True,
            text=f"A private project's need a key or a signature. {_HONEST}",
            parameters=(
                *("organization", "project", "reference"),
                *("kid", "exp", "sig", "If-None-Match", "Range"),
            ),
            errors=(404, 410, 416),
        ),
    ]


def _stored_answers() -> dict[int, Content]:
    return {
        200: Content("The picture.", kinds=_KINDS, headers=_ABOUT),
        206: Content("A part of it.", kinds=_KINDS, headers=(*_ABOUT, "Content-Range")),
        304: Content("You have it.", headers=("ETag", "Cache-Control")),
    }


def _live_answers() -> dict[int, Content]:
    later = "Under way: a placeholder for an <img>, else the generation's id."
    pending = Content(later, PendingAnswer, kinds=("image/png",), headers=("Retry-After",))
    return _stored_answers() | {202: pending}
