"""The element's box is there before its picture, whatever the page says of its size."""

import re
from urllib.parse import quote

import pytest
from PIL import ImageColor
from playwright.async_api import Browser, Page

from core.cards import color_of
from edge.console.element import served
from tests.edge.browsing import seen, watched_page
from tests.edge.element_site import SCRIPT

pytestmark = pytest.mark.needs_apt

SMALL = 3_000
LIVE = "/cdn/main/site/live/page?prompt=a"
BOXES = [
    ('width="640" height="360"', "", (640, 360)),
    ('width="320"', "&aspectRatio=16:9", (320, 180)),
    ('width="320"', "&aspectRatio=16%3A9", (320, 180)),
    ('width="320"', "&ar=9x16", (320, 569)),
    ('width="320"', "&aspectRatio=1920:1080", (320, 180)),
    ('width="320"', "", (320, 320)),
    ('width="320"', "&aspectRatio=no", (320, 320)),
    ('width="320" height="80"', "&ar=16:9", (320, 80)),
    ('width="300"', "&ar=16:9&w=600&h=200", (300, 100)),
    ('width="320"', "&w=640&ar=2:1", (320, 160)),
    ("", "&ar=4:1", (800, 200)),
    ('width="1600"', "&ar=2:1", (800, 400)),
    ('width="320" style="width: 50%"', "&ar=2:1", (400, 200)),
    ('width="320" height="80" hidden', "", (0, 0)),
]


async def blank(page: Page, html: str) -> None:
    """A page of an origin where nothing ever answers a request for a picture."""
    url = "http://pages.test/"
    await page.route("http://pages.test/cdn/**", lambda _: None)
    await page.route(url, lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.goto(url, wait_until="commit")


def document(body: str) -> str:
    style = "<style>body { margin: 0; width: 800px }</style>"
    return f"<!doctype html><script>{SCRIPT.decode()}</script>{style}<main>{body}</main>"


async def test_every_box_has_its_size_at_once(browser: Browser) -> None:
    body = "".join(f'<live-img src="{LIVE}{query}" {size}></live-img>' for size, query, _ in BOXES)
    async with watched_page(browser) as page:
        await blank(page, document(body))
        found = await page.locator("live-img").evaluate_all(
            "(all) => all.map((one) => [one.offsetWidth, one.offsetHeight])"
        )
        assert [tuple(one) for one in found] == [size for _, _, size in BOXES]
        assert (await seen(page))["shift"] == 0


async def test_the_field_has_a_color_of_the_prompt_alone(browser: Browser) -> None:
    prompts = ("a", "b", "a red lighthouse", "a+red+lighthouse", "é", "🦊", "a red lighthous")
    queries = [f"prompt={quote(prompt, safe='+')}" for prompt in prompts]
    one = "".join(
        f'<live-img width="9" src="/cdn/main/site/live/page?{extra}{query}"></live-img>'
        for extra in ("", "sig=x&")
        for query in queries
    )
    async with watched_page(browser) as page:
        await blank(page, document(one))
        colors = await page.locator("live-img").evaluate_all(
            "(all) => all.map((one) => getComputedStyle(one).backgroundColor)"
        )
    first, second = colors[: len(prompts)], colors[len(prompts) :]
    assert first == second
    assert first[2] == first[3]
    assert len(set(first)) == len(prompts) - 1
    texts = [prompt.replace("+", " ") for prompt in prompts]
    for color, text in zip(first, texts, strict=True):
        painted = [int(part) for part in re.findall(r"\d+", color)]
        sent = ImageColor.getrgb(color_of(text))
        # Rounded differently, by one in 255 at most.
        assert max(abs(one - other) for one, other in zip(painted, sent, strict=True)) <= 1, text


async def test_a_page_that_moves_or_breaks_does_not_pass(browser: Browser) -> None:
    """The watch itself: what it would have to see elsewhere."""
    body = '<img src="/nothing.png" alt="a"><p>below</p>'
    async with watched_page(browser) as page:
        await page.route("**/nothing.png", lambda route: route.fulfill(status=404, body="no"))
        await blank(page, document(body))
        await page.wait_for_function("document.images[0].complete")
        assert set((await seen(page))["broken"]) == {"http://pages.test/nothing.png"}
        await page.evaluate("document.images[0].style = 'display: block; height: 300px'")
        assert (await seen(page))["shift"] > 0


def test_the_script_is_small() -> None:
    assert len(SCRIPT) < SMALL


def test_comments_and_indentation_stay_at_home() -> None:
    assert served("// why\n\n  a(); // how\n    // what\n\tb();\n") == b"a(); // how\nb();\n"
