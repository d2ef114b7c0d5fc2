"""Leases across the fleet: a token in Redis, renewed while its holder lives."""

import asyncio
import logging
import random
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from cache.background import end
from cache.errors import CoordinatorUnavailable, LeaseLost
from cache.leases import Hints
from cache.redis_clients import RedisClients
from cache.redis_hints import listen
from cache.tier import Lease

_RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
"""
# Tokens whose fate is unknown: how many are remembered.
_UNRESOLVED = 1024


class RedisLeases:
    """``ttl`` in seconds: a holder that dies is replaced within ``ttl`` + 0.5 s.

    ``poll`` bounds, in seconds, the jittered interval at which a waiter looks by itself.
    """

    def __init__(
        self,
        client: Redis,
        hints: Hints,
        *,
        prefix: str = "mirage:",
        ttl: float = 15.0,
        poll: tuple[float, float] = (0.25, 0.5),
    ) -> None:
        self._client = client
        self._hints = hints
        self._prefix = prefix
        self._ttl = ttl
        self._poll = poll
        self._renew = client.register_script(_RENEW)
        self._release = client.register_script(_RELEASE)
        self._unresolved: OrderedDict[str, str] = OrderedDict()

    async def acquire(self, slot: str) -> Lease | None:
        """As Leases.acquire. A reply that got lost is recognised by the token, now or next time."""
        token = self._unresolved.pop(slot, None) or secrets.token_hex(16)
        asked = time.monotonic()
        try:
            holder = await self._set(slot, token)
            held = RedisLease(self, slot, token, ttl=self._ttl, since=asked)
            if holder == token and not await held.renew():
                # Recognised, but expired since: as if it had never been ours.
                return None
        except (RedisError, OSError) as error:
            self._remember(slot, token)
            raise CoordinatorUnavailable(f"no lease can be had: {error}") from error
        except asyncio.CancelledError:
            self._remember(slot, token)
            raise
        if holder is not None and holder != token:
            return None
        held.keep()
        return held

    async def wait(self, slot: str) -> bool:
        """As Leases.wait: at most four commands per second."""
        if await self._hints.wait(slot, random.uniform(*self._poll)):  # noqa: S311 - no secret
            return True
        try:
            return not await self._client.exists(self.name_of(slot))
        except (RedisError, OSError) as error:
            raise CoordinatorUnavailable(f"the lease cannot be watched: {error}") from error

    async def renew(self, slot: str, token: str) -> bool:
        """Whether the token still held the lease, which then lasts ``ttl`` from now."""
        lasting = round(self._ttl * 1000)
        return bool(await self._renew(keys=[self.name_of(slot)], args=[token, lasting]))

    async def release(self, slot: str, token: str) -> None:
        """Delete the lease if the token holds it, and tell the fleet."""
        await self._release(keys=[self.name_of(slot)], args=[token, channel_of(self._prefix), slot])

    def name_of(self, slot: str) -> str:
        return f"{self._prefix}lease:{{{slot}}}"

    async def _set(self, slot: str, token: str) -> str | None:
        """Who held the lease before: None when it is ours now, our token when it was already."""
        try:
            holder = await self._ask(slot, token)
        except (RedisConnectionError, RedisTimeoutError):
            # The reply may have been lost after the deed: the same token tells.
            holder = await self._ask(slot, token)
        return None if holder is None else holder.decode()

    async def _ask(self, slot: str, token: str) -> bytes | None:
        lasting = round(self._ttl * 1000)
        holder = await self._client.set(self.name_of(slot), token, nx=True, px=lasting, get=True)
        assert holder is None or isinstance(holder, bytes), "the client must not decode"
        return holder

    def _remember(self, slot: str, token: str) -> None:
        self._unresolved[slot] = token
        if len(self._unresolved) > _UNRESOLVED:
            self._unresolved.popitem(last=False)


class RedisLease:
    """Held since ``since`` on the monotonic clock, and renewed in the background from ``keep``."""

    def __init__(
        self, leases: RedisLeases, slot: str, token: str, *, ttl: float, since: float
    ) -> None:
        self._leases = leases
        self._slot = slot
        self._token = token
        self._ttl = ttl
        self._renewed = since
        self._lost = False
        self._released = False
        self._renewing: asyncio.Task[None] | None = None
        self._log = logging.getLogger(__name__)

    def ensure_held(self) -> None:
        # Two thirds leave the last one for clocks that run apart and for what is done meanwhile.
        if self._lost or time.monotonic() - self._renewed > self._ttl * 2 / 3:
            raise LeaseLost("the lease was not renewed in time")

    async def renew(self) -> bool:
        """Renew once; False when the lease is gone. Raises RedisError, OSError."""
        asked = time.monotonic()
        if not await self._leases.renew(self._slot, self._token):
            self._lost = True
            return False
        self._renewed = asked
        return True

    def keep(self) -> None:
        """Renew at every third of the time to live, until released or lost."""
        self._renewing = asyncio.get_running_loop().create_task(self._keep_renewing())

    async def release(self) -> None:
        self._released = True
        if self._renewing is not None:
            await end(self._renewing)
        for _ in range(2):
            try:
                await self._leases.release(self._slot, self._token)
            except (RedisError, OSError) as error:
                self._log.warning("lease not released, it will expire: %s", error)
            else:
                return

    async def _keep_renewing(self) -> None:
        pause = self._ttl / 3
        while not (self._lost or self._released):
            await asyncio.sleep(pause)
            try:
                await self.renew()
                pause = self._ttl / 3
            except (RedisError, OSError) as error:
                self._log.warning("lease not renewed, trying again: %s", error)
                pause = self._ttl / 15


def channel_of(prefix: str) -> str:
    """The one channel on which freed slots are named."""
    return f"{prefix}freed"


@asynccontextmanager
async def redis_leases(
    clients: RedisClients, *, prefix: str = "mirage:", ttl: float = 15.0
) -> AsyncIterator[RedisLeases]:
    """Leases with one subscription behind them. Opens also while Redis is away."""
    hints = Hints()
    task = asyncio.create_task(listen(clients.hints, channel_of(prefix), hints.give))
    try:
        yield RedisLeases(clients.commands, hints, prefix=prefix, ttl=ttl)
    finally:
        await end(task)
