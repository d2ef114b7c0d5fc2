"""Runs the server: its socket, its processes, and what it says to whoever started it."""

import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from config.loading import export
from config.settings import Server, Settings
from edge.operations.exits import ExitCode
from edge.server.protocol import GuardedProtocol


class NotListening(Exception):
    """The address cannot be listened on; the message says why and what to do."""


def listen(server: Server) -> socket.socket:
    """Bind the address, before anything else is done. Raises NotListening."""
    where = f"{server.host}:{server.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            server.host, server.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise NotListening(f"{where} is no address of this machine; set HOST.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Claims the port now: two that only bound it would both get this far.
        listener.listen(server.backlog)
    except OSError as error:
        listener.close()
        raise NotListening(
            f"Cannot listen on {where} ({error.strerror}). "
            "Stop whoever has it, or set PORT to a free one."
        ) from error
    listener.set_inheritable(True)
    return listener


def run(settings: Settings, listener: socket.socket) -> ExitCode:
    """Serve until told to stop."""
    config = _uvicorn_config(settings)
    # Raised again by uvicorn once it has ended in good order: then it means done, not killed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if settings.server.processes == 1:
        server = uvicorn.Server(config)
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            return ExitCode.DONE
        return ExitCode.DONE if server.started else ExitCode.NOT_STARTED
    with _shared_metrics(settings) as folder:
        supervisor = _Supervisor(config, sockets=[listener], metrics=folder)
        supervisor.run()
    failed = any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes)
    return ExitCode.NOT_STARTED if failed else ExitCode.DONE


def _uvicorn_config(settings: Settings) -> uvicorn.Config:
    server = settings.server
    return uvicorn.Config(
        "edge.app:create_app",
        factory=True,
        lifespan="on",
        loop="uvloop",
        http=GuardedProtocol,
        ws="none",
        workers=server.processes,
        backlog=server.backlog,
        # Ours carry no query strings; the access log would print signatures.
        access_log=False,
        log_config=None,
        server_header=False,
        # Forwarded addresses are believed by our own rule, once, and nowhere else.
        proxy_headers=False,
        timeout_keep_alive=server.keep_alive,
        timeout_graceful_shutdown=server.request_grace,
    )


class _Supervisor(Multiprocess):
    """Keeps the processes running, each a worker on the same socket."""

    def __init__(
        self, config: uvicorn.Config, sockets: list[socket.socket], *, metrics: Path
    ) -> None:
        super().__init__(config, sockets)
        self._metrics = metrics

    def keep_subprocess_alive(self) -> None:
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for died in before - {process.pid for process in self.processes}:
            # What a dead worker had under way is not under way any more; what it counted stays.
            for gauge in self._metrics.glob(f"gauge_live*_{died}.db"):
                gauge.unlink(missing_ok=True)

    def terminate_all(self) -> None:
        # Open, it would go on taking connections that nobody is there to accept.
        for listener in self.sockets:
            listener.close()
        super().terminate_all()


@contextmanager
def _shared_metrics(settings: Settings) -> Iterator[Path]:
    """Where the processes of this run add up their metrics; the library reads the variable."""
    named = settings.metrics.folder
    if named is not None:
        named.mkdir(parents=True, exist_ok=True)
        export("PROMETHEUS_MULTIPROC_DIR", str(named))
        yield named
        return
    with tempfile.TemporaryDirectory(prefix="metrics-", dir=settings.data.folder) as fresh:
        export("PROMETHEUS_MULTIPROC_DIR", fresh)
        yield Path(fresh)
