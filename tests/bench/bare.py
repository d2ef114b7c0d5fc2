"""The yardstick: the same server sending constant bytes, without and with Starlette.

``python -m tests.bench.bare --fd 3 --size 100000`` serves both on one socket: ``/bare`` is a
bare ASGI application, ``/route`` a Starlette route that looks at the query.
"""

import argparse
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.fleet.processes import ROOT

BARE = "/bare"
ROUTE = "/route?prompt=a+red+lighthouse&aspectRatio=1:1"


def application(body: bytes) -> Any:
    """Both yardsticks as one ASGI application."""
    headers = [(b"content-type", b"image/png"), (b"content-length", b"%d" % len(body))]

    async def route(request: Request) -> Response:
        assert request.query_params["prompt"]
        return Response(body, media_type="image/png")

    starlette = Starlette(routes=[Route("/route", route)])

    async def either(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != BARE:
            await starlette(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return either


@contextmanager
def running_bare(size: int) -> Iterator[tuple[int, int]]:
    """Yields the port and the process' id."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        port = listener.getsockname()[1]
        command = [sys.executable, "-m", "tests.bench.bare", "--size", str(size)]
        process = subprocess.Popen(
            [*command, "--fd", str(listener.fileno())], cwd=ROOT, pass_fds=[listener.fileno()]
        )
    try:
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    told = parser.parse_args()
    # As edge/server/serve.py has it, but with uvicorn's own protocol.
    config = uvicorn.Config(
        application(b"\x89" * told.size),
        loop="uvloop",
        http="httptools",
        ws="none",
        backlog=2048,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
    )
    with socket.socket(fileno=told.fd) as listener:
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
