"""Connections to Redis or Valkey: explicit timeouts, a waiting pool, and checks for the start."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError
from redis.maint_notifications import MaintNotificationsConfig

from cache.errors import TierUnavailable

# SET … NX … GET, by which a lease recognises its own token, came with 7.0.
_OLDEST = (7, 0)
# Seconds a caller waits for a free connection before it counts as a failure.
_POOL_WAIT = 0.25
# Freed leases, and purges.
_SUBSCRIPTIONS = 2
# Seconds of idleness after which a connection is tried before it is used.
_HEALTH_CHECK = 15


@dataclass(frozen=True, slots=True)
class RedisClients:
    """``commands`` for everything that answers at once, ``hints`` for the subscriptions."""

    commands: Redis
    hints: Redis


@asynccontextmanager
async def redis_clients(
    url: str,
    *,
    connections: int = 50,
    connect_timeout: float = 0.25,
    timeout: float = 0.5,
) -> AsyncIterator[RedisClients]:
    """Open both clients; nothing connects before its first command. Times are seconds.

    The library's defaults (5 s, ten retries) turn slow into down. Nothing is retried here:
    whoever knows a command to be repeatable repeats it.
    """
    commands = _client(url, connections, connect_timeout, timeout)
    hints = _client(url, _SUBSCRIPTIONS, connect_timeout, timeout)
    try:
        yield RedisClients(commands, hints)
    finally:
        await hints.aclose()
        await commands.aclose()


def _client(url: str, connections: int, connect_timeout: float, timeout: float) -> Redis:
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=_POOL_WAIT,
        socket_connect_timeout=connect_timeout,
        socket_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=_HEALTH_CHECK,
        driver_info=None,
        # While these are on, the pool hands out connections with unread replies in them.
        maint_notifications_config=MaintNotificationsConfig(enabled=False),
    )
    return Redis.from_pool(pool)


async def unfit(client: Redis) -> str | None:
    """What makes this server unusable, as a sentence that says how to mend it; None if nothing.

    Raises TierUnavailable when it cannot be asked.
    """
    try:
        facts = await client.info("server")
    except AuthenticationError:
        return "Redis refuses the user or password: set both in REDIS_URL."
    except NoPermissionError:
        return "The Redis user may not run INFO: allow it, or use another user in REDIS_URL."
    except (RedisError, OSError) as error:
        raise TierUnavailable(f"Redis does not answer: {error}") from error
    version = str(facts.get("redis_version", ""))
    parts = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if parts < _OLDEST:
        return f"Redis {version} is too old: run Redis or Valkey 7.0 or newer."
    return None


async def eviction_warning(client: Redis) -> str | None:
    """A sentence when the server may drop leases to make room, or None.

    Everything there may vanish, so this is no reason not to start. Raises TierUnavailable.
    """
    try:
        facts = await client.info("memory")
    except (RedisError, OSError) as error:
        raise TierUnavailable(f"Redis does not answer: {error}") from error
    policy = str(facts.get("maxmemory_policy", "noeviction"))
    if not policy.startswith("allkeys-"):
        return None
    return (
        f"Redis evicts by {policy}, so leases may go and a picture be made twice: "
        "set maxmemory-policy to volatile-lru, or give this service a Redis of its own."
    )
