"""Signed URLs on their way: changed, written anew, and signed by a key of the past."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from tests.edge.api.paying import environment, signed, stranger
from tests.edge.api.serving import Served, served
from tests.standins.replicate import ReplicateStandin

OLD, NEW = f"old:{'2b' * 32}", f"new:{'17' * 32}"
ORIGIN = "https://pictures.example.com"


@pytest.fixture
async def edge(tmp_path: Path, replicate_standin: ReplicateStandin) -> AsyncIterator[Served]:
    async with served(tmp_path, **environment(replicate_standin)) as running:
        yield running


async def test_a_changed_url_is_refused_and_nothing_is_made(
    edge: Served, replicate_standin: ReplicateStandin
) -> None:
    data = await signed(edge, prompt="a fox", aspectRatio="16:9", w=320)
    path, given = data["path"].partition("?")[0], dict(parse_qsl(urlsplit(data["path"]).query))
    later = str(int(given["exp"]) + 1)
    for change in (
        {"prompt": "a box"},
        {"aspectRatio": "1:1"},
        {"exp": later},
        {"w": "321"},
        {"h": "1"},
        {"kid": "old"},
        {"fm": "avif"},
    ):
        answer = await stranger(edge, f"{path}?{urlencode(given | change)}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "SIGNATURE_INVALID")
        assert answer.headers["cache-control"] == "private, no-store"
    assert await replicate_standin.created() == 0


async def test_a_url_that_was_written_anew_on_its_way_verifies(
    edge: Served, replicate_standin: ReplicateStandin
) -> None:
    data = await signed(edge, prompt="a fox (über 50% off)", aspectRatio="16:9")
    path, given = data["path"].partition("?")[0], dict(parse_qsl(urlsplit(data["path"]).query))
    backwards = dict(reversed(given.items()))
    spaced = "&".join(f"{name}={quote(text, safe='')}" for name, text in backwards.items())
    ways = [
        urlencode(given),
        spaced,
        spaced.replace("%3A", ":").replace("%28", "("),
        spaced.replace("%C3%BC", "%c3%bc"),
        f"utm_source=mail&{urlencode(given)}&fbclid=1&_=2",
    ]
    assert len(set(ways)) == len(ways)
    pictures = set()
    for query in ways:
        answer = await stranger(edge, f"{path}?{query}")
        assert answer.status_code == 200, (query, answer.text)
        pictures.add(answer.headers["x-image-id"])
    assert len(pictures) == 1
    assert await replicate_standin.created() == 1


async def test_an_old_key_works_beside_the_new_one_until_it_is_taken_out(
    tmp_path: Path, replicate_standin: ReplicateStandin
) -> None:
    urls = []
    for keys, expected in (
        (OLD, ["old"]),
        (f"{OLD},{NEW}", ["old", "old"]),
        (f"{NEW},{OLD}", ["old", "old", "new"]),
    ):
        async with served(
            tmp_path, **environment(replicate_standin, EDGE_SIGNING_KEYS=keys)
        ) as edge:
            urls.append((await signed(edge, prompt="a fox"))["path"])
            assert [kid_of(url) for url in urls] == expected
            for url in urls:
                assert (await stranger(edge, url)).status_code == 200
    settings = environment(replicate_standin, EDGE_SIGNING_KEYS=NEW)
    async with served(tmp_path, **settings) as edge:
        for url in urls:
            answer = await stranger(edge, url)
            if kid_of(url) == "new":
                assert answer.status_code == 200
            else:
                assert answer.json()["error"]["code"] == "SIGNATURE_INVALID"
    assert await replicate_standin.created() == 1


def kid_of(url: str) -> str:
    return dict(parse_qsl(urlsplit(url).query))["kid"]


async def test_the_public_origin_is_the_one_of_the_url(
    tmp_path: Path, replicate_standin: ReplicateStandin
) -> None:
    settings = environment(replicate_standin) | {"EDGE_PUBLIC_URL": ORIGIN}
    async with served(tmp_path, **settings) as edge:
        data = await signed(edge, prompt="a fox")
    assert data["url"] == ORIGIN + data["path"]
