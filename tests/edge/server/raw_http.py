"""A real server on a free port, and a client that sends whatever bytes it is told to."""

import json
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from edge.server.protocol import GuardedProtocol

PATIENCE = 10.0


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@contextmanager
def serving(
    app: Any, *, loop: str = "asyncio", protocol: type[GuardedProtocol] = GuardedProtocol
) -> Iterator[int]:
    """Yields the port. The server ends with the block."""
    config = uvicorn.Config(
        app, http=protocol, loop=loop, ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert server.up.wait(PATIENCE)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)
            assert not thread.is_alive()


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def talk(port: int, pieces: bytes | Iterable[bytes], *, heads_only: bool = False) -> list[Reply]:
    """Send the pieces, one packet each, and read the replies until the server hangs up."""
    if isinstance(pieces, bytes):
        pieces = [pieces]
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received: list[bytes] = []
        reader = threading.Thread(target=_read_all, args=(connection, received))
        reader.start()
        try:
            for piece in pieces:
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass
        reader.join(PATIENCE)
        assert not reader.is_alive(), b"".join(received)[-300:]
    return parse(b"".join(received), heads_only=heads_only)


def _read_all(connection: socket.socket, received: list[bytes]) -> None:
    try:
        while data := connection.recv(65_536):
            received.append(data)
    except ConnectionResetError:
        received.append(b"RESET")


def parse(stream: bytes, *, heads_only: bool = False) -> list[Reply]:
    replies = []
    while stream:
        head, separator, stream = stream.partition(b"\r\n\r\n")
        assert separator, head
        line, *fields = head.decode("latin-1").split("\r\n")
        version, status, _ = line.split(" ", 2)
        assert version == "HTTP/1.1"
        headers = {}
        for field in fields:
            name, _, value = field.partition(": ")
            assert name not in headers, name
            headers[name] = value
        length = 0 if heads_only else int(headers.get("content-length", "0"))
        assert len(stream) >= length
        replies.append(Reply(int(status), headers, stream[:length]))
        stream = stream[length:]
    return replies
