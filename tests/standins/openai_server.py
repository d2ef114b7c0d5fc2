"""Speaks OpenAI's images and chat APIs on loopback, counts every call, and misbehaves on request.

``python -m tests.standins.openai_server --port 8002`` starts it by hand; its base URL ends in /v1.

Control, all POST with a JSON body: ``/_reset``, ``/_hold``, ``/_release``,
``/_script [{"on","do",…}]``; ``GET /_calls`` tells what happened, ``GET /_wait?images=3`` returns
once that many calls (``images``, ``chats``, ``lists``, ``downloads``, ``hangups``) were counted.

A script is a list of steps, each used ``times`` (1; -1 for ever): ``on`` names the call.

* every call: a status, say ``429`` (``code``, ``message``, ``retry_after``), ``html``, ``list``,
  ``hang``, ``cut`` (half an answer)
* ``image``: ``empty``, ``garbled`` (no base64), ``url``, ``data``, ``host`` (``url``), ``lost`` (a
  504 that counts); while held no picture ends, and callers who leave are ``hangups``
* ``chat``: ``say`` (``text``), ``empty``, ``refusal``, ``filtered``
* ``list``: ``names`` (``names``)
* ``file``: ``404``, ``redirect``
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

from tests.standins.replicate_picture import draw, size_of

_COUNTS = ("images", "chats", "lists", "downloads", "hangups")
_NAMES = ["gpt-image-1", "gpt-test"]


class Standin:
    """The state behind the routes."""

    def __init__(self) -> None:
        self.changed = asyncio.Condition()
        self.freed = asyncio.Event()
        self.reset()

    def reset(self) -> None:
        self.freed.set()
        self.freed = asyncio.Event()
        self.held = False
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.asked: list[dict[str, Any]] = []
        self.download_headers: list[dict[str, str]] = []
        self.script: list[dict[str, Any]] = []
        self.pictures: list[bytes] = []

    def step(self, on: str) -> dict[str, Any]:
        """The next step of the script for this call, or an empty one."""
        for step in self.script:
            if step["on"] == on and step.get("times", 1) != 0:
                step["times"] = step.get("times", 1) - 1
                return step
        return {"do": ""}

    async def count(self, what: str) -> int:
        async with self.changed:
            self.counts[what] += 1
            self.changed.notify_all()
            return self.counts[what]


async def _fault(request: Request, step: dict[str, Any]) -> Response | None:
    """What any call may come to instead of its answer."""
    match step["do"]:
        case "html":
            return HTMLResponse("<html><body>Welcome</body></html>")
        case "list":
            return JSONResponse([1, 2, 3])
        case "cut":
            return StreamingResponse(_half(), headers={"Content-Length": "500"})
        case "hang":
            await _freed_or_left(request)
            return Response(status_code=503)
        case do if do.isdecimal():
            after = step.get("retry_after")
            headers = {} if after is None else {"Retry-After": str(after)}
            if do.startswith("3"):
                headers["Location"] = str(request.url)
            code, message = step.get("code"), step.get("message", f"scripted {do}")
            error = {"message": message, "type": "scripted", "param": None, "code": code}
            return JSONResponse({"error": error}, int(do), headers)
    return None


async def _half() -> AsyncIterator[bytes]:
    yield b'{"created": 1, '


async def _freed_or_left(request: Request) -> None:
    """Return at the release, or when the caller hangs up."""
    standin: Standin = request.app.state.standin
    freed = asyncio.create_task(standin.freed.wait())
    left = asyncio.create_task(_left(request))
    done, waiting = await asyncio.wait([freed, left], return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
    if left in done:
        await standin.count("hangups")


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _note(
    request: Request, on: str, what: str
) -> tuple[dict[str, Any], int, Response | None]:
    """The call's body, its number, and the answer the script wants instead of a real one."""
    standin: Standin = request.app.state.standin
    body = await request.json() if request.method == "POST" else {}
    standin.asked.append({"on": on, "body": body, "headers": dict(request.headers)})
    step = standin.step(on)
    number = await standin.count(what)
    return {**body, "_step": step}, number, await _fault(request, step)


async def _image(request: Request) -> Response:
    standin: Standin = request.app.state.standin
    body, number, fault = await _note(request, "image", "images")
    if fault is not None:
        return fault
    if standin.held:
        await _freed_or_left(request)
    step = body["_step"]
    if step["do"] == "lost":
        return JSONResponse({"error": {"message": "upstream timed out"}}, 504)
    picture = await asyncio.to_thread(draw, body["prompt"], number, size_of(body))
    standin.pictures.append(picture)
    own = f"{request.base_url}files/{len(standin.pictures) - 1}.png"
    text = base64.b64encode(picture).decode()
    data = {
        "empty": [],
        "garbled": [{"b64_json": "%%%"}],
        "url": [{"url": own}],
        "host": [{"url": step.get("url")}],
        "data": [{"b64_json": f"data:image/png;base64,{text}"}],
    }.get(step["do"], [{"b64_json": text}])
    return JSONResponse({"created": 1, "data": data, "usage": {"total_tokens": 1}})


async def _chat(request: Request) -> Response:
    body, _, fault = await _note(request, "chat", "chats")
    if fault is not None:
        return fault
    step = body["_step"]
    said = {
        "say": step.get("text"),
        "empty": "",
        "refusal": None,
    }.get(step["do"], "A red lighthouse on a cliff at dusk, warm light, fine detail")
    message = {"role": "assistant", "content": said, "refusal": None}
    if step["do"] == "refusal":
        message["refusal"] = "I cannot help with that."
    reason = "content_filter" if step["do"] == "filtered" else "stop"
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return JSONResponse({"object": "chat.completion", "model": body["model"], "choices": [choice]})


async def _list(request: Request) -> Response:
    body, _, fault = await _note(request, "list", "lists")
    if fault is not None:
        return fault
    if request.headers.get("authorization") == "Bearer refused":
        return JSONResponse({"error": {"code": "invalid_api_key", "message": "no"}}, 401)
    names = body["_step"].get("names", _NAMES)
    return JSONResponse({"object": "list", "data": [{"id": name} for name in names]})


async def _file(request: Request) -> Response:
    standin: Standin = request.app.state.standin
    standin.download_headers.append(dict(request.headers))
    await standin.count("downloads")
    fault = await _fault(request, standin.step("file"))
    picture = standin.pictures[request.path_params["number"]]
    return fault or Response(picture, media_type="image/png")


async def _calls(request: Request) -> Response:
    standin: Standin = request.app.state.standin
    return JSONResponse(
        {**standin.counts, "asked": standin.asked, "downloadHeaders": standin.download_headers}
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
            standin.freed.set()
            standin.freed = asyncio.Event()
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
            Route("/v1/images/generations", _image, methods=["POST"]),
            Route("/v1/chat/completions", _chat, methods=["POST"]),
            Route("/v1/models", _list),
            Route("/files/{number:int}.png", _file),
            Route("/_calls", _calls),
            Route("/_wait", _wait),
            Route("/_{what}", _control, methods=["POST"]),
        ]
    )
    app.state.standin = Standin()
    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=8002)
    parser.add_argument("--fd", type=int, help="a listening socket to serve on, for the tests")
    options = parser.parse_args()
    if options.fd is not None:
        listener = socket.socket(fileno=options.fd)
    else:
        listener = socket.create_server(("127.0.0.1", options.port), backlog=2048)
    config = uvicorn.Config(
        create_app(),
        log_level="critical",
        access_log=False,
        backlog=2048,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
