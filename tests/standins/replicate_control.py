"""The stand-in's own routes, by which a test counts, waits and misbehaves."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.standins.replicate_state import standin_of


async def calls(request: Request) -> Response:
    standin = standin_of(request)
    return JSONResponse(
        {**standin.counts, "creates": standin.creates, "downloadHeaders": standin.download_headers}
    )


async def control(request: Request) -> Response:
    standin = standin_of(request)
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


async def wait(request: Request) -> Response:
    standin = standin_of(request)
    wanted = {name: int(value) for name, value in request.query_params.items()}
    async with asyncio.timeout(30), standin.changed:
        await standin.changed.wait_for(
            lambda: all(standin.counts[name] >= value for name, value in wanted.items())
        )
    return JSONResponse(standin.counts)
