"""Speaks Replicate's HTTP API on loopback, counts every call, and misbehaves on request.

``python -m tests.standins.replicate_server --port 8001`` starts it by hand.

Control, all POST with a JSON body: ``/_reset``, ``/_hold``, ``/_release``, ``/_pace {"seconds"}``,
``/_script [{"on","do",…}]``; ``GET /_calls`` tells what happened, ``GET /_wait?created=3`` returns
once that many predictions (or ``polls``, ``downloads``, ``cancels``) were counted.

A script is a list of steps, each used ``times`` (1; -1 for ever): ``on`` names the call.

* ``create`` and ``poll``: ``429`` (``retry_after``), ``500``, ``401``, ``402``, ``404``, ``422``
  (``detail``), ``html``, ``list``, ``hang``, ``lost`` (a create that counts, its answer a 504),
  ``late`` (a create that counts, its answer held back until the next reset)
* ``outcome`` of the next prediction: ``nsfw``, ``failed`` (``error``), ``canceled``, ``aborted``,
  ``never``, ``empty``, ``string``, ``dict``, ``data``, ``host`` (``url``)
* ``file``: ``500``, ``404``, ``redirect``, ``html``, ``zero``, ``half``, ``svg``, ``gif``,
  ``animated``, ``misshapen``, ``huge`` (50,000 pixels a side), ``endless``, ``hang``
"""

import argparse
import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.standins.replicate_faults import broken_file
from tests.standins.replicate_picture import draw, size_of

_COUNTS = ("created", "polls", "cancels", "downloads")


class Standin:
    """The state behind the routes."""

    def __init__(self) -> None:
        self.changed = asyncio.Condition()
        self.serial = 0
        self.freed = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        self.freed.set()
        self.freed = asyncio.Event()
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.predictions: dict[str, dict[str, Any]] = {}
        self.creates: list[dict[str, Any]] = []
        self.download_headers: list[dict[str, str]] = []
        self.script: list[dict[str, Any]] = []
        self.held = False
        self.seconds = 0.0

    def step(self, on: str) -> dict[str, Any]:
        """The next step of the script for this call, or an empty one."""
        for step in self.script:
            if step["on"] == on and step.get("times", 1) != 0:
                step["times"] = step.get("times", 1) - 1
                return step
        return {"do": ""}

    async def count(self, what: str) -> None:
        async with self.changed:
            self.counts[what] += 1
            self.changed.notify_all()


def _refusal(step: dict[str, Any]) -> Response | None:
    """An answer that is no prediction."""
    do = step["do"]
    if do == "html":
        return HTMLResponse("<html><body>Bad gateway</body></html>")
    if do == "list":
        return JSONResponse([1, 2, 3])
    if not do.isdecimal():
        return None
    after = step.get("retry_after")
    headers = {} if after is None else {"Retry-After": str(after)}
    detail = step.get("detail", f"scripted {do}")
    return JSONResponse({"title": "Scripted", "detail": detail}, int(do), headers)


async def _create(request: Request) -> Response:
    standin: Standin = request.app.state.standin
    body = await request.json()
    step = standin.step("create")
    if step["do"] == "hang":
        await standin.freed.wait()
        # Whoever asked has left; what comes after the reset must not count this one.
        return JSONResponse({"detail": "hung"}, 504)
    refusal = _refusal(step)
    if refusal is not None:
        return refusal
    standin.serial += 1
    now = asyncio.get_running_loop().time()
    prediction = {
        "id": f"p{standin.serial:08d}",
        "number": standin.serial,
        "model": "/".join(request.path_params.values()) or None,
        "input": body.get("input", {}),
        "version": body.get("version"),
        "outcome": standin.step("outcome"),
        "ready_at": now + standin.seconds,
        "canceled": False,
        "base": str(request.base_url),
    }
    standin.predictions[prediction["id"]] = prediction
    standin.creates.append(
        {
            "id": prediction["id"],
            "model": prediction["model"],
            "version": prediction["version"],
            "input": prediction["input"],
            "headers": dict(request.headers),
        }
    )
    await standin.count("created")
    if step["do"] == "late":
        await standin.freed.wait()
    if step["do"] in {"lost", "late"}:
        return JSONResponse({"detail": "lost"}, 504)
    return JSONResponse(_public(standin, prediction, fresh=True), 201)


async def _get(request: Request) -> Response:
    standin: Standin = request.app.state.standin
    await standin.count("polls")
    step = standin.step("poll")
    if step["do"] == "hang":
        await standin.freed.wait()
    refusal = _refusal(step)
    if refusal is not None:
        return refusal
    prediction = standin.predictions.get(request.path_params["id"])
    if prediction is None:
        return JSONResponse({"detail": "Not found"}, 404)
    return JSONResponse(_public(standin, prediction))


async def _cancel(request: Request) -> Response:
    standin: Standin = request.app.state.standin
    await standin.count("cancels")
    prediction = standin.predictions.get(request.path_params["id"])
    if prediction is None:
        return JSONResponse({"detail": "Not found"}, 404)
    prediction["canceled"] = True
    return JSONResponse(_public(standin, prediction))


