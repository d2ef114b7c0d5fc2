"""The error family: each member carries its HTTP status, its code and a fixed public text.

EdgeError
├── Invalid               400 VALIDATION_ERROR, all bad fields at once
├── KeyInUrl              400 KEY_IN_URL
├── Unauthorized          401 UNAUTHORIZED
├── Forbidden             403 FORBIDDEN
│   ├── SignatureInvalid  403 SIGNATURE_INVALID
│   └── SpendingNotAllowed 403 SPENDING_NOT_ALLOWED
├── NotFound              404 NOT_FOUND, <THING>_NOT_FOUND
├── AliasConflict         409 ALIAS_CONFLICT
├── NotRetryable          409 NOT_RETRYABLE
├── ScopeAlreadyExists    409 SCOPE_ALREADY_EXISTS
├── IdempotencyInProgress 409 IDEMPOTENCY_IN_PROGRESS
├── UrlExpired            410 URL_EXPIRED
├── Gone                  410 GONE, taken down for good
├── TooLarge              413 CONTENT_TOO_LARGE
├── TypeUnsupported       415 MEDIA_TYPE_UNSUPPORTED
├── ImageTypeUnsupported  415 IMAGE_TYPE_UNSUPPORTED
├── ImageCorrupt          422 IMAGE_CORRUPT
├── ImageTooLarge         422 IMAGE_TOO_LARGE
├── IdempotencyMismatch   422 IDEMPOTENCY_MISMATCH
├── RateLimitExceeded     429 RATE_LIMIT_EXCEEDED
├── ContentRefused        422 CONTENT_REFUSED
├── BudgetExhausted       429 BUDGET_EXHAUSTED
├── GeneratorFailed       502 GENERATOR_FAILED
│   └── PictureUnsound    502, the provider delivered something that is no usable picture
├── Unavailable           503, says when to come back
│   ├── Busy              503 BUSY
│   │   ├── GenerationCancelled 503 BUSY, to those who waited for somebody else's
│   │   └── PolicyUnavailable 503 BUSY, nobody can say whether the prompt is welcome
│   ├── GeneratorBusy     503 GENERATOR_BUSY
│   ├── CoordinatorDown   503 COORDINATOR_UNAVAILABLE
│   ├── StoreDown         503 STORE_UNAVAILABLE
│   └── RecordsUnavailable 503 STORE_UNAVAILABLE
├── NotCached             504 NOT_CACHED
└── GenerationTimeout     504 GENERATION_TIMEOUT

``retry_after`` is in seconds; ``spent`` says that the provider has, or may have, charged for the
work that failed. Texts never echo what the caller sent. ``detail`` is a token for the Cache-Status
header (RFC 9211), from a fixed vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field: its name, a code, a fixed sentence that says how to mend it."""

    name: str
    code: str
    message: str
    suggestion: str | None = None


class EdgeError(Exception):
    """Base of every error that has a public face."""

    status: ClassVar[int] = 500
    code: str = "INTERNAL_ERROR"
    message: str = "Something went wrong on our side. Quote the requestId when you report it."
    detail: ClassVar[str | None] = None

    def __init__(
        self,
        message: str | None = None,
        *,
        fields: Sequence[FieldError] = (),
        retry_after: float | None = None,
        spent: bool = False,
    ) -> None:
        super().__init__(message or self.message)
        if message is not None:
            self.message = message
        self.fields = tuple(fields)
        self.retry_after = retry_after
        self.spent = spent


class Invalid(EdgeError):
    status = 400
    code = "VALIDATION_ERROR"
    message = "The request has invalid fields; each is listed with its fix."


class KeyInUrl(EdgeError):
    status = 400
    code = "KEY_IN_URL"
    message = (
        "API keys do not belong in URLs, where logs and browsers keep them. "
        "Send the X-API-Key header, or sign the URL; and replace this key, it may have leaked."
    )


class Unauthorized(EdgeError):
    status = 401
    code = "UNAUTHORIZED"
    message = "Send a valid API key in the X-API-Key header."


class Forbidden(EdgeError):
    status = 403
    code = "FORBIDDEN"
    message = "These credentials do not allow this."


class SignatureInvalid(Forbidden):
    code = "SIGNATURE_INVALID"
    message = "The URL's signature does not match. Sign the URL again."


class SpendingNotAllowed(Forbidden):
    code = "SPENDING_NOT_ALLOWED"
    message = (
        "This picture does not exist yet and these credentials may not have it made. "
        "Use a signed URL or a key with live:generate."
    )
    detail = "spending-not-allowed"


class NotFound(EdgeError):
    status = 404
    message = "There is nothing here."

    def __init__(self, thing: str | None = None) -> None:
        super().__init__()
        self.code = f"{thing}_NOT_FOUND" if thing else "NOT_FOUND"


