"""The element on a page: its attributes, its coming and going, and what the page forbids."""

import asyncio
from collections.abc import Callable
from html import escape
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.edge.browsing import seen, watched_page
from tests.edge.element_site import (
    FIRST,
    PICTURE,
    Site,
    answer,
    color,
    ends,
    everything_has_arrived,
)

pytestmark = pytest.mark.needs_apt


STRICT = "default-src 'none'; script-src 'self'; img-src 'self'{img}; connect-src {connect}"


@pytest.mark.parametrize(
    ("img", "connect", "blocked"),
    [
        (" blob:", "'self'", set()),
        ("", "'self'", {"img-src"}),
        (" blob:", "'none'", {"connect-src"}),
    ],
)
async def test_a_policy_needs_no_inline_styles_and_costs_no_picture(
    site: Callable[..., Site], tab: Page, img: str, connect: str, blocked: set[str]
) -> None:
    here = site(answer(202, after=1), answer(202, after=1), answer(200))
    here.policy = {"Content-Security-Policy": STRICT.format(img=img, connect=connect)}
    await tab.goto(here.url)
    await ends(tab, 200)
    assert await color(tab) == "green"
    assert set((await seen(tab))["blocked"]) == blocked


async def test_a_new_src_takes_over_from_one_that_waits(
    site: Callable[..., Site], tab: Page
) -> None:
    never = asyncio.Event()
    here = site(answer(500, gate=never), answer(200))
    failed = []
    tab.on("requestfailed", lambda one: failed.append(one.url))
    await tab.goto(here.url, wait_until="commit")
    await here.origin.until(3)
    await tab.evaluate(f"{FIRST}.src = 1; {FIRST}.setAttribute('src', '/cdn/other?prompt=b')")
    await ends(tab, 200)
    assert [one.target for one in here.asked()] == [PICTURE.encode(), b"/cdn/other?prompt=b"]
    assert failed == [here.url + PICTURE]
    never.set()


async def test_the_alternative_text_changes_with_its_attribute(
    site: Callable[..., Site], tab: Page
) -> None:
    here = site(answer(200))
    await tab.goto(here.url)
    await ends(tab, 200)
    await tab.evaluate(f"{FIRST}.setAttribute('alt', 'another view')")
    await tab.get_by_role("img", name="another view").wait_for()
    await ends(tab, 200)
    assert len(here.asked()) == 1


async def test_an_element_that_leaves_the_page_asks_no_more(
    site: Callable[..., Site], tab: Page
) -> None:
    never = asyncio.Event()
    here = site(answer(202, after=1), answer(202, gate=never))
    failed = []
    tab.on("requestfailed", lambda one: failed.append(one.url))
    await tab.goto(here.url)
    await here.origin.until(4)
    kept = await tab.evaluate_handle(FIRST)
    await tab.evaluate("(one) => one.remove()", kept)
    assert await tab.evaluate("(one) => one.shadowRoot.children.length", kept) == 0
    await everything_has_arrived(tab)
    assert failed == [here.url + PICTURE]
    never.set()


async def test_what_is_far_below_is_asked_for_when_it_comes_near(
    site: Callable[..., Site], tab: Page
) -> None:
    far = f'<div style="height:9000px"></div><live-img src="{escape(PICTURE)}" width="320">'
    here = site(answer(200), body=far)
    await tab.goto(here.url)
    await seen(tab)
    assert here.asked() == []
    await tab.evaluate("scrollTo(0, 9000)")
    await ends(tab, 200)
    assert len(here.asked()) == 1


@pytest.mark.parametrize(("wish", "milliseconds"), [("reduce", 0), ("no-preference", 300)])
async def test_the_fade_respects_who_wants_less_motion(
    site: Callable[..., Site], browser: Browser, wish: Any, milliseconds: int
) -> None:
    here = site(answer(200))
    note = "const { animate } = Element.prototype; Element.prototype.animate = function (how, time)"
    async with watched_page(browser, reduced_motion=wish) as tab:
        await tab.add_init_script(
            f"{note} {{ window.time = time; return animate.apply(this, arguments) }}"
        )
        await tab.goto(here.url)
        await ends(tab, 200)
        assert await tab.evaluate("window.time") == milliseconds


async def test_without_javascript_the_image_inside_is_shown(
    site: Callable[..., Site], browser: Browser
) -> None:
    image = f'<noscript><img src="{escape(PICTURE)}" width="320" height="180" alt=""></noscript>'
    body = f'<live-img src="{escape(PICTURE)}" width="320" height="180">{image}</live-img>'
    here = site(answer(200), body=body)
    async with watched_page(browser, java_script_enabled=False) as tab:
        await tab.goto(here.url)
        assert await color(tab, "img") == "green"
    async with watched_page(browser) as tab:
        await tab.goto(here.url)
        await ends(tab, 200)
    assert len(here.asked()) == 2


async def test_a_srcset_is_chosen_from(site: Callable[..., Site], tab: Page) -> None:
    srcset = "/cdn/x?w=320 320w, /cdn/x?w=640 640w, /cdn/x?w=1280 1280w"
    body = f'<live-img src="/cdn/x" srcset="{srcset}" sizes="600px" width="600" alt="">'
    here = site(answer(202, after=1), answer(200), body=body)
    await tab.goto(here.url)
    await ends(tab, 200)
    assert [one.target for one in here.asked()] == [b"/cdn/x?w=640"] * 2
    assert await color(tab) == "green"


async def test_the_script_may_be_there_twice(site: Callable[..., Site], tab: Page) -> None:
    trouble = []
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    here = site(answer(200), head="<script src=/live-img.js></script>")
    await tab.goto(here.url)
    await ends(tab, 200)
    assert trouble == []
