"""Twelve pictures nobody has made yet on a page: what its visitor sees, frame by frame."""

import secrets
from html import escape

import pytest
from playwright.async_api import Browser, Page

from tests.edge.browsing import seen, watched_page
from tests.edge.live_server import LiveServer, page, signed
from tests.fleet.crowd import until
from tests.fleet.processes import ROOT
from tests.standins.origin import Answer, Origin
from tests.standins.replicate import ReplicateStandin

pytestmark = pytest.mark.needs_apt

# With the height of a picture 300 pixels wide.
RATIOS = {"16:9": 169, "5:4": 240, "3:2": 200, "4:3": 225}
TWELVE = [(f"picture {number}", tuple(RATIOS)[number % 4]) for number in range(12)]
# HTTP/1.1: more lines than these a browser does not hold to one server.
LINES = 6
_STATES = "[...document.querySelectorAll('live-img')].map((one) => one.getAttribute('status'))"
_ALL_THERE = (
    "[...document.querySelectorAll('live-img')].every((one) => one.getAttribute('status') === '200'"
    " && one.shadowRoot.children.length === 1)"
)
_BOXES = (
    "[...document.querySelectorAll('live-img')].map((one) => [one.offsetWidth, one.offsetHeight])"
)
_SHOWN = """
[...document.querySelectorAll('live-img')].flatMap((one) => [...one.shadowRoot.children])
    .filter((img) => getComputedStyle(img).opacity !== "0").length
"""
_COMPLETE = "[...document.images].every((one) => one.complete)"
_WIDTHS = "[...document.images].map((one) => one.naturalWidth)"


def addresses(server: LiveServer, **parameters: str) -> list[str]:
    """Twelve signed pictures that exist nowhere yet."""
    salt = secrets.token_hex(4)
    return [
        server.process.base_url + signed(f"{prompt} {salt}", aspectRatio=ratio, **parameters)
        for prompt, ratio in TWELVE
    ]


def gallery(server: LiveServer, pictures: list[str]) -> str:
    """A page of these; text around them shows whether anything moves."""
    shown = "".join(f"<div><p>before</p>{picture}<p>after</p></div>" for picture in pictures)
    style = "body { display: grid; grid-template-columns: repeat(3, 310px) }"
    script = f'<script src="{server.process.base_url}/live-img.js"></script>'
    return f"<!doctype html><title>Twelve</title><style>{style}</style>{script}{shown}"


def elements(addresses: list[str]) -> list[str]:
    return [
        f'<live-img src="{escape(one)}" width="300" alt="a view"></live-img>' for one in addresses
    ]


def images(addresses: list[str]) -> list[str]:
    return [
        f'<img src="{escape(one)}" width="300" height="{RATIOS[ratio]}" alt="a view">'
        for one, (_, ratio) in zip(addresses, TWELVE, strict=True)
    ]


def made(server: LiveServer, address: str) -> bool:
    return server.client.get(address).status_code == 200