class AliasConflict(EdgeError):
    status = 409
    code = "ALIAS_CONFLICT"
    message = "Another image holds this alias. Leave onConflict out to move it here."


class NotRetryable(EdgeError):
    status = 409
    code = "NOT_RETRYABLE"
    message = "Only a failed generation can be retried. Use regenerate for a new picture."


class ScopeAlreadyExists(EdgeError):
    status = 409
    code = "SCOPE_ALREADY_EXISTS"
    message = "This project has a scope of that slug. Use another slug, or change the scope."


class IdempotencyInProgress(EdgeError):
    status = 409
    code = "IDEMPOTENCY_IN_PROGRESS"
    message = "A request with this Idempotency-Key is still being answered. Try again shortly."


class IdempotencyMismatch(EdgeError):
    status = 422
    code = "IDEMPOTENCY_MISMATCH"
    message = "This Idempotency-Key was used with another request. Use a new one."


class TooLarge(EdgeError):
    status = 413
    code = "CONTENT_TOO_LARGE"
    message = "The body is larger than this address takes."


class TypeUnsupported(EdgeError):
    status = 415
    code = "MEDIA_TYPE_UNSUPPORTED"
    message = "This address does not take that type of body."


class ImageTypeUnsupported(EdgeError):
    status = 415
    code = "IMAGE_TYPE_UNSUPPORTED"
    message = "Send a PNG, JPEG, WebP or AVIF picture."


class ImageCorrupt(EdgeError):
    status = 422
    code = "IMAGE_CORRUPT"
    message = "The picture cannot be decoded. Save it again and retry."


class ImageTooLarge(EdgeError):
    status = 422
    code = "IMAGE_TOO_LARGE"
    message = "The picture has too many pixels. Send a smaller one."


class RateLimitExceeded(EdgeError):
    status = 429
    code = "RATE_LIMIT_EXCEEDED"
    message = "Too many new pictures were started from here lately. Stored pictures still answer."
    detail = "rate"


class UrlExpired(EdgeError):
    status = 410
    code = "URL_EXPIRED"
    message = "This signed URL has expired. Ask the page's owner for a new one."


class Gone(EdgeError):
    status = 410
    code = "GONE"
    message = "This picture was taken down and will not be made again."
    detail = "gone"


class ContentRefused(EdgeError):
    status = 422
    code = "CONTENT_REFUSED"
    message = "The prompt was refused by the content policy. Rephrase it."
    detail = "content-refused"


class BudgetExhausted(EdgeError):
    status = 429
    code = "BUDGET_EXHAUSTED"
    message = "The budget for new pictures is used up for now. Stored pictures still answer."
    detail = "budget"
    # Whom alone it concerns; None: everybody.
    payer: str | None = None


class GeneratorFailed(EdgeError):
    status = 502
    code = "GENERATOR_FAILED"
    message = "The image generator failed to make this picture. Try again later."
    detail = "generator-error"


class PictureUnsound(GeneratorFailed):
    """What came back does not decode, is too large, or has another shape than was asked."""


class Unavailable(EdgeError):
    status = 503


class Busy(Unavailable):
    code = "BUSY"
    message = "Too many new pictures are being made right now. Try again in a moment."
    detail = "busy"


class GenerationCancelled(Busy):
    """The one whose work this was has cancelled it; whoever else waited may ask again."""

    message = "The generation was cancelled by its owner. Ask again to have the picture made."
    detail = "cancelled"


class PolicyUnavailable(Busy):
    message = "Nobody can say right now whether this prompt is welcome. Try again in a moment."
    detail = "policy-unavailable"


class GeneratorBusy(Unavailable):
    code = "GENERATOR_BUSY"
    message = "The image generator asks for a pause. Try again in a moment."
    detail = "generator-busy"


class CoordinatorDown(Unavailable):
    code = "COORDINATOR_UNAVAILABLE"
    message = "New pictures cannot be made at the moment. Stored pictures still answer."
    detail = "coordinator-unavailable"


class StoreDown(Unavailable):
    code = "STORE_UNAVAILABLE"
    message = "The picture store gives no certain answer, so nothing is made twice. Try again soon."
    detail = "store-unavailable"


class RecordsUnavailable(Unavailable):
    code = "STORE_UNAVAILABLE"
    message = (
        "The records cannot be reached right now. Stored pictures still answer. Try again soon."
    )
    detail = "records-unavailable"


class NotCached(EdgeError):
    status = 504
    code = "NOT_CACHED"
    message = "This picture is not stored, and only-if-cached forbids making it."
    detail = "only-if-cached"


class GenerationTimeout(EdgeError):
    status = 504
    code = "GENERATION_TIMEOUT"
    message = "The image generator did not finish in time. Try again later."
    detail = "generation-deadline"
