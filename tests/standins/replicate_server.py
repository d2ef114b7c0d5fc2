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
  ``never``, ``empty``, ``string``, ``dict``, ``data``, ``host`` (``url``), ``text`` (``text``)
* ``file``: ``500``, ``404``, ``redirect``, ``html``, ``zero``, ``half``, ``svg``, ``gif``,
  ``animated``, ``misshapen``, ``huge`` (50,000 pixels a side), ``endless``, ``hang``
"""

import argparse
import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.standins.replicate_control import calls, control, wait
from tests.standins.replicate_faults import broken_file
from tests.standins.replicate_predictions import picture_of, public
from tests.standins.replicate_state import Standin, standin_of


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
    standin = standin_of(request)
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
    return JSONResponse(public(standin, prediction, fresh=True), 201)


async def _get(request: Request) -> Response:
    standin = standin_of(request)
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
    return JSONResponse(public(standin, prediction))


async def _cancel(request: Request) -> Response:
    standin = standin_of(request)
    await standin.count("cancels")
    prediction = standin.predictions.get(request.path_params["id"])
    if prediction is None:
        return JSONResponse({"detail": "Not found"}, 404)
    prediction["canceled"] = True
    return JSONResponse(public(standin, prediction))


async def _file(request: Request) -> Response:
    standin = standin_of(request)
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
    picture = await asyncio.to_thread(picture_of, prediction)
    return Response(broken_file(step["do"], picture), media_type="image/png")


async def _endless() -> AsyncIterator[bytes]:
    for _ in range(5 * 1024 * 16):
        yield b"\x89PNG" * (16 * 1024)


async def _silence(freed: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"\x89PNG\r\n\x1a\n"
    await freed.wait()


def create_app() -> Starlette:
    app = Starlette(
        routes=[
            Route("/v1/models/{owner}/{name}/predictions", _create, methods=["POST"]),
            Route("/v1/predictions", _create, methods=["POST"]),
            Route("/v1/predictions/{id}", _get),
            Route("/v1/predictions/{id}/cancel", _cancel, methods=["POST"]),
            Route("/files/{id}/{name}", _file),
            Route("/_calls", calls),
            Route("/_wait", wait),
            Route("/_{what}", control, methods=["POST"]),
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
