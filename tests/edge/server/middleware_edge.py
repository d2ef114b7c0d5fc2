"""The middleware around any application, and applications to put inside."""

import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import structlog
from starlette.types import Receive, Scope, Send

from edge.answers.errors import ErrorAnswers
from edge.server.client_address import TrustedProxies
from edge.server.middleware import RequestMiddleware

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


class Edge:
    """The middleware around any application, with everything it says collected."""

    def __init__(self, app: Any, proxies: tuple[str, ...] = ()) -> None:
        self.written = io.BytesIO()
        log = structlog.wrap_logger(
            structlog.BytesLogger(self.written),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.dict_tracebacks,
                structlog.processors.JSONRenderer(orjson.dumps),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(20),
        )
        self.observed: list[tuple[str, str, int, float, str]] = []
        self.app = RequestMiddleware(
            app,
            answers=ErrorAnswers(lambda ratio, code: b"card", log, spread=lambda: 0.0),
            log=log,
            record=lambda line: log.info("request", **line),
            proxies=TrustedProxies(proxies),
            observe=lambda *seen: self.observed.append(seen),
        )
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def ask(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        query: bytes = b"",
        headers: dict[str, str] | None = None,
        client: tuple[str, int] | None = ("192.0.2.7", 1),
    ) -> dict[str, Any]:
        """The scope after the request was answered."""
        raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query,
            "headers": raw,
            "client": client,
            "state": {},
        }
        await self.app(scope, nothing, self.collect)
        return scope

    async def collect(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            assert not self.status
            self.status, self.headers = message["status"], list(message["headers"])
        else:
            self.body += message["body"]

    def header(self, name: str) -> str | None:
        values = [value.decode() for key, value in self.headers if key == name.encode()]
        assert len(values) <= 1
        return values[0] if values else None

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]

    def line(self) -> dict[str, Any]:
        (line,) = [line for line in self.lines() if line["event"] == "request"]
        return line


async def nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def saying(*headers: tuple[bytes, bytes], status: int = 200, body: bytes = b"hello") -> Handler:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return app


def failing(error: BaseException) -> Handler:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    return app
