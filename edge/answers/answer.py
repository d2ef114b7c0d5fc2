"""A decided response: status, raw headers and complete bytes."""

from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from edge.answers.freshness import RawHeaders


@dataclass(frozen=True, slots=True)
class Answer:
    """Itself the ASGI application that sends it. ``raw_headers`` have lower-case names."""

    status: int
    raw_headers: RawHeaders
    body: bytes = b""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": self.status, "headers": self.raw_headers}
        )
        await send({"type": "http.response.body", "body": self.body})


def with_body(status: int, headers: RawHeaders, kind: bytes, body: bytes) -> Answer:
    """An answer with its media type and exact length in front of the other headers."""
    content = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    return Answer(status, [*content, *headers], body)
