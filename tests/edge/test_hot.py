"""The memo of hot URLs: what it repeats, what it leaves to the router, and what it lets go."""

import time
from typing import Any

import pytest

from cache.memory_tier import MemoryTier
from cache.readthrough import ReadThrough
from core.spending.tally import HitCounter
from edge.answers.responses import PreparedHit
from edge.hot import HIT, Hit, HotMemo, HotMiddleware
from edge.server.whole_answer import WHOLE
from tests.cache.parts import CountingObserver, Shelf, cache_of, entry_of, key_of

KEY = key_of("a red lighthouse")


class Site:
    """The memo in front of a handler that answers from the cache, and counts."""

    def __init__(
        self,
        cache: ReadThrough,
        *,
        until: int | None = None,
        derivatives: ReadThrough | None = None,
    ) -> None:
        self.cache = derivatives or cache
        self.derived = derivatives is not None
        self.until = until
        self.memo = HotMemo(cache, derivatives or cache_of())
        self.app = HotMiddleware(self._handler)
        self.handled = 0
        self.counter = HitCounter()

    async def ask(
        self,
        path: str = "/",
        *,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        method: str = "GET",
        whole: bool = False,
    ) -> list[Any]:
        sent = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            raise AssertionError("nobody reads a body")

        scope = {
            "type": "http",
            "method": method,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": list(headers),
            "root_path": "",
            "state": {"hot": self.memo},
        }
        if whole:
            scope["extensions"] = {WHOLE: {}}
        await self.app(scope, receive, send)
        self.scope = scope
        return sent

    async def _handler(self, scope: Any, receive: Any, send: Any) -> None:
        self.handled += 1
        found = await self.cache.lookup(KEY)
        assert found is not None
        headers = [(b"cache-control", b"private"), (b"content-length", b"7")]
        prepared = PreparedHit(headers, [], found.entry.body, '"a"', 0, self.until)
        scope["route"] = "the route"
        scope[HIT] = Hit(KEY, prepared, derived=self.derived, counter=self.counter)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": found.entry.body})


def stocked(**options: Any) -> ReadThrough:
    store = Shelf()
    store.held[KEY.slot] = entry_of(KEY, b"picture")
    return cache_of(store=store, **options)


@pytest.fixture
def site() -> Site:
    return Site(stocked())


async def test_the_second_answer_is_the_first_again(site: Site) -> None:
    assert await site.ask() == await site.ask()
    assert site.handled == 1
    assert site.scope["route"] == "the route"


async def test_where_the_server_offers_it_one_message_says_all(site: Site) -> None:
    start, body = await site.ask()
    (whole,) = await site.ask(whole=True)
    assert site.handled == 1
    assert whole["body"] is body["body"]
    assert whole["head"] == b"cache-control: private\r\ncontent-length: 7\r\n"
    assert whole["status"] == start["status"]


@pytest.mark.parametrize(
    "differently",
    [
        {"path": "/another"},
        {"method": "HEAD"},
        {"headers": ((b"x-api-key", b"another"),)},
        {"headers": ((b"authorization", b"Bearer another"),)},
        {"headers": ((b"range", b"bytes=0-"),)},
        {"headers": ((b"if-none-match", b'"a"'),)},
        {"headers": ((b"if-modified-since", b"Thu, 01 Jan 1970 00:00:00 GMT"),)},
        {"headers": ((b"content-length", b"1"),)},
    ],
    ids=lambda options: str(next(iter(options.values()))),
)
async def test_whatever_could_matter_is_left_to_the_router(
    site: Site, differently: dict[str, Any]
) -> None:
    await site.ask()
    await site.ask(**differently)
    assert site.handled == 2


async def test_what_cannot_matter_is_not_looked_at(site: Site) -> None:
    await site.ask(headers=((b"user-agent", b"one"),))
    await site.ask(headers=((b"user-agent", b"two"), (b"x-request-id", b"0199-abcdef")))
    assert site.handled == 1


async def test_a_purge_ends_it_at_once(site: Site) -> None:
    await site.ask()
    await site.cache.forget(KEY)
    with pytest.raises(AssertionError):
        await site.ask()
    assert site.handled == 2


async def test_what_was_derived_is_repeated_while_its_own_memory_holds_it() -> None:
    site = Site(cache_of(), derivatives=stocked())
    assert await site.ask() == await site.ask()
    assert site.handled == 1
    await site.cache.forget(KEY)
    with pytest.raises(AssertionError):
        await site.ask()
    assert site.handled == 2


async def test_every_repetition_counts_as_served_from_memory() -> None:
    observer = CountingObserver()
    site = Site(stocked(observer=observer))
    for _ in range(4):
        await site.ask()
    assert observer.seen == {"hit store": 1, "hit memory": 3}


async def test_an_answer_that_is_right_for_this_second_alone_ends_with_it() -> None:
    site = Site(stocked(), until=int(time.time()))
    await site.ask()
    await site.ask()
    assert site.handled == 2


async def test_what_memory_did_not_keep_is_not_kept_here() -> None:
    site = Site(stocked(memory=MemoryTier(0)))
    await site.ask()
    await site.ask()
    assert site.handled == 2
    assert site.memo.size == 0


async def test_every_repetition_is_counted_as_a_hit(site: Site) -> None:
    counter = HitCounter()
    site.counter = counter
    for whole in (False, False, True, True):
        await site.ask(whole=whole)
    # The first is the handler's own to count.
    assert (site.handled, counter.hits) == (1, 3)


async def test_a_change_of_who_may_see_ends_every_memo(site: Site) -> None:
    await site.ask()
    site.memo.clear()
    await site.ask()
    assert site.handled == 2


async def test_ended_answers_make_room_for_the_next() -> None:
    site = Site(stocked(), until=int(time.time()) - 1)
    for path in ("/one", "/two", "/three"):
        await site.ask(path)
    assert site.memo.size == 1


async def test_there_are_never_more_than_the_bound() -> None:
    site = Site(stocked())
    site.memo = HotMemo(site.cache, cache_of(), bound=2)
    for path in ("/one", "/two", "/three"):
        await site.ask(path)
    assert site.memo.size == 2
    await site.ask("/three")
    assert site.handled == 3
