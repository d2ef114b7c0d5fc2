"""A TCP proxy that delays, cuts and swallows, to stand between us and a real server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class TcpProxy:
    """``delay`` in seconds holds back every answer; ``cut_after`` that many of its bytes the
    connection breaks."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self.delay = 0.0
        self.cut_after: int | None = None
        self.connections = 0
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def swallow(self) -> None:
        """From now on bytes are taken and go nowhere, as behind a dead cable."""
        self._open.clear()

    def pass_on(self) -> None:
        self._open.set()

    def cut(self) -> None:
        """Reset every connection of this moment."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            onward_reader, onward = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            self._tasks.discard(task)
            return
        self._writers |= {writer, onward}
        try:
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._pump(reader, onward, answers=False))
                directions.create_task(self._pump(onward_reader, writer, answers=True))
        except asyncio.CancelledError:
            pass
        finally:
            for end in (writer, onward):
                self._writers.discard(end)
                end.close()
            for end in (writer, onward):
                with suppress(OSError):
                    await end.wait_closed()
            self._tasks.discard(task)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        passed = 0
        with suppress(OSError):
            while chunk := await reader.read(65_536):
                if answers and self.delay:
                    await asyncio.sleep(self.delay)
                passed += len(chunk)
                if answers and self.cut_after is not None and passed > self.cut_after:
                    writer.transport.abort()
                    return
                await self._open.wait()
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def close(self) -> None:
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))


@asynccontextmanager
async def tcp_proxy(target: int) -> AsyncIterator[TcpProxy]:
    """A proxy on a free port of loopback in front of the port ``target``."""
    proxy = TcpProxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
