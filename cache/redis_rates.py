"""Rate windows of the fleet: one script in Redis, by Redis' own clock."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from cache.errors import CoordinatorUnavailable
from cache.rates import RateLimit, Taken, standing

# The arithmetic of cache/rates.py. All numbers stay whole, and below 2^53 (where a Lua number is
# exact) up to 100,000 a day; %.0f, because Lua's own way to write a number keeps fourteen digits.
# The key expires when its subject is no longer ahead, which is what its absence says.
_TAKE = """
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local count, cell, taking = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1'
local ahead = 0
local stored = redis.call('GET', KEYS[1])
if stored then
  local seen, was = string.match(stored, '^(%d+):(%d+)$')
  if seen then
    ahead = math.max(0, tonumber(was) - math.max(0, now - tonumber(seen)) * count)
  end
end
local allowed = ahead + cell <= cell * count
if allowed and taking then
  ahead = ahead + cell
  local lasting = math.ceil(ahead / count / 1000)
  redis.call('SET', KEYS[1], string.format('%.0f:%.0f', now, ahead), 'PX', lasting)
end
return {allowed and 1 or 0, ahead, now}
"""


class RedisRates:
    """Counts for every process that shares the Redis and the ``prefix``."""

    def __init__(self, client: Redis, *, prefix: str = "mirage:") -> None:
        self._prefix = prefix
        self._script = client.register_script(_TAKE)

    async def take(self, name: str, limit: RateLimit) -> Taken:
        """As Rates.take. Never repeated: a reply that got lost may have been a take."""
        return await self._run(name, limit, taking=True)

    async def look(self, name: str, limit: RateLimit) -> Taken:
        """As Rates.look."""
        return await self._run(name, limit, taking=False)

    def name_of(self, name: str, limit: RateLimit) -> str:
        # What is kept can only be read with the limit it was written by, so that is in the name.
        return f"{self._prefix}rate:{{{name}}}:{limit.count}/{limit.seconds}"

    async def _run(self, name: str, limit: RateLimit, *, taking: bool) -> Taken:
        try:
            allowed, ahead, now = await self._script(
                keys=[self.name_of(name, limit)], args=[limit.count, limit.cell, int(taking)]
            )
        except (RedisError, OSError) as error:
            raise CoordinatorUnavailable(f"no rate can be taken: {error}") from error
        return standing(limit, allowed=allowed == 1, ahead=ahead, now=now / 1_000_000)
