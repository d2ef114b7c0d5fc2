"""A scope open to everybody: its limits, its pages, and the pictures shown where one is refused."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from core.listing import Window
from core.records.records import Records
from tests.edge.header_sets import HIT, MISS, PUBLIC, ensure_error, ensure_picture, ensure_png
from tests.edge.live_server import (
    DENIED,
    DENIED_HERE,
    LiveServer,
    live_server,
    page,
    paid_settings,
    program,
    signed,
)
from tests.fleet.processes import API_KEY
from tests.standins.replicate import ReplicateStandin

IMAGE = {"Sec-Fetch-Dest": "image"}
BUDGET = (429, "BUDGET_EXHAUSTED")
RATE = (429, "RATE_LIMIT_EXCEEDED")
NOT_ALLOWED = (403, "SPENDING_NOT_ALLOWED")
REFUSED = (422, "CONTENT_REFUSED")
WAIT = {"retry-after"}


@pytest.fixture(scope="module")
def proxied(
    tmp_path_factory: pytest.TempPathFactory, replicate_process: ReplicateStandin
) -> Iterator[LiveServer]:
    """Behind a proxy it trusts, so that a test may come from any address."""
    settings = paid_settings(replicate_process) | {"EDGE_TRUSTED_PROXIES": "127.0.0.1"}
    with live_server(tmp_path_factory.mktemp("proxied"), **settings) as server:
        yield server


async def test_a_scope_makes_so_many_pictures_and_shows_them_for_ever(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    scope = await paid.new_scope(new_generations_limit=1)
    ensure_picture(paid.ask(page(prompt, scope)), PUBLIC, MISS)
    for door in (page, signed):
        ensure_error(paid.ask(door(f"{prompt} two", scope)), *BUDGET, detail="budget")
    by_key = paid.ask(page(f"{prompt} two", scope), key=API_KEY)
    assert (by_key.status_code, by_key.headers["x-error-code"]) == BUDGET
    ensure_picture(paid.ask(page(prompt, scope)), PUBLIC, HIT)
    assert await replicate_standin.created() == 1


async def test_free_pictures_count_as_well(painter: LiveServer, prompt: str) -> None:
    scope = await painter.new_scope(new_generations_limit=1, require_signature="auto")
    assert painter.ask(page(prompt, scope)).status_code == 200
    ensure_error(painter.ask(page(f"{prompt} two", scope)), *BUDGET, detail="budget")
    assert painter.ask(page(f"{prompt} two")).status_code == 200


async def test_money_comes_back_with_the_next_window(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    scope = await paid.new_scope(budget_micros=3000, budget_window="hour")
    assert paid.ask(page(prompt, scope)).status_code == 200
    answer = paid.ask(page(f"{prompt} two", scope))
    ensure_error(answer, *BUDGET, detail="budget", also=WAIT)
    assert 1 <= int(answer.headers["retry-after"]) <= 3600
    assert await replicate_standin.created() == 1


async def test_where_strangers_may_start_nothing_signatures_still_may(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    scope = await paid.new_scope(per_address_limit=0)
    ensure_error(paid.ask(page(prompt, scope)), *RATE, detail="rate")
    assert paid.ask(signed(prompt, scope)).status_code == 200
    ensure_picture(paid.ask(page(prompt, scope)), PUBLIC, HIT)
    assert await replicate_standin.created() == 1


async def test_one_address_starts_ten_paid_pictures_an_hour(
    proxied: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    scope = await proxied.new_scope()

    def ask(number: int, address: str) -> httpx.Response:
        return proxied.ask(page(f"{prompt} {number}", scope), X_Forwarded_For=address)

    assert [ask(number, "203.0.113.5").status_code for number in range(10)] == [200] * 10
    answer = ask(10, "203.0.113.5")
    ensure_error(answer, *RATE, detail="rate", also=WAIT)
    assert 1 <= int(answer.headers["retry-after"]) <= 361
    assert ask(3, "203.0.113.5").headers["x-cache-status"] == "HIT"
    assert ask(10, "198.51.100.9, 203.0.113.6").status_code == 200
    assert await replicate_standin.created() == 11


async def test_an_ipv6_subscriber_is_one_address(proxied: LiveServer, prompt: str) -> None:
    scope = await proxied.new_scope(per_address_limit=1)

    def ask(number: int, address: str) -> int:
        answer = proxied.ask(page(f"{prompt} {number}", scope), X_Forwarded_For=address)
        return answer.status_code

    assert ask(1, "2001:db8:1:2::1") == 200
    assert ask(2, "2001:db8:1:2:ffff::7") == 429
    assert ask(2, "2001:db8:1:3::1") == 200


async def test_nobody_gets_a_new_address_by_saying_so(paid: LiveServer, prompt: str) -> None:
    scope = await paid.new_scope(per_address_limit=1)
    statuses = [
        paid.ask(page(f"{prompt} {number}", scope), X_Forwarded_For=f"203.0.113.{number}")
        for number in range(3)
    ]
    assert [answer.status_code for answer in statuses] == [200, 429, 429]


@pytest.mark.parametrize("server", ["paid", "painter"])
async def test_a_scope_spends_for_its_own_pages_only(
    server: str, request: pytest.FixtureRequest, prompt: str
) -> None:
    asked: LiveServer = request.getfixturevalue(server)
    scope = await asked.new_scope(allowed_origins=("https://shop.example",))
    target = page(prompt, scope)
    for fields in (
        {},
        {"Origin": "https://other.example"},
        {"Origin": "null"},
        {"Referer": "https://shop.example.other.example/"},
        {"Origin": "https://other.example", "Referer": "https://shop.example/"},
    ):
        ensure_error(asked.ask(target, **fields), *NOT_ALLOWED, detail="spending-not-allowed")
    assert asked.ask(target, Referer="https://shop.example/a/page").status_code == 200
    assert asked.ask(target, Origin="https://other.example").headers["x-cache-status"] == "HIT"
    assert asked.ask(page(f"{prompt} two", scope), Origin="https://shop.example").status_code == 200
    assert asked.ask(signed(f"{prompt} three", scope)).status_code == 200


@pytest.mark.parametrize("server", ["paid", "painter"])
@pytest.mark.parametrize(
    "fields",
    [
        {"Sec_Purpose": "prefetch"},
        {"Sec_Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X_Moz": "prefetch"},
        {"User_Agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"User_Agent": "facebookexternalhit/1.1"},
    ],
    ids=str,
)
async def test_a_crawler_sees_what_there_is_and_has_nothing_made(
    server: str, request: pytest.FixtureRequest, prompt: str, fields: dict[str, str]
) -> None:
    asked: LiveServer = request.getfixturevalue(server)
    target = page(prompt, "open")
    ensure_error(asked.ask(target, **fields), *NOT_ALLOWED, detail="spending-not-allowed")
    assert asked.ask(target).headers["x-cache-status"] == "MISS"
    assert asked.ask(target, **fields).headers["x-cache-status"] == "HIT"
    assert asked.ask(signed(f"{prompt} two"), **fields).headers["x-cache-status"] == "MISS"
    assert asked.ask(program(f"{prompt} three"), key=API_KEY, **fields).status_code == 200


@pytest.mark.parametrize("door", [page, signed, program])
async def test_a_denied_prompt_is_refused_whoever_asks_and_costs_nothing(
    paid: LiveServer,
    replicate_standin: ReplicateStandin,
    prompt: str,
    door: Callable[[str], str],
) -> None:
    for number, words in enumerate((DENIED, DENIED_HERE.upper(), DENIED.replace(" ", "-"))):
        target = door(f"{prompt} {number} with {words}")
        if door is page:
            target = page(f"{prompt} {number} with {words}", "open")
        for _ in range(2):
            answer = paid.ask(target, key=API_KEY if door is program else None)
            assert (answer.status_code, answer.headers["x-error-code"]) == REFUSED
            assert "no-store" in answer.headers["cache-control"]
            assert prompt not in answer.text
    assert await replicate_standin.created() == 0

    async def rows(records: Records) -> int:
        site = await records.tenants.project("main", "site")
        assert site is not None
        listing = await records.library.listed(site.id, Window())
        return sum(prompt in row.prompt for row in listing.rows)

    assert await paid.records(rows) == 0


async def test_rest_refuses_a_denied_prompt_before_there_is_a_record(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    for prefer in ("", "respond-async"):
        answer = paid.client.post(
            "/api/v1/generations",
            json={"prompt": f"{prompt} {DENIED}"},
            headers={"X-API-Key": API_KEY, "Prefer": prefer},
        )
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["code"] == "CONTENT_REFUSED"
    assert await replicate_standin.created() == 0


async def test_where_a_picture_was_asked_for_every_refusal_is_one(
    paid: LiveServer, prompt: str
) -> None:
    spent = await paid.new_scope(new_generations_limit=0)
    shut = await paid.new_scope(per_address_limit=0)
    bound = await paid.new_scope(allowed_origins=("https://shop.example",))
    for target, outcome, detail in (
        (page(prompt, spent, aspectRatio="16:9"), BUDGET, "budget"),
        (page(prompt, shut, aspectRatio="16:9"), RATE, "rate"),
        (page(prompt, bound, aspectRatio="16:9"), NOT_ALLOWED, "spending-not-allowed"),
        (page(prompt, aspectRatio="16:9"), NOT_ALLOWED, "spending-not-allowed"),
    ):
        answer = paid.client.get(target, headers=IMAGE)
        ensure_error(answer, *outcome, detail=detail)
        ensure_png(answer, "16:9")
    answer = paid.client.get(page(f"{prompt} {DENIED}", "open"), headers=IMAGE)
    assert (answer.status_code, answer.headers["x-error-code"]) == REFUSED
    assert answer.headers["cache-control"] == "private, no-store"
    ensure_png(answer, "1:1")
