"""POST /api/v1/live/warm: pictures made before anybody looks, for a known price."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.edge.api.matrix_app import MASTER
from tests.edge.api.paying import NOTHING, PRICE, SIGNING, WARM, codes, environment, states, warmed
from tests.edge.api.serving import Served, served
from tests.edge.live_server import page, program, signed
from tests.standins.replicate import ReplicateStandin


@pytest.fixture
async def paid(tmp_path: Path, replicate_standin: ReplicateStandin) -> AsyncIterator[Served]:
    async with served(tmp_path, **environment(replicate_standin)) as running:
        yield running


@pytest.fixture(scope="module")
async def free(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("free"), EDGE_SIGNING_KEYS=SIGNING) as running:
        yield running


async def test_a_dry_run_names_the_price_and_makes_nothing(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    urls = [program("a fox"), page("a fox"), page("a den", aspectRatio="16:9")]
    data = await warmed(paid, urls=urls, dryRun=True)
    assert data["dryRun"] is True
    assert [item["url"] for item in data["items"]] == urls
    assert states(data) == ["planned", "planned", "planned"]
    # Two of them are the same picture.
    assert [item["cost"] for item in data["items"]] == [PRICE, NOTHING, PRICE]
    assert data["total"]["cost"] == {"amount": "0.006", "currency": "USD"}
    assert await replicate_standin.created() == 0
    made = await warmed(paid, urls=urls)
    assert states(made) == ["generated", "hit", "generated"]
    assert [item["cost"] for item in made["items"]] == [PRICE, NOTHING, PRICE]
    assert await replicate_standin.created() == 2
    for url in urls:
        answer = await paid.client.get(url)
        assert (answer.status_code, answer.headers["x-cache-status"]) == (200, "HIT")


async def test_what_is_there_is_free_and_is_not_made_again(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    await warmed(paid, urls=[program("a fox")])
    for dry_run in (True, False):
        again = await warmed(paid, urls=[page("a fox"), program("a den")], dryRun=dry_run)
        assert states(again)[0] == "hit"
        assert again["items"][0]["cost"] == NOTHING
    assert await replicate_standin.created() == 2


async def test_a_page_is_warmed_by_its_html(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    one, two = page("a fox", aspectRatio="16:9"), signed("a den")
    html = f"""
      <link rel="preload" as="image" href="{one.replace("&", "&amp;")}">
      <img src="{one}" alt=""><img src="/logo.png">
      <picture><source srcset="{two} 1x, {two.replace("den", "cave")} 2x"></picture>
    """
    data = await warmed(paid, html=html)
    # The first is in the page twice; the changed one is not what was signed.
    assert states(data) == ["generated", "skipped", "generated", "refused"]
    assert codes(data)[-1] == "SIGNATURE_INVALID"
    assert await replicate_standin.created() == 2


async def test_a_site_is_warmed_by_its_sitemap(free: Served) -> None:
    url = ("http://edge.test" + page("a map")).replace("&", "&amp;")
    loc = f"<url><loc>http://edge.test/about</loc><i:image><i:loc>{url}</i:loc></i:image></url>"
    sitemap = f'<urlset xmlns="http://s" xmlns:i="http://i">{loc}</urlset>'
    data = await warmed(free, sitemap=sitemap)
    assert states(data) == ["skipped", "generated"]
    assert states(await warmed(free, sitemap=sitemap)) == ["skipped", "hit"]


async def test_nothing_is_begun_beyond_the_budget_and_the_next_call_goes_on(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    urls = [program(f"fox number {number}") for number in range(4)]
    planned = await warmed(paid, urls=urls, dryRun=True, budget="0.007")
    assert states(planned) == ["planned", "planned", "over_budget", "over_budget"]
    assert planned["total"]["cost"] == {"amount": "0.006", "currency": "USD"}
    first = await warmed(paid, urls=urls, budget="0.007")
    assert first["total"]["states"] == {"generated": 2, "over_budget": 2}
    assert await replicate_standin.created() == 2
    second = await warmed(paid, urls=urls, budget=0.003)
    assert second["total"]["states"] == {"hit": 2, "generated": 1, "over_budget": 1}
    assert (await warmed(paid, urls=urls, budget="0"))["total"]["cost"] == NOTHING
    third = await warmed(paid, urls=urls)
    assert third["total"]["states"] == {"hit": 3, "generated": 1}
    assert await replicate_standin.created() == 4


async def test_a_failure_spends_nothing_of_the_budget(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    await replicate_standin.script({"on": "outcome", "do": "failed", "error": "no", "times": 1})
    urls = [program("a fox"), program("a den")]
    data = await warmed(paid, urls=urls, budget="0.006")
    assert sorted(states(data)) == ["failed", "generated"]
    assert {"GENERATOR_FAILED", None} == set(codes(data))
    assert data["total"]["cost"] == PRICE


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"EDGE_RATE_LIMIT": "1/hour"}, "RATE_LIMIT_EXCEEDED"),
        ({"EDGE_DAILY_BUDGET": "0.003"}, "BUDGET_EXHAUSTED"),
    ],
)
async def test_the_keys_own_limits_hold(
    tmp_path: Path, replicate_standin: ReplicateStandin, settings: dict[str, str], code: str
) -> None:
    async with served(tmp_path, **environment(replicate_standin, **settings)) as edge:
        data = await warmed(edge, urls=[program(f"fox number {number}") for number in range(3)])
        assert data["total"]["states"] == {"generated": 1, "refused": 2}
        assert sorted(codes(data), key=str) == [None, code, code] or codes(data).count(code) == 2
    assert await replicate_standin.created() == 1


async def test_a_closed_scope_is_closed_for_warming_too(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    created = await paid.client.post(
        "/api/v1/live/scopes", json={"slug": "closed", "allowNewGenerations": False}
    )
    assert created.status_code == 201, created.text
    for dry_run in (True, False):
        data = await warmed(paid, urls=[page("a fox", "closed")], dryRun=dry_run)
        assert (states(data), codes(data)) == (["refused"], ["SPENDING_NOT_ALLOWED"])
    assert await replicate_standin.created() == 0


async def test_only_who_may_spend_may_warm(paid: Served) -> None:
    wanted = {"name": "any", "organization": "main", "project": "site", "scopes": ["live:read"]}
    headers = {"X-API-Key": MASTER}
    made = await paid.client.post("/api/v1/admin/keys", json=wanted, headers=headers)
    for secret in (made.json()["data"]["key"], MASTER):
        answer = await paid.client.post(WARM, json={"urls": []}, headers={"X-API-Key": secret})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


async def test_two_who_warm_the_same_page_at_once_pay_once(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    urls = [program(f"fox number {number}") for number in range(5)]
    both = await asyncio.gather(warmed(paid, urls=urls), warmed(paid, urls=urls))
    assert await replicate_standin.created() == 5
    generated = sum(data["total"]["states"].get("generated", 0) for data in both)
    assert generated == 5


async def test_the_same_request_by_its_key_is_answered_once(paid: Served) -> None:
    headers = {"Idempotency-Key": "warm-1"}
    first = await paid.client.post(WARM, json={"urls": [program("a fox")]}, headers=headers)
    again = await paid.client.post(WARM, json={"urls": [program("a fox")]}, headers=headers)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    other = await paid.client.post(WARM, json={"urls": []}, headers=headers)
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, {"urls": "FIELD_MISSING"}),
        ({"urls": [], "html": ""}, {"html": "SOURCE_GIVEN_TWICE"}),
        ({"urls": "x"}, {"urls": "TYPE_INVALID"}),
        ({"urls": [1]}, {"urls.0": "TYPE_INVALID"}),
        ({"sitemap": "<a>"}, {"sitemap": "SITEMAP_INVALID"}),
        ({"urls": [], "budget": "-1"}, {"budget": "AMOUNT_INVALID"}),
        ({"urls": [], "budget": True}, {"budget": "AMOUNT_INVALID"}),
        (
            {"sizes": [0], "formats": ["gif"], "dryrun": True, "budget": "much"},
            {
                "sizes.0": "VALUE_INVALID",
                "formats.0": "VALUE_INVALID",
                "dryrun": "UNKNOWN_FIELD",
                "budget": "AMOUNT_INVALID",
                "urls": "FIELD_MISSING",
            },
        ),
        (
            {"urls": [f"/{number}" for number in range(300)], "sizes": [1, 2, 3, 4, 5, 6, 7]},
            {"urls": "TOO_MANY_PICTURES"},
        ),
    ],
)
async def test_all_that_is_wrong_is_said_at_once(
    free: Served, body: dict[str, Any], names: dict[str, str]
) -> None:
    answer = await free.client.post(WARM, json=body)
    assert answer.status_code == 400
    fields = answer.json()["error"]["fields"]
    assert {field["name"]: field["code"] for field in fields} == names


async def test_a_page_too_large_is_refused(free: Served) -> None:
    answer = await free.client.post(WARM, json={"html": "x" * 262_144})
    assert answer.status_code == 413


async def test_an_empty_page_has_nothing_to_warm(free: Served) -> None:
    data = await warmed(free, html="<p>No pictures.</p>")
    assert data["items"] == []
    assert data["total"] == {"items": 0, "states": {}, "cost": NOTHING}
