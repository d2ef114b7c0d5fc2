"""A counting stand-in for the server behind nginx: records each request, answers by script.

It speaks HTTP/1.1 over plain streams, not ASGI, so that tests see the raw bytes nginx sends and can
cut a connection in the middle of an answer.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate

NO_STORE = {"Cache-Control": "private, no-store", "CDN-Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived: header names in lower case, the target undecoded."""

    method: str
    target: bytes
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def one(self, name: str) -> str | None:
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send. ``gate`` holds the answer back until it is set.

    ``cut_after`` closes the connection after so many bytes of the body; 0 sends nothing at all.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    gate: asyncio.Event | None = None
    cut_after: int | None = None


Script = Callable[[Asked], Answer]


def picture(body: bytes, cache_control: str, **more: str) -> Answer:
    """A stored picture as the server sends it; keyword names become header names."""
    headers = {
        "Content-Type": "image/png",
        "Cache-Control": cache_control,
        "ETag": f'"sha256-{hash(body) & 0xFFFFFFFF:08x}"',
        "Last-Modified": "Mon, 05 Jan 2026 10:00:00 GMT",
        "Accept-Ranges": "bytes",
        "X-Cache-Status": "MISS",
        "Cache-Status": "edge; fwd=uri-miss; stored",
    }
    return Answer(headers=headers | {k.replace("_", "-"): v for k, v in more.items()}, body=body)


def refusal(status: int, code: str) -> Answer:
    """An error as the server words it."""
    body = f'{{"success":false,"error":{{"code":"{code}"}}}}'.encode()
    headers = NO_STORE | {"Content-Type": "application/json", "X-From": "server"}
    return Answer(status=status, headers=headers, body=body)


class Origin:
    """A listening stand-in. ``script`` may be replaced between requests."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.script: Script = lambda _: refusal(404, "NOT_FOUND")
        self.asked: list[Asked] = []
        self.connections = 0
        self.arrived = asyncio.Condition()
        self._serving: set[asyncio.Task[None]] = set()

    def always(self, answer: Answer) -> None:
        self.script = lambda _: answer

    def in_turn(self, answers: Iterable[Answer]) -> None:
        left = iter(answers)
        self.script = lambda _: next(left)

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """Requests so far by (method, target)."""
        return Counter((one.method, one.target.decode("latin-1")) for one in self.asked)

    async def until(self, requests: int) -> None:
        """Return when so many requests have arrived in all; 10 s at most."""
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(self.asked) >= requests)

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator["Origin", None]:
        """Accept connections; a port is chosen unless one was given."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            await self.crash()

    async def crash(self) -> None:
        """Stop listening and cut every connection, whatever it is doing."""
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            while await self._exchange(reader, writer):
                pass
        # A cancelled handler would be reported by the streams as a failure; here it is the crash.
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        asked = await _read(reader)
        async with self.arrived:
            self.asked.append(asked)
            self.arrived.notify_all()
        answer = self.script(asked)
        if answer.gate is not None:
            await answer.gate.wait()
        if answer.cut_after == 0:
            return False
        body = b"" if asked.method == "HEAD" or answer.status == 304 else answer.body
        writer.write(_head(answer) + body[: answer.cut_after])
        await writer.drain()
        return answer.cut_after is None


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].split(b"\r\n")
    method, target, _ = first.split(b" ")
    headers = tuple(_field(line) for line in lines)
    length = int(dict(headers).get("content-length", "0"))
    return Asked(method.decode(), target, headers, await reader.readexactly(length))


def _field(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name.lower(), value.strip()


def _head(answer: Answer) -> bytes:
    headers = {"Date": formatdate(usegmt=True)} | dict(answer.headers)
    if answer.status != 304:
        headers.setdefault("Content-Length", str(len(answer.body)))
    lines = [f"HTTP/1.1 {answer.status} Scripted", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
