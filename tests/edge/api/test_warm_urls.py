"""Which URLs are warmed, in which sizes and formats, and which are left alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.edge.api.paying import (
    NOTHING,
    PRICE,
    SIGNING,
    WARM,
    environment,
    states,
    stranger,
    warmed,
)
from tests.edge.api.serving import Served, served
from tests.edge.live_server import DAY, page, program, signed
from tests.standins.replicate import ReplicateStandin


@pytest.fixture
async def paid(tmp_path: Path, replicate_standin: ReplicateStandin) -> AsyncIterator[Served]:
    async with served(tmp_path, **environment(replicate_standin)) as running:
        yield running


@pytest.fixture(scope="module")
async def free(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("free"), EDGE_SIGNING_KEYS=SIGNING) as running:
        yield running


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/cdn/main/site/live/page?prompt=x",
        "//elsewhere.test/api/v1/live?prompt=x",
        "http://edge.test:81/api/v1/live?prompt=x",
        "ftp://edge.test/api/v1/live?prompt=x",
        "/cdn/main/other/live/page?prompt=x",
        "/cdn/main/site/img/@hero",
        "/api/v1/live/explain?prompt=x",
        "/api/v1/generations",
        "cdn/main/site/live/page?prompt=x",
        "data:image/png;base64,AAAA",
        "http://[::1/api/v1/live?prompt=x",
        "",
    ],
)
async def test_what_is_no_live_url_of_the_project_is_left_alone(free: Served, url: str) -> None:
    data = await warmed(free, urls=[url])
    assert data["items"] == [{"url": url, "state": "skipped", "cost": NOTHING, "code": None}]


@pytest.mark.parametrize(
    "before",
    ["", "http://edge.test", "HTTP://EDGE.TEST", "http://edge.test:80", "//edge.test"],
)
async def test_our_own_host_may_be_written_in_its_ways(free: Served, before: str) -> None:
    data = await warmed(free, urls=[before + page("at home")], dryRun=True)
    assert states(data)[0] in {"planned", "hit"}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (page(" "), "VALIDATION_ERROR"),
        (page("x", w="0"), "VALIDATION_ERROR"),
        (page("x", colour="red"), "VALIDATION_ERROR"),
        (page("x", model="no/such"), "VALIDATION_ERROR"),
        (page("x", scope="nobodys"), "SCOPE_NOT_FOUND"),
        (signed("x") + "y", "SIGNATURE_INVALID"),
        (signed("x", expires_in=-DAY), "URL_EXPIRED"),
    ],
)
async def test_what_no_visitor_would_get_is_refused_with_the_reason(
    free: Served, url: str, code: str
) -> None:
    for dry_run in (True, False):
        data = await warmed(free, urls=[url, page("fine")], dryRun=dry_run)
        assert data["items"][0] == {"url": url, "state": "refused", "cost": NOTHING, "code": code}
        assert states(data)[1] in {"planned", "generated", "hit"}


async def test_a_key_in_a_url_is_not_repeated(free: Served) -> None:
    secret = "bnt_" + "ab" * 32
    answer = await free.client.post(WARM, json={"urls": [f"/api/v1/live?prompt=x&key={secret}"]})
    (item,) = answer.json()["data"]["items"]
    assert (item["url"], item["code"]) == ("/api/v1/live", "KEY_IN_URL")
    assert secret not in answer.text


async def test_every_picture_is_made_in_all_sizes_and_formats_from_one_generation(
    paid: Served, replicate_standin: ReplicateStandin
) -> None:
    url = page("a fox", aspectRatio="16:9")
    more = {"urls": [url], "sizes": [320, 640], "formats": ["webp", "avif"]}
    planned = await warmed(paid, **more, dryRun=True)
    assert len(planned["items"]) == 1 + 2 * 2
    assert set(states(planned)) == {"planned"}
    assert planned["total"]["cost"] == PRICE
    made = await warmed(paid, **more)
    assert made["total"]["states"] == {"generated": 1, "derived": 4}
    assert [item["url"] for item in made["items"]] == [item["url"] for item in planned["items"]]
    assert (await warmed(paid, **more))["total"]["states"] == {"hit": 5}
    assert (await warmed(paid, **more, dryRun=True))["total"]["states"] == {"hit": 5}
    for item in made["items"]:
        answer = await paid.client.get(item["url"])
        assert (answer.status_code, answer.headers["x-cache-status"]) == (200, "HIT")
        assert 'detail="derived"' not in answer.headers["cache-status"]
    assert await replicate_standin.created() == 1


async def test_a_page_without_signature_is_warmed_in_the_sizes_it_gets(free: Served) -> None:
    """Strangers get the sizes of the ladder, owners and signed URLs exactly what they ask."""
    asked = {"w": "650", "fm": "webp"}
    plain, bound = page("a ladder", **asked), signed("a ladder", **asked)
    for url, state in ((plain, "generated"), (bound, "derived"), (plain, "hit"), (bound, "hit")):
        assert states(await warmed(free, urls=[url])) == [state]
        assert await encoded_now(free, url) is False
    assert states(await warmed(free, urls=[program("a ladder", **asked)])) == ["hit"]
    assert await encoded_now(free, page("a ladder", w="64", fm="webp")) is True


async def encoded_now(edge: Served, url: str) -> bool:
    """Whether a stranger's request had to have the size made."""
    answer = await stranger(edge, url)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    assert answer.headers["x-cache-status"] == "HIT"
    return 'detail="derived"' in answer.headers["cache-status"]


async def test_whatever_auto_may_choose_is_there(free: Served) -> None:
    url = page("a choice", w="320", fm="auto")
    assert states(await warmed(free, urls=[url])) == ["generated"]
    assert states(await warmed(free, urls=[url], dryRun=True)) == ["hit"]
    for accept, kind in (
        ("image/avif,image/webp,*/*", "image/avif"),
        ("image/webp,*/*", "image/webp"),
        ("image/jpeg", "image/jpeg"),
    ):
        answer = await free.client.get(url, headers={"Accept": accept})
        assert answer.headers["content-type"] == kind
        assert 'detail="derived"' not in answer.headers["cache-status"]


async def test_a_height_keeps_in_step_with_its_width(free: Served) -> None:
    url = program("a step", w="400", h="200")
    data = await warmed(free, urls=[url], sizes=[200], dryRun=True)
    assert data["items"][1]["url"].endswith("w=200&h=100")
    data = await warmed(free, urls=[signed("a step", w="400")], sizes=[200], dryRun=True)
    assert "sig=" not in data["items"][1]["url"]
    assert len(data["items"]) == 2
