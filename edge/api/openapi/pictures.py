"""Describes the addresses that answer pictures."""

from edge.api.openapi.envelopes import PendingAnswer
from edge.api.openapi.operations import Content, Operation
from edge.wish_query import WISH_PARAMETERS

_TAG = "Pictures"
_KINDS = ("image/png", "image/jpeg", "image/webp", "image/avif")
_LOOKS = ("X-Image-ThumbHash", "X-Image-Dominant-Color")
_ABOUT = (
    *("ETag", "Last-Modified", "Cache-Control", "Vary", "X-Cache-Status", "X-Image-Id"),
    *("X-Generator", *_LOOKS),
)
# What a live URL may say.
ASKED = (
    *("prompt", "prompt64", "aspectRatio", "ar", "seed", "model", "autoEnhance", "template"),
    *WISH_PARAMETERS,
    *("wait", "kid", "exp", "sig"),
)
_ASKED = (*ASKED, "If-None-Match", "Range")
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
            _answers(),
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
            _answers(),
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
            _answers(),
            optional_key=True,
            text=f"A private project's need a key or a signature. {_HONEST}",
            parameters=(
                *("organization", "project", "reference"),
                *WISH_PARAMETERS,
                *("kid", "exp", "sig", "If-None-Match", "Range"),
            ),
            errors=(404, 410, 416),
        ),
    ]


def _answers() -> dict[int, Content]:
    later = "Under way: a placeholder for an <img>, else the generation's id."
    told = ("Retry-After", *_LOOKS)
    return {
        200: Content("The picture.", kinds=_KINDS, headers=_ABOUT),
        202: Content(later, PendingAnswer, kinds=("image/png",), headers=told),
        206: Content("A part of it.", kinds=_KINDS, headers=(*_ABOUT, "Content-Range")),
        304: Content("You have it.", headers=("ETag", "Cache-Control", "Vary")),
    }
