"""Listens to one channel for ever. What is lost on the way is harmless by agreement."""

import asyncio
import logging
import random
from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError

# Seconds of silence after which the connection is tried; a second silence means it is dead.
_SILENCE = 5.0


async def listen(client: Redis, channel: str, give: Callable[[str], None]) -> None:
    """Hand every message to ``give``, reconnecting until cancelled."""
    log = logging.getLogger(__name__)
    while True:
        try:
            await _listen_once(client, channel, give)
        except (RedisError, OSError) as error:
            log.info("subscription lost, waiters poll meanwhile: %s", error)
        # Jitter, so that a fleet does not reconnect in one instant.
        await asyncio.sleep(random.uniform(0.1, 0.5))  # noqa: S311 - no secret


async def _listen_once(client: Redis, channel: str, give: Callable[[str], None]) -> None:
    async with client.pubsub() as subscription:
        await subscription.subscribe(channel)
        silent = False
        while True:
            message = await subscription.get_message(timeout=_SILENCE)
            if message is None:
                # A half-open connection stays silent for ever, also after a PING.
                if silent:
                    return
                silent = True
                await subscription.ping()
                continue
            silent = False
            if message["type"] == "message":
                give(message["data"].decode())
