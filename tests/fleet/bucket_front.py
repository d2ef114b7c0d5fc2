"""Stands between a server and its object store, and refuses what a test wants refused."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect: *100-continue", re.IGNORECASE)
_REFUSAL = b"<Error><Code>SlowDown</Code><Message>Not now.</Message></Error>"


class BucketFront:
    """Passes one request per connection on, so that nobody has to know where an answer ends.

    While it ``swallows`` nothing is ever answered; a method in ``refused`` gets a 503.
    ``seen`` lists the methods that came, refused or not.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.refused: set[str] = set()
        self.swallows = False
        self.seen: list[str] = []
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._one(reader, writer)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if _EXPECTS.search(head):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            head = _EXPECTS.sub(b"", head)
        found = _LENGTH.search(head)
        body = await reader.readexactly(int(found[1])) if found else b""
        method = head.split(b" ", 1)[0].decode()
        self.seen.append(method)
        if self.swallows:
            await reader.read(-1)
        elif method in self.refused:
            writer.write(
                b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\n"
                b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(_REFUSAL), _REFUSAL)
            )
            await writer.drain()
        else:
            await self._pass_on(
                head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), body, writer
            )

    async def _pass_on(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        answer, onward = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            onward.write(head + body)
            while chunk := await answer.read(65_536):
                writer.write(chunk)
                await writer.drain()
        finally:
            onward.close()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))


@asynccontextmanager
async def bucket_front(target: int) -> AsyncIterator[BucketFront]:
    """On a free port of loopback, in front of the port ``target``."""
    front = BucketFront(target)
    server = await asyncio.start_server(front.serve, "127.0.0.1", 0)
    front.port = server.sockets[0].getsockname()[1]
    try:
        yield front
    finally:
        server.close()
        await front.close()
        await server.wait_closed()