def _public(standin: Standin, prediction: dict[str, Any], *, fresh: bool = False) -> dict[str, Any]:
    status, error, output = _state(standin, prediction, fresh=fresh)
    return {
        "id": prediction["id"],
        "model": prediction["model"] or "hidden/model",
        "version": prediction["version"] or "hidden",
        "status": status,
        "input": prediction["input"],
        "output": output,
        "error": error,
        "logs": "",
        "created_at": "2026-01-01T00:00:00.000Z",
        "urls": {"get": f"{prediction['base']}v1/predictions/{prediction['id']}"},
    }


def _state(
    standin: Standin, prediction: dict[str, Any], *, fresh: bool
) -> tuple[str, str | None, Any]:
    outcome = prediction["outcome"]
    do = outcome["do"]
    if prediction["canceled"]:
        return "canceled", None, None
    running = asyncio.get_running_loop().time() < prediction["ready_at"]
    if fresh or running or standin.held or do == "never":
        return ("starting" if fresh else "processing"), None, None
    if do == "nsfw":
        return "failed", "NSFW content detected. Try running it again.", None
    if do == "failed":
        return "failed", outcome.get("error", "CUDA out of memory"), None
    if do in ("canceled", "aborted"):
        return do, None, None
    return "succeeded", None, _output(prediction, do)


def _output(prediction: dict[str, Any], do: str) -> Any:
    url = f"{prediction['base']}files/{prediction['id']}/out-0.png"
    match do:
        case "empty":
            return []
        case "string":
            return url
        case "dict":
            return {"images": [url], "seed": 1}
        case "data":
            picture = base64.b64encode(_picture(prediction)).decode()
            return [f"data:image/png;base64,{picture}"]
        case "host":
            return [prediction["outcome"]["url"]]
    return [url]


def _picture(prediction: dict[str, Any]) -> bytes:
    given = prediction["input"]
    return draw(given.get("prompt", ""), prediction["number"], size_of(given))


async def _file(request: Request) -> Response:
    standin: Standin = request.app.state.standin
    standin.download_headers.append(dict(request.headers))
    await standin.count("downloads")
    prediction = standin.predictions.get(request.path_params["id"])
    step = standin.step("file")
    if prediction is None or step["do"] == "404":
        return Response(status_code=404)
    match step["do"]:
        case "500":
            return Response(status_code=500)
        case "redirect":
            return Response(status_code=302, headers={"Location": str(request.url)})
        case "endless":
            return StreamingResponse(_endless(), media_type="image/png")
        case "hang":
            return StreamingResponse(_silence(standin.freed), media_type="image/png")
    picture = await asyncio.to_thread(_picture, prediction)
    return Response(broken_file(step["do"], picture), media_type="image/png")


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(5 * 1024 * 16):
        yield b"\x89PNG" * (16 * 1024)


async def _silence(freed: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"\x89PNG\r\n\x1a\n"
    await freed.wait()


async def _calls(request: Request) -> Response:
    standin: Standin = request.app.state.standin
    return JSONResponse(
        {**standin.counts, "creates": standin.creates, "downloadHeaders": standin.download_headers}
    )


async def _control(request: Request) -> Response:
    standin: Standin = request.app.state.standin
    match request.path_params["what"]:
        case "reset":
            standin.reset()
        case "hold":
            standin.held = True
        case "release":
            standin.held = False
        case "pace":
            standin.seconds = float((await request.json())["seconds"])
        case "script":
            standin.script.extend(await request.json())
        case _:
            return Response(status_code=404)
    return JSONResponse({})


async def _wait(request: Request) -> Response:
    standin: Standin = request.app.state.standin
    wanted = {name: int(value) for name, value in request.query_params.items()}
    async with asyncio.timeout(30), standin.changed:
        await standin.changed.wait_for(
            lambda: all(standin.counts[name] >= value for name, value in wanted.items())
        )
    return JSONResponse(standin.counts)


def create_app() -> Starlette:
    app = Starlette(
        routes=[
            Route("/v1/models/{owner}/{name}/predictions", _create, methods=["POST"]),
            Route("/v1/predictions", _create, methods=["POST"]),
            Route("/v1/predictions/{id}", _get),
            Route("/v1/predictions/{id}/cancel", _cancel, methods=["POST"]),
            Route("/files/{id}/{name}", _file),
            Route("/_calls", _calls),
            Route("/_wait", _wait),
            Route("/_{what}", _control, methods=["POST"]),
        ]
    )
    app.state.standin = Standin()
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--fd", type=int, help="a listening socket to serve on, for the tests")
    options = parser.parse_args()
    if options.fd is not None:
        listener = socket.socket(fileno=options.fd)
    else:
        listener = socket.create_server(("127.0.0.1", options.port), backlog=2048)
    config = uvicorn.Config(
        create_app(),
        log_level="warning",
        access_log=False,
        backlog=2048,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
