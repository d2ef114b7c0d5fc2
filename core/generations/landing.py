"""What else has to happen with a new picture, before and after its generation shows as done."""

from typing import Protocol

import structlog

from cache.entry import Entry
from cache.tier import Fill, Lease
from core.errors import EdgeError
from core.failures import shared
from core.models import Generation


class Landing(Protocol):
    """Called for the picture of one generation, by whoever carries that generation through."""

    async def spared(self) -> Entry | None:
        """The picture that has made the work needless, under the identity of the work; asked
        before anything is spent. None: there is none."""

    async def arrived(self, entry: Entry) -> None:
        """The picture is stored, and its generation not shown as done yet."""

    async def recorded(self, generation: Generation) -> None:
        """The generation is done, with its image on record."""


class NoLanding:
    """Nothing more has to happen."""

    async def spared(self) -> Entry | None:
        return None

    async def arrived(self, entry: Entry) -> None: ...

    async def recorded(self, generation: Generation) -> None: ...


class LandingFill:
    """A fill whose landing is called first, before it begins and when it has ended."""

    def __init__(self, fill: Fill, landing: Landing) -> None:
        self.payer = fill.payer
        self._fill = fill
        self._landing = landing
        self._log = structlog.get_logger("landing")

    async def __call__(self, lease: Lease) -> Entry:
        try:
            spared = await self._landing.spared()
        except EdgeError as error:
            raise shared(error) from error
        return await self._fill(lease) if spared is None else spared

    async def landed(self, entry: Entry, *, first: bool, stored: bool) -> bool | None:
        if stored:
            try:
                await self._landing.arrived(entry)
            except Exception:  # noqa: BLE001 - the picture is paid for: it is booked all the same
                self._log.exception("landing_failed", image=entry.meta.get("image"))
        return await self._fill.landed(entry, first=first, stored=stored)
