"""Work that belongs to the process: many callers wait for it, none of them owns it."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cache.errors import Draining, FlightBroken, FlightsFull

if TYPE_CHECKING:
    from types import TracebackType

Result = TypeVar("Result")

# Seconds a cancelled flight has to tidy up (give its lease back) before it is left alone.
_TIDYING = 2.5


class Flight(Generic[Result]):
    """One piece of work under way. Callers come and go; it runs on."""

    def __init__(self, task: asyncio.Task[Result], *, max_waiters: int) -> None:
        self.task = task
        self._max_waiters = max_waiters
        self._waiters: set[asyncio.Future[None]] = set()
        self._broken: type[Draining | FlightBroken] = FlightBroken
        self._origin: TracebackType | None = None

    async def wait(self, seconds: float | None) -> bool:
        """True once the work has ended, however it did; False when ``seconds`` ran out before.

        Raises FlightsFull. Cancelling the caller leaves the flight alone.
        """
        if len(self._waiters) >= self._max_waiters:
            raise FlightsFull("too many callers wait for the same entry")
        # A future of its own per waiter: leaving a crowd of thousands costs each of them O(1).
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(seconds):
                await waiter
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True

    def result(self) -> Result:
        """What the work returned; raises what it raised, the same to every waiter."""
        if self.task.cancelled():
            raise self._broken("the flight was cancelled")
        error = self.task.exception()
        if error is None:
            return self.task.result()
        if not isinstance(error, Exception):
            raise FlightBroken("the flight ended with the process")
        # Thousands raise this one instance; without the reset each would lengthen its traceback.
        raise error.with_traceback(self._origin)

    def wake(self) -> None:
        """Let every waiter look at the outcome, which is also retrieved here: a flight that all
        its waiters have left must not complain that nobody asked."""
        if not self.task.cancelled():
            error = self.task.exception()
            self._origin = error.__traceback__ if error else None
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def cancel(self) -> None:
        """The process stops: the waiters learn that it is Draining."""
        self._broken = Draining
        self.task.cancel()


class Flights(Generic[Result]):
    """All flights of one kind, at most one per name."""

    def __init__(self, *, max_flights: int, max_waiters: int) -> None:
        self._max_flights = max_flights
        self._max_waiters = max_waiters
        self._flights: dict[Hashable, Flight[Result]] = {}
        self._draining = False

    def __len__(self) -> int:
        return len(self._flights)

    def __contains__(self, name: Hashable) -> bool:
        return name in self._flights

    def board(
        self, name: Hashable, work: Callable[[], Coroutine[Any, Any, Result]]
    ) -> tuple[Flight[Result], bool]:
        """The flight of this name, and whether this call started it.

        Raises FlightsFull, Draining; joining a flight under way is never refused here.
        """
        flight = self._flights.get(name)
        if flight is not None:
            return flight, False
        if self._draining:
            raise Draining("the process is stopping")
        if len(self._flights) >= self._max_flights:
            raise FlightsFull("too many entries are on their way")
        task = asyncio.get_running_loop().create_task(work())
        flight = Flight(task, max_waiters=self._max_waiters)
        # The loop holds tasks weakly; this table holds the flight until it has ended.
        self._flights[name] = flight
        task.add_done_callback(lambda _: self._land(name))
        return flight, True

    async def drain(self, seconds: float) -> int:
        """Start nothing new, wait for what is under way, cancel the rest; how many those were."""
        self._draining = True
        running = {flight.task: flight for flight in self._flights.values()}
        if not running:
            return 0
        _, late = await asyncio.wait(running, timeout=seconds)
        cut_short = len(late)
        # Twice, because a library may swallow a cancellation (see cache.background).
        for _ in range(2):
            for task in late:
                running[task].cancel()
            if late:
                _, late = await asyncio.wait(late, timeout=_TIDYING)
        return cut_short

    def _land(self, name: Hashable) -> None:
        self._flights.pop(name).wake()