async def opened(page: Page, server: LiveServer, html: str) -> None:
    """The page as one of the server's own origin; returns when its parts are on their way."""
    url = f"{server.process.base_url}/gallery.html"
    await page.route(url, lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.goto(url, wait_until="commit")


async def test_the_element_shows_a_still_page_and_then_every_picture(
    paid: LiveServer, replicate_standin: ReplicateStandin, browser: Browser
) -> None:
    await replicate_standin.hold()
    async with watched_page(browser) as page:
        await opened(page, paid, gallery(paid, elements(addresses(paid))))
        await replicate_standin.wait(created=LINES)
        await seen(page)
        assert await page.evaluate(_BOXES) == [[300, RATIOS[ratio]] for _, ratio in TWELVE]
        assert await page.evaluate(_SHOWN) == 0
        await replicate_standin.release()
        await page.wait_for_function(_ALL_THERE, timeout=40_000)
        watched = await seen(page)
        assert watched["frames"] > 20
        assert (watched["broken"], watched["shift"]) == ([], 0)
        assert await page.evaluate(_BOXES) == [[300, RATIOS[ratio]] for _, ratio in TWELVE]
    assert await replicate_standin.created() == 12


async def test_the_element_shows_placeholders_until_the_pictures_are_there(
    paid: LiveServer, replicate_standin: ReplicateStandin, browser: Browser
) -> None:
    await replicate_standin.hold()
    async with watched_page(browser) as page:
        await opened(page, paid, gallery(paid, elements(addresses(paid, wait="0"))))
        await page.wait_for_function(f"{_STATES}.every((state) => state === '202')")
        await page.wait_for_function(f"{_SHOWN} === 12")
        await replicate_standin.release()
        await page.wait_for_function(_ALL_THERE, timeout=60_000)
        watched = await seen(page)
        assert (watched["broken"], watched["shift"]) == ([], 0)
    assert await replicate_standin.created() == 12


async def test_plain_images_wait_for_their_pictures(
    paid: LiveServer, replicate_standin: ReplicateStandin, browser: Browser
) -> None:
    await replicate_standin.hold()
    async with watched_page(browser) as page:
        await opened(page, paid, gallery(paid, images(addresses(paid))))
        await replicate_standin.wait(created=LINES)
        await seen(page)
        assert await page.evaluate(_WIDTHS) == [0] * 12
        await replicate_standin.release()
        await page.wait_for_function(_COMPLETE, timeout=40_000)
        assert all(width > 512 for width in await page.evaluate(_WIDTHS))
        watched = await seen(page)
        assert (watched["broken"], watched["shift"]) == ([], 0)
    assert await replicate_standin.created() == 12


async def test_plain_images_that_do_not_wait_show_placeholders_and_later_pictures(
    paid: LiveServer, replicate_standin: ReplicateStandin, browser: Browser
) -> None:
    await replicate_standin.hold()
    shown = addresses(paid, wait="0")
    async with watched_page(browser) as page:
        await opened(page, paid, gallery(paid, images(shown)))
        await page.wait_for_function(_COMPLETE)
        assert await page.evaluate(_WIDTHS) == [512] * 12
        assert (await seen(page))["broken"] == []
        await replicate_standin.release()
        await until(lambda: all(made(paid, one) for one in shown), what="the making")
        await page.reload()
        assert all(width > 512 for width in await page.evaluate(_WIDTHS))
        assert (await seen(page))["broken"] == []
    assert await replicate_standin.created() == 12


_REFUSED = """
<img src="{plain}" width="320" height="180" alt="a view">
<live-img src="{element}" width="320" alt="another view"></live-img>
"""


async def test_what_strangers_may_not_have_made_is_refused_with_a_picture_and_costs_nothing(
    paid: LiveServer, replicate_standin: ReplicateStandin, browser: Browser
) -> None:
    plain, element = (
        paid.process.base_url + page(f"{name} {secrets.token_hex(4)}", "sealed", aspectRatio="16:9")
        for name in ("plain", "element")
    )
    async with watched_page(browser) as tab:
        answers = []
        tab.on("response", lambda one: answers.append(one))  # noqa: PLW0108 - it marks its handler
        html = _REFUSED.format(plain=escape(plain), element=escape(element))
        await opened(tab, paid, gallery(paid, [html]))
        await tab.wait_for_selector("live-img[status='403']")
        await tab.wait_for_function(_COMPLETE)
        assert await tab.evaluate(_WIDTHS) == [512]
        await tab.wait_for_function(f"{_SHOWN} === 1")
        card = tab.locator("live-img img")
        assert await card.evaluate("(one) => [one.naturalWidth, one.naturalHeight]") == [512, 288]
        assert await tab.get_by_role("img", name="another view").count() == 1
        watched = await seen(tab)
        assert (watched["broken"], watched["shift"]) == ([], 0)
        refused = {one.url: one for one in answers if "/live/sealed" in one.url}
        assert set(refused) == {plain, element}
        assert len([one for one in answers if one.url == element]) == 1
        for one in refused.values():
            headers = await one.all_headers()
            assert (one.status, headers["x-error-code"]) == (403, "SPENDING_NOT_ALLOWED")
            assert headers["cache-control"] == "private, no-store"
    assert await replicate_standin.created() == 0


async def test_the_element_works_on_pages_of_other_origins(
    paid: LiveServer, replicate_standin: ReplicateStandin, browser: Browser
) -> None:
    """Another port is another origin: what says 202 and Retry-After there has to be readable."""
    await replicate_standin.hold()
    body = gallery(paid, elements(addresses(paid, wait="0"))).encode()
    async with Origin().listening() as site, watched_page(browser) as page:
        site.always(Answer(headers={"Content-Type": "text/html"}, body=body))
        await page.goto(f"http://127.0.0.1:{site.port}/", wait_until="commit")
        await page.wait_for_function(f"{_STATES}.every((state) => state === '202')")
        await replicate_standin.release()
        await page.wait_for_function(_ALL_THERE, timeout=60_000)
        watched = await seen(page)
        assert (watched["broken"], watched["shift"]) == ([], 0)
    assert await replicate_standin.created() == 12


async def test_the_example_page_works_as_pasted(painter: LiveServer, browser: Browser) -> None:
    example = (ROOT / "docs/examples/page.html").read_text("utf-8")
    assert example.count("http://localhost:3000/") == 2
    html = example.replace("http://localhost:3000", painter.process.base_url)
    async with Origin().listening() as site, watched_page(browser) as page:
        site.always(Answer(headers={"Content-Type": "text/html"}, body=html.encode()))
        await page.goto(f"http://127.0.0.1:{site.port}/")
        assert await page.locator("live-img").count() == 12
        await page.evaluate("document.body.style.zoom = 0.5")
        await page.wait_for_function(_ALL_THERE, timeout=60_000)
        assert (await seen(page))["broken"] == []
