"""What the stand-in remembers: counts, predictions, and the script of its manners."""

import asyncio
from typing import Any

from starlette.requests import Request

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


def standin_of(request: Request) -> Standin:
    standin: Standin = request.app.state.standin
    return standin
