"""Any exception as its public face: status, code, fixed text; and that face as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, ClassVar

import orjson
from starlette.exceptions import HTTPException

from cache.errors import CacheError, NotAdmitted
from core.errors import EdgeError, FieldError, GenerationTimeout, NotFound, Unavailable
from core.failures import public


class HttpError(EdgeError):
    """An error that exists only in HTTP, and the header lines it brings along."""

    def __init__(self, *, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        super().__init__()
        self.headers = tuple(headers)


class Stopping(Unavailable):
    """The process ends before it could answer."""

    code = "BUSY"
    message = "The server is restarting. Try again in a moment."
    detail: ClassVar[str | None] = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What the outside may know of an error. ``retry_after`` is in seconds."""

    status: int
    code: str
    message: str
    fields: tuple[FieldError, ...] = ()
    retry_after: float | None = None
    detail: str | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


_INTERNAL = EdgeError()
# The router's own refusals; their texts are ours, never the exception's.
_BY_STATUS = {
    400: ("VALIDATION_ERROR", "The request is malformed."),
    404: ("NOT_FOUND", NotFound.message),
    405: ("METHOD_NOT_ALLOWED", "This address does not take that method; see Allow."),
    413: ("CONTENT_TOO_LARGE", "The body is larger than this address takes."),
    415: ("MEDIA_TYPE_UNSUPPORTED", "This address does not take that type of body."),
}
_PAUSE_UNAVAILABLE = 5.0
_PAUSE_TIMEOUT = 30.0


def problem_of(error: BaseException) -> Problem:
    """The public face. Whatever was not foreseen is a plain 500 that says nothing."""
    if isinstance(error, NotAdmitted):
        return problem_of(error.cause)
    if isinstance(error, CacheError):
        return _of_edge_error(public(error))
    if isinstance(error, EdgeError):
        return _of_edge_error(error)
    if isinstance(error, HTTPException):
        return _of_http_exception(error)
    return _of_edge_error(_INTERNAL)


def envelope(problem: Problem, request_id: str) -> bytes:
    """The error envelope as JSON."""
    return orjson.dumps({"success": False, "error": _members(problem, request_id)})


def problem_document(problem: Problem, request_id: str) -> bytes:
    """The same as an RFC 9457 document, with the envelope's own members beside those of the RFC.

    ``about:blank``: the title is the status's own phrase.
    """
    document = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.message,
        "success": False,
    }
    return orjson.dumps(document | _members(problem, request_id))


def _of_edge_error(error: EdgeError) -> Problem:
    return Problem(
        status=error.status,
        code=error.code,
        message=error.message,
        fields=error.fields,
        retry_after=_pause(error),
        detail=error.detail,
        headers=error.headers if isinstance(error, HttpError) else (),
    )


def _pause(error: EdgeError) -> float | None:
    if error.retry_after is not None:
        return error.retry_after
    if isinstance(error, Unavailable):
        return _PAUSE_UNAVAILABLE
    return _PAUSE_TIMEOUT if isinstance(error, GenerationTimeout) else None


def _of_http_exception(error: HTTPException) -> Problem:
    status = error.status_code
    unnamed = (HTTPStatus(status).name, "The request cannot be answered like this.")
    code, message = _BY_STATUS.get(status, unnamed)
    return Problem(status, code, message, headers=_allow(error))


def _allow(error: HTTPException) -> tuple[tuple[bytes, bytes], ...]:
    for name, value in (error.headers or {}).items():
        if name.lower() == "allow":
            methods = sorted(method.strip() for method in value.split(","))
            return ((b"allow", ", ".join(methods).encode("ascii")),)
    return ()


def _members(problem: Problem, request_id: str) -> dict[str, Any]:
    members = {"code": problem.code, "message": problem.message, "requestId": request_id}
    if not problem.fields:
        return members
    return {**members, "fields": [_field(field) for field in problem.fields]}


def _field(field: FieldError) -> dict[str, str]:
    shown = {"name": field.name, "code": field.code, "message": field.message}
    return shown if field.suggestion is None else shown | {"suggestion": field.suggestion}
