"""Decides whether a request's head may reach the parser, and in which form (RFC 9112)."""

import re
from enum import Enum
from typing import NamedTuple

from core.errors import FieldError, Invalid
from edge.answers.problem import Problem

MOST_TARGET = 16_384
MOST_HEADERS = 16_384
MOST_FIELDS = 100
END = b"\r\n\r\n"

# Method and version together never need more than this beside the target.
_AROUND_TARGET = 64
_REQUEST_LINE = re.compile(rb"[A-Z][A-Z-]{0,31} ([^\x00-\x20\x7f#]+) HTTP/1\.([01])\r\n")
_METHOD = re.compile(rb"[A-Z][A-Z-]{0,31}(?: |\Z)")
_HOST = re.compile(rb"(?:[a-z0-9._~!$&'()*+,;=%-]*|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?")
_ABSOLUTE = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class Framing(Enum):
    """How the body's end is found."""

    NONE = "no body"
    LENGTH = "Content-Length"
    CHUNKED = "Transfer-Encoding"


class Head(NamedTuple):
    """A head the parser may see."""

    raw: bytes
    framing: Framing


class HeadRefused(Exception):
    """The request ends here, with this answer, and the connection with it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def _malformed(name: str, code: str, message: str) -> Problem:
    return Problem(400, Invalid.code, Invalid.message, (FieldError(name, code, message),))


MALFORMED = _malformed("request", "MALFORMED_REQUEST", "Send HTTP/1.1 as RFC 9112 writes it.")
_TARGET = _malformed(
    "request", "TARGET_INVALID", "Percent-encode spaces and control characters in the URL."
)
_HOST_MISSING = _malformed("Host", "HOST_MISSING", "Send one Host header.")
_HOST_INVALID = _malformed("Host", "HOST_INVALID", "Send one Host header, with a name and a port.")
_MISDIRECTED = Problem(
    421, "MISDIRECTED_REQUEST", "The URL names another host than the Host header does."
)
_TARGET_TOO_LONG = Problem(
    414, "URI_TOO_LONG", f"The URL is longer than {MOST_TARGET} bytes. Shorten the prompt."
)
_HEADERS_TOO_LARGE = Problem(
    431,
    "HEADERS_TOO_LARGE",
    f"At most {MOST_FIELDS} header fields and {MOST_HEADERS} bytes of them are read.",
)


def ensure_promising(start: bytes) -> None:
    """Raise HeadRefused as soon as an unfinished head cannot become a good one."""
    line_end = start.find(b"\r\n")
    if line_end < 0:
        # Only the method is judged yet: a TLS hello or plain noise shows in its first byte.
        if not _METHOD.match(start) or b"\n" in start:
            raise HeadRefused(MALFORMED)
        if len(start) > MOST_TARGET + _AROUND_TARGET:
            raise HeadRefused(_TARGET_TOO_LONG)
        return
    line = start[: line_end + 2]
    if not _REQUEST_LINE.fullmatch(line):
        raise HeadRefused(_misread(line))
    if len(start) - len(line) > MOST_HEADERS or start.count(b"\r\n") - 1 > MOST_FIELDS:
        raise HeadRefused(_HEADERS_TOO_LARGE)


def checked(head: bytes) -> Head:
    """The complete ``head``, empty line included, as the parser may see it.

    Raw bytes beyond ASCII in the target are percent-encoded, an absolute target becomes its path.
    Raises HeadRefused. What is left to the parser: the grammar of the fields, and the lengths.
    """
    line = _REQUEST_LINE.match(head)
    if line is None:
        raise HeadRefused(_misread(head[: head.find(b"\r\n") + 2]))
    target = line[1]
    if len(target) > MOST_TARGET:
        raise HeadRefused(_TARGET_TOO_LONG)
    lines = head.count(b"\r\n")
    if len(head) - line.end() > MOST_HEADERS or lines - 2 > MOST_FIELDS:
        raise HeadRefused(_HEADERS_TOO_LARGE)
    if head.count(b"\n") != lines:
        raise HeadRefused(MALFORMED)
    fields = head[line.end() - 2 :].lower()
    host = _host(fields, required=line[2] == b"1")
    raw = head
    if not target.startswith(b"/"):
        raw = _in_origin_form(head, line, host)
    if not target.isascii():
        raw = _NOT_ASCII.sub(_encoded, raw[: raw.find(b"\r\n")]) + raw[raw.find(b"\r\n") :]
    return Head(raw, _framing(fields, persistent=line[2] == b"1"))


def _misread(line: bytes) -> Problem:
    if len(line) > MOST_TARGET + _AROUND_TARGET:
        return _TARGET_TOO_LONG
    versioned = line.endswith((b" HTTP/1.1\r\n", b" HTTP/1.0\r\n"))
    return _TARGET if versioned and _METHOD.match(line) else MALFORMED


def _host(fields: bytes, *, required: bool) -> bytes:
    count = fields.count(b"\r\nhost:")
    if count == 0 and not required:
        return b""
    if count != 1:
        raise HeadRefused(_HOST_INVALID if count else _HOST_MISSING)
    start = fields.find(b"\r\nhost:") + 7
    host = fields[start : fields.find(b"\r\n", start)].strip(b" \t")
    if _HOST.fullmatch(host) is None:
        raise HeadRefused(_HOST_INVALID)
    return host


def _in_origin_form(head: bytes, line: re.Match[bytes], host: bytes) -> bytes:
    """RFC 9112, 3.2: proxies' absolute form names its host twice; both have to agree."""
    target = line[1]
    if target == b"*" and head.startswith(b"OPTIONS "):
        return head
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise HeadRefused(_TARGET)
    if absolute[1].lower() != host:
        raise HeadRefused(_MISDIRECTED)
    path = absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]
    return head[: line.start(1)] + path + head[line.end(1) :]


def _encoded(byte: re.Match[bytes]) -> bytes:
    return b"%%%02X" % byte[0][0]


def _framing(fields: bytes, *, persistent: bool) -> Framing:
    if b"\r\ntransfer-encoding:" in fields:
        # HTTP/1.0 has no chunks (RFC 9112, 6.1).
        if not persistent:
            raise HeadRefused(MALFORMED)
        return Framing.CHUNKED
    return Framing.LENGTH if b"\r\ncontent-length:" in fields else Framing.NONE
