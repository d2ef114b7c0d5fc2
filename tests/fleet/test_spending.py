"""One budget for three processes: it is spent to the last picture, and never beyond."""

from collections import Counter

import asyncpg
import pytest

from tests.fleet.crowd import ask, ask_everywhere, ask_together, live_target, request_bytes
from tests.fleet.parts import paid_settings
from tests.fleet.processes import fleet

_PRICE_MICROS = 3000
_AFFORDABLE = 7


@pytest.fixture
def three(postgres_url, fleet_valkey, replicate_standin, tmp_path):
    """Three processes with one PostgreSQL, one Redis, one folder of pictures and one budget."""
    settings = {
        **paid_settings(replicate_standin),
        "DATABASE_URL": postgres_url,
        "REDIS_URL": fleet_valkey.url,
        "EDGE__REDIS__PREFIX": "spending:",
        # One more would not fit: there is money for seven and two thirds.
        "EDGE_DAILY_BUDGET": "0.023",
    }
    with fleet(tmp_path / "data", 3, **settings) as processes:
        yield processes


async def test_forty_at_once_spend_the_budget_and_not_more(three, postgres_url, replicate_standin):
    stored = live_target("bought before the rush")
    assert (await ask(three[0].port, stored)).status == 200
    replies = await ask_together(
        [
            (three[number % 3].port, request_bytes(live_target(f"wanted in the rush {number}")))
            for number in range(40)
        ]
    )
    outcomes = Counter((reply.status, reply.code) for reply in replies)
    assert outcomes == {(200, ""): _AFFORDABLE - 1, (429, "BUDGET_EXHAUSTED"): 41 - _AFFORDABLE}
    assert await replicate_standin.created() == _AFFORDABLE
    for reply in replies:
        if reply.status == 429:
            assert reply.uncacheable
            assert 1 <= int(reply.headers["retry-after"]) <= 24 * 3600
    hits = await ask_everywhere(three, stored)
    assert {(reply.status, reply.way) for reply in hits} == {(200, "HIT")}

    assert await _rows(
        postgres_url, "SELECT state, sum(settled_micros) FROM ledger GROUP BY 1"
    ) == [("settled", _AFFORDABLE * _PRICE_MICROS)]
    assert await _rows(postgres_url, "SELECT taken FROM budget_windows") == [
        (_AFFORDABLE * _PRICE_MICROS,)
    ]
    assert await _rows(postgres_url, "SELECT status, count(*) FROM generations GROUP BY 1") == [
        ("success", _AFFORDABLE)
    ]


async def _rows(url: str, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()
