"""Reads a multipart form with one file (RFC 7578), cut off while it arrives."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from core.errors import FieldError, Invalid, StoreDown
from edge.api.bad_fields import nearest
from edge.api.bodies import BodyTooLarge, WrongBodyType, ensure_promises_less
from edge.query import shown_name
from edge.state import State

FIELD_LIMIT = 10
FIELD_BYTES = 65_536
# Everything around the file: fields, boundaries, the heads of the parts.
OVERHEAD = 262_144
_FORM = "multipart/form-data"
_FILE = "file"
# RFC 2046, 5.1.1; a quoted boundary may hold a space, but not at its end.
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")


@dataclass(frozen=True, slots=True)
class Form:
    """The file, which may be absent, the filled-in fields by name, and what is wrong so far."""

    file: UploadFile | None
    fields: Mapping[str, str]
    problems: tuple[FieldError, ...]


@asynccontextmanager
async def form_of(
    request: Request[State], known: tuple[str, ...], *, limit: int
) -> AsyncIterator[Form]:
    """The form; ``known`` are its fields beside ``file``, ``limit`` is bytes for the file.

    The file waits on disk when it is large, and is gone afterwards. Raises WrongBodyType,
    BodyTooLarge, Invalid (no form at all), StoreDown (no room on disk).
    """
    _ensure_form(request)
    ensure_promises_less(request, limit + OVERHEAD)
    parser = _WholeFormParser(
        request.headers,
        _limited(request, limit + OVERHEAD),
        # One more than allowed, so that the refusal can say what is wrong.
        max_files=2,
        max_fields=FIELD_LIMIT,
        max_part_size=FIELD_BYTES,
    )
    try:
        data = await parser.parse()
    except MultiPartException:
        message = (
            f"Send one file and at most {FIELD_LIMIT} fields of {FIELD_BYTES} bytes "
            "as multipart/form-data, to the last boundary."
        )
        raise _refused("body", "MULTIPART_INVALID", message) from None
    except OSError:
        raise StoreDown(retry_after=5) from None
    try:
        form = _sorted_out(data, known)
        if form.file is not None and (form.file.size or 0) > limit:
            raise BodyTooLarge
        yield form
    finally:
        await data.close()


class _WholeFormParser(MultiPartParser):
    """Refuses forms that stop before their last boundary, while it still closes their files."""

    def __init__(
        self, headers: Headers, stream: AsyncGenerator[bytes, None], **limits: int
    ) -> None:
        super().__init__(headers, self._whole(stream), **limits)
        self._ended = False

    def on_end(self) -> None:
        self._ended = True

    async def _whole(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for part in stream:
            yield part
        if not self._ended:
            raise MultiPartException("The last boundary is missing.")


def _ensure_form(request: Request[State]) -> None:
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind.decode("latin-1").lower() != _FORM:
        raise WrongBodyType(_FORM)
    if _BOUNDARY.fullmatch(options.get(b"boundary", b"")) is None:
        message = "Content-Type needs a boundary of 1 to 70 characters."
        raise _refused("body", "MULTIPART_INVALID", message)


async def _limited(request: Request[State], limit: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise BodyTooLarge
        yield part


def _sorted_out(data: FormData, known: tuple[str, ...]) -> Form:
    problems: list[FieldError] = []
    fields: dict[str, str] = {}
    file: UploadFile | None = None
    seen: set[str] = set()
    for name, value in data.multi_items():
        if name not in (_FILE, *known):
            problems.append(_unknown(name, [_FILE, *known]))
        elif name in seen:
            problems.append(FieldError(name, "DUPLICATE_FIELD", "Give every field once."))
        elif (name == _FILE) != isinstance(value, UploadFile):
            message = "Send the file, and nothing else, with a filename."
            problems.append(FieldError(name, "TYPE_INVALID", message))
        elif isinstance(value, UploadFile):
            file = value
        elif value:
            # What a page's form leaves empty is meant to be absent.
            fields[name] = value
        seen.add(name)
    if _FILE not in seen:
        problems.append(FieldError(_FILE, "FIELD_MISSING", "Send the picture in this field."))
    if file is not None and not file.size:
        problems.append(FieldError(_FILE, "FILE_EMPTY", "The file has no content."))
    return Form(file, fields, tuple(problems))


def _unknown(name: str, known: list[str]) -> FieldError:
    shown = shown_name(name)
    message = f"There is no such field. Known are {', '.join(known)}."
    return FieldError(
        "body" if shown == "query" else shown, "UNKNOWN_FIELD", message, nearest(name, known)
    )


def _refused(name: str, code: str, message: str) -> Invalid:
    return Invalid(fields=[FieldError(name, code, message)])
