"""Says whether the process is alive, and whether it can serve what is stored."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import orjson
from starlette.requests import Request

from edge.answers.answer import Answer, with_body
from edge.answers.freshness import NO_STORE

# Returns when the part works, raises anything when it does not.
Check = Callable[[], Awaitable[object]]
State = Literal["ready", "degraded", "unavailable", "draining"]

_PATIENCE = 1.0
# The page is open to everybody: however often it is asked, the parts are asked once a second.
_KEPT = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """What /ready says. ``parts`` maps each part's name to ``ok`` or ``down``."""

    status: State
    generator: str
    parts: Mapping[str, str] = field(default_factory=dict)

    @property
    def serves(self) -> bool:
        return self.status in {"ready", "degraded"}


class Readiness:
    """``needed`` parts decide whether hits can be served; ``wanted`` ones only degrade."""

    def __init__(
        self,
        *,
        generator: str,
        needed: Mapping[str, Check],
        wanted: Mapping[str, Check],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._generator = generator
        self._needed = dict(needed)
        self._wanted = dict(wanted)
        self._clock = clock
        self._draining = False
        self._report: Report | None = None
        self._until = 0.0
        self._asking = asyncio.Lock()

    def drain(self) -> None:
        """From now on the answer is 503, so that no new requests are sent here."""
        self._draining = True

    async def report(self) -> Report:
        """Ask every part at once, each for a second at most. Never raises."""
        if self._draining:
            return Report("draining", self._generator)
        async with self._asking:
            if self._report is None or self._clock() >= self._until:
                self._report = await self._ask()
                self._until = self._clock() + _KEPT
            return self._report

    async def _ask(self) -> Report:
        checks = self._needed | self._wanted
        works = await asyncio.gather(*(_works(check) for check in checks.values()))
        parts = {name: "ok" if well else "down" for name, well in zip(checks, works, strict=True)}
        down = {name for name, state in parts.items() if state == "down"}
        status: State = "degraded" if down else "ready"
        if down & self._needed.keys():
            status = "unavailable"
        return Report(status, self._generator, parts)


async def _works(check: Check) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            await check()
    except Exception:  # noqa: BLE001 - whatever is wrong with the part, it is down
        return False
    return True


async def health(_request: Request) -> Answer:
    """GET /health: the process answers. Depends on nothing."""
    return with_body(200, list(NO_STORE), b"application/json", orjson.dumps({"status": "alive"}))


class ReadyPage:
    """GET /ready: 200 ready, 200 degraded, or 503 when no hits can be served from here."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    async def show(self, _request: object) -> Answer:
        """The page."""
        report = await self._readiness.report()
        shown = {"status": report.status, "generator": report.generator, "parts": report.parts}
        status = 200 if report.serves else 503
        return with_body(status, list(NO_STORE), b"application/json", orjson.dumps(shown))
