"""What decides a picture decides its key, and nothing else does."""

import json
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.identity import derived_seed, identity_of, key_of
from core.live_request import SEED_LIMIT, LiveRequest
from core.models import Model

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "identity.json").read_text("utf-8"))
PLAIN = VECTORS["cases"][0]


def identity(case: dict[str, Any]) -> bytes:
    model = Model(case["model"], case["modelVersion"], "painter", price_micros=0, sizes={})
    request = LiveRequest(
        prompt=case["prompt"],
        ratio=case["ratio"],
        seed=case["seed"],
        auto_enhance=case["autoEnhance"],
        template=case["template"],
    )
    return identity_of(case["project"], model, request, case["enhancement"], case["references"])


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_request_has_the_published_identity_key_and_seed(case: dict[str, Any]) -> None:
    canonical = identity(case)
    key = key_of(canonical)
    assert canonical.decode("ascii") == case["canonical"]
    assert (key.slot, key.identity) == (case["slot"], case["identity"])
    assert derived_seed(key) == case["derivedSeed"]


def test_the_identity_is_the_array_that_the_documentation_shows() -> None:
    shown = (
        b'["picture/1","main/site","black-forest-labs/flux-schnell","1",'
        b'"a red lighthouse","16:9",null,null,null,[]]'
    )
    assert identity(PLAIN) == shown
    assert key_of(shown).identity == sha256(shown).hexdigest()
    documentation = (Path(__file__).parents[2] / "docs" / "identity.md").read_bytes()
    assert shown in documentation


def test_no_two_published_requests_share_a_slot() -> None:
    for one, other in combinations(VECTORS["cases"], 2):
        assert one["slot"] != other["slot"], (one["name"], other["name"])
        assert one["identity"] != other["identity"]


def test_a_default_template_is_written_out() -> None:
    enhanced = {**PLAIN, "autoEnhance": True, "enhancement": "1"}
    assert identity(enhanced) == identity({**enhanced, "template": "general"})
    assert identity(enhanced) != identity({**enhanced, "template": "comic"})


def test_the_enhancement_counts_only_when_it_is_wanted() -> None:
    assert identity({**PLAIN, "enhancement": "1"}) == identity({**PLAIN, "enhancement": "2"})


def test_the_models_price_and_sizes_do_not_count() -> None:
    request = LiveRequest("a red lighthouse", "1:1")
    cheap = Model("m", "1", "painter", price_micros=0, sizes={"1:1": (512, 512)})
    dear = Model("m", "1", "replicate", price_micros=3000, sizes={})
    assert identity_of("a/b", cheap, request, None) == identity_of("a/b", dear, request, None)


texts = st.text(min_size=1, max_size=20)


@given(st.lists(texts, min_size=5, max_size=5), st.lists(texts, min_size=5, max_size=5))
def test_text_never_moves_from_one_place_to_another(one: list[str], other: list[str]) -> None:
    def built(words: list[str]) -> bytes:
        names = ("project", "model", "modelVersion", "prompt", "ratio")
        return identity({**PLAIN, **dict(zip(names, words, strict=True))})

    assert (built(one) == built(other)) == (one == other)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_identity_is_plain_ascii_json(prompt: str) -> None:
    canonical = identity({**PLAIN, "prompt": prompt})
    assert canonical.isascii()
    assert json.loads(canonical)[4] == prompt
    assert 0 <= derived_seed(key_of(canonical)) <= SEED_LIMIT


def test_a_variation_is_another_picture_and_none_is_the_first() -> None:
    model = Model("m", "1", "painter", price_micros=0, sizes={})
    request = LiveRequest("a fox", "1:1")
    first = identity_of("main/site", model, request, None)
    assert identity_of("main/site", model, request, None, variation=None) == first
    varied = [
        identity_of("main/site", model, request, None, variation=each) for each in ("a/1", "a/2")
    ]
    assert len({first, *varied}) == 3
    assert json.loads(varied[0]) == [*json.loads(first), "a/1"]
