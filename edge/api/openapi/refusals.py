"""What errors look like, as types."""

from typing import Annotated, Literal

from pydantic import Field

from edge.api.openapi.answers import Shown


class BadField(Shown):
    """One field that is wrong, and how to mend it."""

    name: str
    code: str
    message: str
    suggestion: Annotated[str, Field(default=None, description="What was probably meant.")]


class ErrorDetail(Shown):
    """`code` is for programs, `message` for people."""

    code: Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")]
    message: str
    request_id: str
    fields: Annotated[list[BadField], Field(default=None, description="With VALIDATION_ERROR.")]


class Error(Shown):
    """The envelope of every error."""

    success: Literal[False]
    error: ErrorDetail


class Problem(Shown):
    """The same as RFC 9457, to callers whose Accept names it: `detail` is the `message`."""

    type: Literal["about:blank"]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    success: Literal[False]
    code: Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]*$")]
    message: str
    request_id: str
    fields: Annotated[list[BadField], Field(default=None)]
