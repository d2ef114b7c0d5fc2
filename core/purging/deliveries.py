"""Tells CDNs what was purged: each delivery is sent until it is taken, for a day at most."""

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta

import structlog

from core.errors import EdgeError
from core.models import Project
from core.purging.delivery_ports import CdnHook, Delivery, DeliveryBook, DeliveryMeter, Told

PATIENCE = timedelta(hours=24)
_FIRST_PAUSE, _LONGEST_PAUSE, _DOUBLINGS = 1.0, 600.0, 10
# A receiver may ask for more time than it would get, but not for the whole day.
_LONGEST_ASKED = 3600.0
_AT_ONCE = 4
_EVERY, _TIDY_EVERY = 1.0, 3600.0
_KEPT = timedelta(days=7)
_GLANCE = 0.05


class NoDeliveries:
    """Nobody has to be told."""

    async def announce(self, project: Project, number: int, tags: tuple[str, ...]) -> None:
        """As Announcements.announce."""

    async def receipts(self, project: Project, number: int, *, wait: float) -> list[Delivery]:  # noqa: ARG002 - as Receipts
        """As Receipts.receipts."""
        return []


class Deliveries:
    """Sends what is due, in this process and beside others.

    What fails is repeated as Stripe and Svix do it: every answer but 2xx is a failure, 4xx too,
    because a wrong token can be mended within the day, and a message thrown away cannot.
    In seconds: ``call_timeout`` is how long one call takes at most, ``held_back`` after how long a
    new delivery is due, ``again`` when the CDN is told once more, because a store between it and
    us may have answered it with a copy of before; 0 is never. ``jitter`` spreads pauses.
    """

    def __init__(
        self,
        book: DeliveryBook,
        hook: CdnHook,
        meter: DeliveryMeter,
        *,
        call_timeout: float,
        held_back: float = 0.0,
        again: float = 0.0,
        jitter: Callable[[float], float] = lambda pause: pause * random.uniform(0.8, 1.2),  # noqa: S311 - no secret
    ) -> None:
        self._book = book
        self._hook = hook
        self._meter = meter
        self._held_back = held_back
        self._again = timedelta(seconds=again) if again else None
        self._jitter = jitter
        # Whoever dies while sending is replaced after this; each part that is taken renews it.
        self._lease = timedelta(seconds=2 * call_timeout + 5)
        self._news = asyncio.Event()
        self._under_way = 0
        self._log = structlog.get_logger("deliveries")

    async def announce(self, project: Project, number: int, tags: tuple[str, ...]) -> None:  # noqa: ARG002 - as Announcements
        """As Announcements.announce: it is sent as soon as it is due."""
        asyncio.get_running_loop().call_later(self._held_back, self._news.set)

    async def receipts(self, project: Project, number: int, *, wait: float) -> list[Delivery]:
        """As Receipts.receipts; another process may be the one that sends."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._held_back + wait
        while True:
            found = await self._book.of_purge(project.id, number)
            settled = all(one.attempts or one.state != "pending" for one in found)
            if settled or loop.time() >= deadline:
                return found
            await asyncio.sleep(_GLANCE)

    async def run(self) -> None:
        """Send until cancelled."""
        loop = asyncio.get_running_loop()
        tidy_at = loop.time()
        async with asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                for delivery in await self._claimed():
                    group.create_task(self._work(delivery))
                if loop.time() >= tidy_at:
                    tidy_at = loop.time() + _TIDY_EVERY
                    await self._tidy()
                await self._until_news()

    async def send_due(self) -> None:
        """Try once what is due now: for programs that do not stay."""
        for delivery in await self._claimed():
            await self._work(delivery)

    async def _until_news(self) -> None:
        try:
            async with asyncio.timeout(_EVERY):
                await self._news.wait()
        except TimeoutError:
            return

    async def _claimed(self) -> list[Delivery]:
        free = _AT_ONCE - self._under_way
        if free <= 0:
            return []
        try:
            claimed = await self._book.claim(free, self._lease)
        except EdgeError as error:
            self._log.warning("deliveries_unreachable", error=type(error).__name__)
            return []
        except Exception:  # noqa: BLE001 - a bug in one round must not end all later ones
            self._log.exception("deliveries_crashed")
            return []
        self._under_way += len(claimed)
        return claimed

    async def _tidy(self) -> None:
        try:
            await self._book.forget(_KEPT)
        except EdgeError as error:
            self._log.warning("deliveries_unreachable", error=type(error).__name__)

    async def _work(self, delivery: Delivery) -> None:
        """Send one that was claimed; never raises, so that one message does not end all others."""
        try:
            await self._send(delivery)
        except asyncio.CancelledError:
            # Whoever starts next sends it at once, instead of waiting for the lease to end.
            await asyncio.shield(self._give_back(delivery))
            raise
        except EdgeError as error:
            # Sent or not, it is not on record: it will be sent again.
            name = type(error).__name__
            self._log.warning("delivery_unrecorded", delivery=delivery.id, error=name)
        except Exception:  # noqa: BLE001 - as above
            self._log.exception("delivery_crashed", delivery=delivery.id)
        finally:
            self._under_way -= 1
            self._news.set()

    async def _give_back(self, delivery: Delivery) -> None:
        try:
            await self._book.release(delivery)
        except EdgeError as error:
            self._log.warning("deliveries_unreachable", error=type(error).__name__)

    async def _send(self, delivery: Delivery) -> None:
        tags, done, told = delivery.tags, delivery.told, Told(taken=True, status=None)
        while done < len(tags):
            told = await self._hook.tell(delivery.id, tags[done : done + self._hook.batch])
            if not told.taken:
                await self._repeat(delivery, told)
                return
            done += self._hook.batch
            if done < len(tags):
                await self._book.advance(delivery, done, self._lease)
        await self._book.deliver(delivery, told.status, self._again)
        self._meter.told("delivered")

    async def _repeat(self, delivery: Delivery, told: Told) -> None:
        pause = self._pause(delivery.attempts, told.retry_after)
        state = await self._book.postpone(delivery, told.status, pause, PATIENCE)
        attempts = delivery.attempts + 1
        noted = {"delivery": delivery.id, "status": told.status, "attempts": attempts}
        if state == "failed":
            self._meter.told("failed")
            self._log.error("cdn_not_told", tags=delivery.tags, **noted)
            return
        self._meter.told("retried")
        # An answer 4xx is rarely better the next time, unless somebody mends the settings.
        refused = told.status is not None and 400 <= told.status < 500 and told.status != 429
        tell = self._log.error if refused and attempts == 1 else self._log.warning
        tell("cdn_told_in_vain", retry_in=round(pause.total_seconds(), 1), **noted)

    def _pause(self, attempts: int, asked: float | None) -> timedelta:
        doubled = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(attempts, _DOUBLINGS))
        asked = min(asked or 0.0, _LONGEST_ASKED)
        return timedelta(seconds=max(self._jitter(doubled), asked))
