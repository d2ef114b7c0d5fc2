"""A fleet of processes, played by as many connections to one server."""

from contextlib import AsyncExitStack

from cache.failures import LocalFailures
from cache.redis_clients import redis_clients
from cache.redis_failures import RedisFailures
from cache.redis_leases import redis_leases
from cache.redis_tier import RedisTier
from tests.cache.parts import cache_of


class Fleet:
    """Processes of a fleet: each with connections, subscription and leases of its own."""

    def __init__(self, url, prefix):
        self.url = url
        self._prefix = prefix
        self._stack = AsyncExitStack()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *failure):
        await self._stack.aclose()

    async def process(self, **options):
        clients = await self._stack.enter_async_context(redis_clients(self.url))
        return await self._stack.enter_async_context(
            redis_leases(clients, prefix=self._prefix, **options)
        )

    async def machine(self, store, **options):
        """A whole cache on the fleet's Redis."""
        clients = await self._stack.enter_async_context(redis_clients(self.url))
        leases = await self._stack.enter_async_context(
            redis_leases(clients, prefix=self._prefix, **options)
        )
        return cache_of(
            near=RedisTier(clients.commands, prefix=self._prefix),
            store=store,
            leases=leases,
            failures=RedisFailures(clients.commands, LocalFailures(), prefix=self._prefix),
        )
