"""Describes /api/v1/live/sign, /explain and /warm."""

from edge.api.explain import ExplainBody
from edge.api.openapi.live_answers import ExplainedAnswer, SignedAnswer, WarmedAnswer
from edge.api.openapi.operations import Content, Operation
from edge.api.openapi.pictures import ASKED
from edge.api.sign import SignBody
from edge.api.warm import WarmBody

_TAG = "Pages"
_READS, _SPENDS = "live:read", "live:generate"
_AT = "/api/v1/live"
_STRANGER = (
    "Makes, counts and changes nothing. With a scope: as somebody without a key would be "
    "answered on that page; kid, exp and sig count there. A key with live:generate will do."
)


def live_operations() -> list[Operation]:
    return [_sign(), *_explain(), _warm()]


def _sign() -> Operation:
    return Operation(
        "post",
        f"{_AT}/sign",
        "signLive",
        _TAG,
        "Sign a live URL",
        {200: Content("The URL; it works at once.", SignedAnswer)},
        needs=_SPENDS,
        text="The live URL's own parameters and rules. Whoever holds the URL may have it made.",
        parameters=("Idempotency-Key",),
        body=SignBody,
        errors=(404, 409, 413, 415, 422),
        example={"scope": "page", "prompt": "a red lighthouse", "aspectRatio": "16:9", "w": 640},
    )


def _explain() -> list[Operation]:
    answers = {200: Content("What would be answered, and why.", ExplainedAnswer)}
    return [
        Operation(
            "get",
            f"{_AT}/explain",
            "explainLive",
            _TAG,
            "What would a live request get?",
            answers,
            needs=_READS,
            text=_STRANGER,
            parameters=("strangersScope", *ASKED),
            errors=(404,),
        ),
        Operation(
            "post",
            f"{_AT}/explain",
            "explainLiveBody",
            _TAG,
            "The same, asked as JSON",
            answers,
            needs=_READS,
            text=_STRANGER,
            body=ExplainBody,
            errors=(404, 413, 415),
            example={"scope": "page", "prompt": "a red lighthouse"},
        ),
    ]


def _warm() -> Operation:
    return Operation(
        "post",
        f"{_AT}/warm",
        "warmLive",
        _TAG,
        "Have the pictures of a page made ahead",
        {200: Content("What became of each address.", WarmedAnswer)},
        needs=_SPENDS,
        text=(
            "Give live URLs, a page's HTML or a sitemap's XML; nothing is fetched. Works for "
            "50 s at most: what is pending then, the same request again goes on with."
        ),
        parameters=("Idempotency-Key",),
        body=WarmBody,
        errors=(409, 413, 415, 422),
        example={"urls": ["/cdn/main/site/live/page?prompt=a+fox"], "dryRun": True},
    )
