"""Signatures: what they cover, what they survive, and how they are refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import EdgeError, Invalid, SignatureInvalid, UrlExpired
from core.signing import LEEWAY, LONGEST_LIFE, Signer, canonical_request, expires_at_for

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests" / "vectors" / "signing.json").read_text("utf-8"))

SECRETS = {kid: bytes.fromhex(VECTORS["keys"][kid]) for kid in ("test-1", "test-2")}
PAGE = "/cdn/main/site/live/page"
NOW = 1_799_990_000
HOUR = 3600


def signer(*kids: str) -> Signer:
    return Signer([(kid, SECRETS[kid]) for kid in kids])


@pytest.mark.parametrize("case", VECTORS["signed"], ids=lambda case: case["name"])
def test_signing_gives_the_published_signature(case: dict[str, Any]) -> None:
    signed = signer(case["kid"]).sign(case["path"], case["parameters"], case["expiresAt"])
    assert canonical_request(case["path"], signed).decode("ascii") == case["canonical"]
    assert signed["sig"] == case["sig"]
    both = signer("test-2", "test-1")
    assert both.verify(case["path"], signed, NOW) == case["expiresAt"]


@pytest.mark.parametrize("case", VECTORS["signed"], ids=lambda case: case["name"])
def test_a_url_verifies_as_it_was_sent(case: dict[str, Any]) -> None:
    sent = {
        **case["parameters"],
        "kid": case["kid"],
        "exp": str(case["expiresAt"]),
        "sig": case["sig"],
    }
    assert signer("test-1", "test-2").verify(case["path"], sent, NOW) == case["expiresAt"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_a_bad_url_is_refused_with_the_published_code(case: dict[str, Any]) -> None:
    with pytest.raises(EdgeError) as refusal:
        signer("test-1", "test-2").verify(case["path"], case["parameters"], case["now"])
    assert refusal.value.code == case["code"]


def test_the_first_key_signs_and_every_key_verifies() -> None:
    old = signer("test-1").sign(PAGE, {"prompt": "a"}, NOW + 60)
    rotated = signer("test-2", "test-1")
    assert rotated.sign(PAGE, {"prompt": "a"}, NOW + 60)["kid"] == "test-2"
    assert rotated.verify(PAGE, old, NOW) == NOW + 60
    with pytest.raises(SignatureInvalid):
        signer("test-2").verify(PAGE, old, NOW)


def test_without_keys_nothing_verifies_and_nothing_is_signed() -> None:
    none = Signer([])
    with pytest.raises(SignatureInvalid):
        none.verify(PAGE, signer("test-1").sign(PAGE, {}, NOW + 60), NOW)
    with pytest.raises(LookupError):
        none.sign(PAGE, {}, NOW + 60)


def test_the_secret_that_stands_in_for_an_unknown_kid_opens_nothing() -> None:
    guessed = Signer([("ghost", bytes(16))]).sign(PAGE, {"prompt": "a"}, NOW + 60)
    with pytest.raises(SignatureInvalid):
        signer("test-1").verify(PAGE, guessed, NOW)


def test_weak_or_ambiguous_keys_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Signer([("a", b"short")])
    with pytest.raises(ValueError, match="kid"):
        Signer([("a", bytes(32)), ("a", bytes(32))])


def test_old_signature_parameters_are_replaced_when_signing_again() -> None:
    once = signer("test-1").sign(PAGE, {"prompt": "a"}, NOW + 60)
    again = signer("test-2").sign(PAGE, once, NOW + 120)
    assert again == signer("test-2").sign(PAGE, {"prompt": "a"}, NOW + 120)


def test_a_prompt_nobody_can_ask_for_is_not_signed() -> None:
    with pytest.raises(Invalid):
        signer("test-1").sign(PAGE, {"prompt": "a\0"}, NOW + 60)


def test_a_url_ends_on_the_second_and_a_signer_may_be_a_little_ahead() -> None:
    keys = signer("test-1")
    signed = keys.sign(PAGE, {"prompt": "a"}, NOW)
    assert keys.verify(PAGE, signed, NOW - 1) == NOW
    with pytest.raises(UrlExpired):
        keys.verify(PAGE, signed, NOW)
    assert keys.verify(PAGE, signed, NOW - LONGEST_LIFE - LEEWAY) == NOW
    with pytest.raises(SignatureInvalid):
        keys.verify(PAGE, signed, NOW - LONGEST_LIFE - LEEWAY - 1)


def test_a_long_life_ends_on_a_full_hour_so_that_urls_stay_the_same() -> None:
    start = NOW - NOW % HOUR
    ends = {expires_at_for(start + second, 6 * HOUR) for second in (1, 1800.5, HOUR)}
    assert ends == {start + 7 * HOUR}
    assert expires_at_for(start, 6 * HOUR) == start + 6 * HOUR


def test_a_short_life_ends_to_the_second() -> None:
    assert expires_at_for(NOW, 6 * HOUR - 1) == NOW + 6 * HOUR - 1
    assert expires_at_for(NOW + 0.2, 1) == NOW + 2


@given(st.integers(NOW, NOW + 2 * HOUR), st.integers(1, LONGEST_LIFE))
def test_a_life_that_was_asked_for_is_given_and_verifies(now: int, expires_in: int) -> None:
    end = expires_at_for(now, expires_in)
    assert now + expires_in <= end <= now + expires_in + HOUR
    keys = signer("test-1")
    assert keys.verify(PAGE, keys.sign(PAGE, {}, end), now) == end


@pytest.mark.parametrize("expires_in", [0, -1, LONGEST_LIFE + 1, 10**30])
def test_no_life_beyond_a_year_or_below_a_second(expires_in: int) -> None:
    with pytest.raises(Invalid) as refusal:
        expires_at_for(NOW, expires_in)
    assert refusal.value.fields[0].name == "expiresIn"


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = words.filter(lambda name: name not in {"prompt", "kid", "exp", "sig", "_"})


@given(words, st.dictionaries(names, words, max_size=4), names, words)
def test_no_parameter_can_be_added_or_changed(
    path: str, parameters: dict[str, str], name: str, value: str
) -> None:
    keys = signer("test-1")
    signed = keys.sign(path, parameters, NOW + 60)
    assert keys.verify(path, signed, NOW) == NOW + 60
    changed = {**signed, name: value}
    if canonical_request(path, changed) != canonical_request(path, signed):
        with pytest.raises(SignatureInvalid):
            keys.verify(path, changed, NOW)
    else:
        assert changed == signed or name in {"fbclid", "gclid"} or name.startswith("utm_")
