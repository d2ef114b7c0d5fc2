"""The word that there is something new to read, over one channel of Redis."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

from cache.background import end
from cache.broadcast import LocalBroadcast
from cache.redis_clients import RedisClients
from cache.redis_hints import listen


class RedisBroadcast:
    """Heard by every process that listens; ``settling`` covers those that look by themselves."""

    def __init__(self, client: Redis, channel: str, heard: LocalBroadcast, settling: float) -> None:
        self.settling = settling
        self._client = client
        self._channel = channel
        self._heard = heard
        self._log = logging.getLogger(__name__)

    async def send(self) -> None:
        """Wake every listener of the fleet, this process's at once. Never raises."""
        self._heard.give()
        try:
            await self._client.publish(self._channel, b"")
        except (RedisError, OSError) as error:
            self._log.info("nobody was told, they look by themselves: %s", error)

    async def wait(self, seconds: float) -> None:
        await self._heard.wait(seconds)


@asynccontextmanager
async def redis_broadcast(
    clients: RedisClients, *, name: str, settling: float, prefix: str = "mirage:"
) -> AsyncIterator[RedisBroadcast]:
    """The channel ``name`` with one subscription behind it. Opens also while Redis is away."""
    channel, heard = f"{prefix}{name}", LocalBroadcast()
    task = asyncio.create_task(listen(clients.hints, channel, heard.give))
    try:
        yield RedisBroadcast(clients.commands, channel, heard, settling)
    finally:
        await end(task)
