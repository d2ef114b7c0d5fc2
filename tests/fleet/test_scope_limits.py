"""Limits of a scope over three processes: so many pictures, or money for so many, and no more."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import insert, select

from core.models import Scope
from core.records.records import open_records
from core.records.rows import values_of
from core.records.tables import budget_windows, generations, ledger, scopes
from tests.fleet.crowd import Reply, ask_together, request_bytes
from tests.fleet.parts import paid_settings
from tests.fleet.processes import ServerProcess, fleet
from tests.servers.valkey import RedisServer
from tests.standins.replicate import ReplicateStandin

_PRICE_MICROS = 3000
_AFFORDABLE = 5
_MISSES = 200
_HITS = 60
_OPEN = Scope("", "", "", require_signature="false", per_address_limit=1_000_000)
# Each is for five pictures and a little; the other limit does not bind.
_COUNTED = replace(_OPEN, id="counted", slug="counted", new_generations_limit=_AFFORDABLE)
_DEAR = replace(
    _OPEN,
    id="dear",
    slug="dear",
    new_generations_limit=_MISSES * 10,
    budget_micros=_AFFORDABLE * _PRICE_MICROS + _PRICE_MICROS - 1,
    budget_window="month",
)


@pytest.fixture
def three(
    postgres_url: str,
    fleet_valkey: RedisServer,
    replicate_standin: ReplicateStandin,
    tmp_path: Path,
):
    """Three processes with one PostgreSQL, one Redis and one folder of pictures."""
    settings = {
        **paid_settings(replicate_standin),
        "DATABASE_URL": postgres_url,
        "REDIS_URL": fleet_valkey.url,
        "EDGE__REDIS__PREFIX": "scopes:",
    }
    with fleet(tmp_path / "data", 3, **settings) as processes:
        yield processes


@pytest.mark.parametrize("scope", [_COUNTED, _DEAR], ids=["pictures", "money"])
async def test_two_hundred_strangers_at_once_get_what_the_scope_affords(
    three: list[ServerProcess],
    postgres_url: str,
    replicate_standin: ReplicateStandin,
    tmp_path: Path,
    scope: Scope,
) -> None:
    await _insert(postgres_url, tmp_path, scope)
    stored = _target(scope, "made before the rush")
    (first,) = await ask_together([(three[0].port, _stranger(stored))])
    assert (first.status, first.way) == (200, "MISS")

    rush = [_stranger(_target(scope, f"wanted in the rush {n}")) for n in range(_MISSES)]
    replies = await ask_together(
        [
            (three[number % 3].port, request)
            for number, request in enumerate([*rush, *[_stranger(stored)] * _HITS])
        ]
    )
    misses, hits = replies[:_MISSES], replies[_MISSES:]
    made = {(200, ""): _AFFORDABLE - 1, (429, "BUDGET_EXHAUSTED"): _MISSES + 1 - _AFFORDABLE}
    assert Counter((reply.status, reply.code) for reply in misses) == made
    assert {(reply.status, reply.way) for reply in hits} == {(200, "HIT")}
    assert await replicate_standin.created() == _AFFORDABLE
    for reply in misses:
        _ensure_honest(reply, scope)
    assert await _books(postgres_url, tmp_path, scope) == {
        "pictures": _AFFORDABLE,
        "micros": _AFFORDABLE * _PRICE_MICROS if scope is _DEAR else 0,
        "ledger": Counter(settled=_AFFORDABLE),
        "generations": Counter(success=_AFFORDABLE),
    }


def _ensure_honest(reply: Reply, scope: Scope) -> None:
    if reply.status != 429:
        return
    assert reply.uncacheable
    assert 'detail="budget"' in reply.headers["cache-status"]
    # A month ends; a number of pictures does not come back.
    assert ("retry-after" in reply.headers) is (scope is _DEAR)


def _target(scope: Scope, prompt: str) -> str:
    # Redis is shared by the tests, and a picture is the same through every scope.
    query = urlencode({"prompt": f"{prompt}, {scope.slug}"})
    return f"/cdn/main/site/live/{scope.slug}?{query}"


def _stranger(target: str) -> bytes:
    return request_bytes(target, X_API_Key="")


async def _insert(url: str, folder: Path, scope: Scope) -> None:
    now = datetime.now(UTC)
    async with open_records(url, folder) as records:
        site = await records.tenants.project("main", "site")
        assert site is not None
        row = values_of(replace(scope, project_id=site.id))
        async with records.database.writing() as connection:
            await connection.execute(
                insert(scopes).values(row | {"created_at": now, "updated_at": now})
            )


async def _books(url: str, folder: Path, scope: Scope) -> dict[str, object]:
    async with open_records(url, folder) as records, records.database.reading() as connection:
        subjects = select(budget_windows.c.subject, budget_windows.c.taken)
        taken = {row.subject: row.taken for row in await connection.execute(subjects)}
        return {
            "pictures": taken[f"scope:{scope.id}:pictures"],
            "micros": taken.get(f"scope:{scope.id}", 0),
            "ledger": Counter(await connection.scalars(select(ledger.c.state))),
            "generations": Counter(
                await connection.scalars(
                    select(generations.c.status).where(generations.c.scope_id == scope.id)
                )
            ),
        }
