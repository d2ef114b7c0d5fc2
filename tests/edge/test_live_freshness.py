"""How long an answer may be kept, and by whom."""

import re
from collections.abc import Callable

import pytest

from tests.edge.header_sets import NO_STORE
from tests.edge.live_server import DAY, LiveServer, page, program, signed
from tests.fleet.processes import API_KEY

YEAR = 365 * DAY
WEEK = 7 * DAY
MONTH = 30 * DAY
MINUTE = 60


def directives(field: str) -> dict[str, int | None]:
    """``{"public": None, "max-age": 60}``"""
    found: dict[str, int | None] = {}
    for part in field.split(", "):
        name, _, value = part.partition("=")
        assert name not in found, field
        found[name] = int(value) if value else None
    return found


@pytest.fixture(scope="module")
def stored(paid: LiveServer) -> str:
    text = "a picture to keep"
    paid.make(program(text))
    return text


def test_a_page_is_kept_by_everybody_and_a_key_holders_answer_by_nobody_else(
    paid: LiveServer, stored: str
) -> None:
    by_page = paid.ask(page(stored)).headers
    assert directives(by_page["cache-control"]) == {
        "public": None,
        "max-age": DAY,
        "stale-while-revalidate": WEEK,
        "stale-if-error": MONTH,
    }
    assert directives(by_page["cdn-cache-control"]) == {
        "max-age": YEAR,
        "stale-while-revalidate": WEEK,
        "stale-if-error": MONTH,
    }
    assert "x-accel-expires" not in by_page
    for target in (program(stored), page(stored)):
        by_key = paid.ask(target, key=API_KEY).headers
        assert directives(by_key["cache-control"]) == {"private": None, "max-age": DAY}
        assert by_key["cdn-cache-control"] == "no-store"
        assert by_key["x-accel-expires"] == "0"


# Seconds to the end of the signature, and what may be left of: max-age, stale-while-revalidate,
# stale-if-error; then of the CDN's max-age and its windows.
NEAR_THE_END = [
    (5, [5], [5]),
    (3600, [3600], [3600]),
    (DAY + 100, [DAY, 100, 100], [DAY + 100]),
    (8 * DAY, [DAY, WEEK, 7 * DAY], [8 * DAY]),
    (60 * DAY, [DAY, WEEK, MONTH], [60 * DAY]),
    (364 * DAY, [DAY, WEEK, MONTH], [364 * DAY]),
]


@pytest.mark.parametrize(("seconds", "browsers", "cdns"), NEAR_THE_END)
def test_nothing_is_kept_beyond_the_end_of_a_signature(
    paid: LiveServer, stored: str, seconds: int, browsers: list[int], cdns: list[int]
) -> None:
    answer = paid.ask(signed(stored, expires_in=seconds))
    assert answer.status_code == 200
    told = directives(answer.headers["cache-control"])
    assert "public" in told
    near(told, browsers, seconds)
    near(directives(answer.headers["cdn-cache-control"]), cdns, seconds)


def near(told: dict[str, int | None], expected: list[int], seconds: int) -> None:
    """Each as expected, but for the second or two the request may have taken."""
    names = ("max-age", "stale-while-revalidate", "stale-if-error")
    given = [told[name] for name in names if name in told]
    assert len(given) == len(expected), told
    for value, most in zip(given, expected, strict=True):
        assert most - 3 <= value <= most
    assert given[0] + max(given[1:], default=0) <= seconds


def test_a_hot_signed_url_counts_down(paid: LiveServer, stored: str) -> None:
    target = signed(stored, expires_in=1000)
    ages = [directives(paid.ask(target).headers["cache-control"])["max-age"] for _ in range(20)]
    assert ages == sorted(ages, reverse=True)
    status = paid.ask(target).headers["cache-status"]
    assert int(re.fullmatch(r"edge; hit; ttl=(\d+)", status)[1]) <= ages[-1]


def test_a_key_beside_a_signature_keeps_the_answer_private(paid: LiveServer, stored: str) -> None:
    told = directives(paid.ask(signed(stored), key=API_KEY).headers["cache-control"])
    assert told == {"private": None, "max-age": DAY}


@pytest.mark.parametrize(
    ("door", "key", "who"),
    [(program, API_KEY, "private"), (page, None, "public"), (signed, None, "public")],
    ids=["program", "page", "signed"],
)
def test_the_painters_pictures_only_stand_in_for_a_minute(
    painter: LiveServer, prompt: str, door: Callable[..., str], key: str | None, who: str
) -> None:
    """They are replaced once there is a real generator, so no cache may hold them for long."""
    for how in ("MISS", "HIT"):
        answer = painter.ask(door(prompt), key=key)
        assert answer.headers["x-cache-status"] == how
        assert directives(answer.headers["cache-control"]) == {who: None, "max-age": MINUTE}
        at_cdns = "no-store" if who == "private" else f"max-age={MINUTE}"
        assert answer.headers["cdn-cache-control"] == at_cdns
    short = painter.ask(signed(prompt, expires_in=20))
    assert directives(short.headers["cache-control"])["max-age"] <= 20


@pytest.mark.parametrize(
    "door",
    [
        lambda: program(""),
        lambda: page(""),
        lambda: page("x", "nobodys"),
        lambda: page("never made"),
        lambda: signed("x", expires_in=-100),
        lambda: "/api/v1/live",
        lambda: "/nothing",
        lambda: "/health",
        lambda: "/ready",
        lambda: "/metrics",
    ],
)
def test_nothing_else_is_ever_kept(paid: LiveServer, door: Callable[[], str]) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        answer = paid.ask(door(), method=method)
        assert {name: answer.headers.get(name) for name in NO_STORE} == NO_STORE


@pytest.mark.parametrize("door", ["program", "page", "signed"])
def test_an_answer_that_may_be_shared_carries_nothing_of_who_asked(
    paid: LiveServer, stored: str, door: str
) -> None:
    target = {"program": program, "page": page, "signed": signed}[door](stored)
    key = API_KEY if door == "program" else None
    for _ in range(2):
        answer = paid.ask(target, key=key, X_Request_Id="0199-from-a-proxy", Cookie="a=b")
        for name in ("x-request-id", "set-cookie", "vary", "age", "server-timing", "server"):
            assert name not in answer.headers
        assert not [name for name in answer.headers if "ratelimit" in name]
