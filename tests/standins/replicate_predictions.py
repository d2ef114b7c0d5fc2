"""A prediction of the stand-in as its API shows it, and the picture it ends in."""

import asyncio
import base64
from typing import Any

from tests.standins.replicate_picture import draw, size_of
from tests.standins.replicate_state import Standin


def public(standin: Standin, prediction: dict[str, Any], *, fresh: bool = False) -> dict[str, Any]:
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
    if do == "data":
        picture = base64.b64encode(picture_of(prediction)).decode()
        return [f"data:image/png;base64,{picture}"]
    outcome = prediction["outcome"]
    odd: dict[str, Any] = {
        "empty": [],
        "string": url,
        "dict": {"images": [url], "seed": 1},
        "host": [outcome.get("url")],
        "text": outcome.get("text"),
    }
    return odd.get(do, [url])


def picture_of(prediction: dict[str, Any]) -> bytes:
    given = prediction["input"]
    return draw(given.get("prompt", ""), prediction["number"], size_of(given))
