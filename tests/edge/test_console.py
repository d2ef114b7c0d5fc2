"""The pages for people: they work in a real browser, and ask nobody else for anything."""

import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image
from playwright.async_api import Page

from core.signing import Signer
from edge.console.element import served
from edge.console.example import Example
from tests.edge.api.described import description
from tests.edge.browsing import running_browser, seen, watched_page
from tests.edge.header_sets import OPEN, SAFE, ensure_exact
from tests.edge.linting import ensure_sound
from tests.fleet.processes import ROOT, ServerProcess, fleet

PAGES = ("/", "/docs", "/docs/docs.js", "/docs/style.css", "/robots.txt", "/favicon.ico")
PATH = "/cdn/main/site/live/page"
SMALL_SCRIPT = 10_000
SCRIPT = served((ROOT / "edge/console/pages/live-img.js").read_text("utf-8"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with fleet(tmp_path_factory.mktemp("console"), 1) as (process,):
        yield process


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.base_url) as client:
        yield client


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with running_browser() as browser, watched_page(browser) as page:
        yield page


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_kept_by_nobody_and_trusts_nobody(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    own = str(client.base_url).rstrip("/")
    assert not re.search(r"(?:https?:|[\"'(])//\w", answer.text.replace(own, ""))
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))


def test_the_script_is_small(client: httpx.Client) -> None:
    assert len(client.get("/docs/docs.js").content) < SMALL_SCRIPT


def test_the_element_is_for_every_page_and_kept_a_while(client: httpx.Client) -> None:
    answer = client.get("/live-img.js")
    ensure_sound(answer)
    assert answer.content == SCRIPT
    digest = hashlib.sha256(answer.content).hexdigest()
    lines = {
        "content-type": "text/javascript; charset=utf-8",
        "content-length": str(len(SCRIPT)),
        "cache-control": "public, max-age=600, stale-while-revalidate=86400",
        "etag": f'"sha256-{digest[:32]}"',
    }
    ensure_exact(answer, lines | SAFE | OPEN, set())
    head = client.head("/live-img.js")
    ensure_sound(head)
    assert (head.status_code, head.content) == (200, b"")
    ensure_exact(head, lines | SAFE | OPEN, set())


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_element_that_is_still_the_same_is_not_sent_again(
    client: httpx.Client, method: str
) -> None:
    etag = client.get("/live-img.js").headers["etag"]
    for known in (etag, f'"old", W/{etag}', "*"):
        same = client.request(method, "/live-img.js", headers={"If-None-Match": known})
        ensure_sound(same)
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        assert same.headers["cache-control"].startswith("public, max-age=")
    other = client.get("/live-img.js", headers={"If-None-Match": '"old"', "Range": "bytes=0-9"})
    assert (other.status_code, other.content) == (200, SCRIPT)


def test_the_icon_is_an_icon_of_a_few_hundred_bytes(client: httpx.Client) -> None:
    icon = client.get("/favicon.ico").content
    assert len(icon) < 1000
    with Image.open(BytesIO(icon)) as image:
        assert (image.format, image.size) == ("ICO", (32, 32))


def test_crawlers_are_kept_from_the_api_and_not_from_pictures(client: httpx.Client) -> None:
    robots = client.get("/robots.txt").text.splitlines()
    assert "User-agent: *" in robots
    assert "Disallow: /api/" in robots
    assert not any(line.startswith("Disallow: /cdn") for line in robots)


def test_the_front_page_says_what_was_asked_for_and_not_what_a_header_injects(
    client: httpx.Client,
) -> None:
    named = client.get("/", headers={"Host": "pictures.example:8080"}).text
    assert "http://pictures.example:8080/cdn/main/site/live/page?prompt=a+red+lighthouse" in named
    injected = client.get("/", headers={"Host": "a'&b"}).text
    assert "a'&b" not in injected


@pytest.mark.needs_apt
async def test_the_front_pages_picture_is_there(server: ServerProcess, page: Page) -> None:
    strangers: list[str] = []
    page.on("request", lambda request: strangers.append(request.url))
    await page.goto(server.base_url)
    await page.wait_for_selector("live-img.example[status='200']")
    assert await page.locator("live-img img").evaluate("image => image.naturalWidth") == 1344
    watched = await seen(page)
    assert (watched["broken"], watched["shift"], watched["blocked"]) == ([], 0, [])
    assert {urlsplit(url).netloc for url in strangers} == {urlsplit(server.base_url).netloc}


@pytest.mark.needs_apt
async def test_the_description_is_readable_and_whole(server: ServerProcess, page: Page) -> None:
    trouble: list[str] = []
    strangers: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda request: strangers.append(request.url))
    await page.goto(f"{server.base_url}/docs#createGeneration")
    await page.wait_for_selector("article")
    assert trouble == []
    assert {urlsplit(url).netloc for url in strangers} == {urlsplit(server.base_url).netloc}
    names = await page.locator("article").evaluate_all("all => all.map(one => one.id)")
    document = description().document
    operations = [one for item in document["paths"].values() for one in item.values()]
    assert sorted(names) == sorted(one["operationId"] for one in operations)
    article = page.locator("#createGeneration")
    assert await article.evaluate("one => Math.abs(one.getBoundingClientRect().top) < 100")
    text = await article.inner_text()
    for word in ("/api/v1/generations", "Idempotency-Key", "aspectRatio", "required", "201"):
        assert word in text
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.needs_apt
async def test_the_description_can_be_filtered(server: ServerProcess, page: Page) -> None:
    await page.goto(f"{server.base_url}/docs")
    await page.wait_for_selector("article")
    await page.fill("#filter", "resolve")
    assert await page.locator("#index li:visible").count() == 1


def test_a_picture_that_costs_money_is_signed_for_strangers(tmp_path: Path) -> None:
    signer = Signer([("k1", b"0123456789abcdef")])
    free, paid = (Example(PATH, free=free).target(signer, now=1000.0) for free in (True, False))
    assert free == f"{PATH}?prompt=a+red+lighthouse&aspectRatio=16:9"
    parts = urlsplit(paid)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert signer.verify(parts.path, given, now=1000.0) > 1000
    assert "sign" in Example(PATH, free=False).note
