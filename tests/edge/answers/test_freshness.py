"""How long an answer may be kept, by whom, and never beyond the end of its URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.answers.freshness import Policy, freshness
from edge.answers.responses import Way, prepare
from tests.edge.answers.picture_answers import (
    KEYED,
    NOW,
    PUBLIC,
    SHARED,
    SHARED_BY_CDN,
    UNCACHEABLE,
    answer,
    picture,
    shown,
)


def lines(policy: Policy, *, provisional: bool = False, now: int = NOW) -> dict[str, str]:
    found = freshness(policy, provisional=provisional, now=now).headers
    return {name.decode(): value.decode() for name, value in found}


def keyed(seconds: int) -> dict[str, str]:
    return UNCACHEABLE | {"cache-control": f"private, max-age={seconds}"}


def test_an_answer_to_a_key_is_kept_by_its_browser_alone() -> None:
    assert lines(KEYED) == keyed(86_400)


def test_an_operator_may_share_the_answers_to_keys() -> None:
    policy = Policy(project="a/b", public=False, cors_public=True, share_keyed=True)
    assert lines(policy) == {"cache-control": SHARED, "cdn-cache-control": SHARED_BY_CDN}


@pytest.mark.parametrize("facts", [{"stand_in": True}, {"stored": False}])
def test_what_will_be_replaced_is_kept_for_a_minute(facts: dict[str, bool]) -> None:
    public, private = shown(answer(**facts)), shown(answer(policy=KEYED, **facts))
    assert public["cache-control"] == "public, max-age=60"
    assert public["cdn-cache-control"] == "max-age=60"
    assert private["cache-control"] == "private, max-age=60"
    assert private["cdn-cache-control"] == "no-store"


def windows(line: str) -> int:
    """How long the line lets anybody use the answer at all."""
    found = dict(
        directive.split("=") for directive in line.replace("public, ", "").split(", ") if directive
    )
    fresh = int(found.pop("max-age"))
    return fresh + max((int(seconds) for seconds in found.values()), default=0)


@given(left=st.integers(-100, 40_000_000), provisional=st.booleans())
def test_nothing_is_kept_beyond_the_end_of_a_signed_url(left: int, provisional: bool) -> None:
    policy = Policy(project="a/b", public=True, cors_public=True, expires_at=NOW + left)
    for line in lines(policy, provisional=provisional).values():
        assert windows(line) <= max(0, left)
    private = Policy(project="a/b", public=False, cors_public=True, expires_at=NOW + left)
    fresh = freshness(private, provisional=provisional, now=NOW)
    assert 0 <= fresh.seconds <= max(0, left)


def test_a_signed_url_of_an_hour_is_fresh_for_an_hour_and_never_stale() -> None:
    policy = Policy(project="a/b", public=True, cors_public=True, expires_at=NOW + 3_600)
    assert lines(policy) == {
        "cache-control": "public, max-age=3600",
        "cdn-cache-control": "max-age=3600",
    }


def test_a_long_signed_url_is_as_fresh_as_any() -> None:
    policy = Policy(project="a/b", public=True, cors_public=True, expires_at=NOW + 40_000_000)
    assert lines(policy)["cache-control"] == SHARED


def test_headers_of_a_signed_url_are_reusable_for_a_second() -> None:
    policy = Policy(project="a/b", public=True, cors_public=True, expires_at=NOW + 3_600)
    assert prepare(picture(), policy, Way("hit"), now=NOW).reusable_until == NOW
    assert prepare(picture(), PUBLIC, Way("hit"), now=NOW).reusable_until is None
