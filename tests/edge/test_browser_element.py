"""What the element does with each answer it may get, in a real browser and frame by frame."""

import asyncio
from collections.abc import Callable
from html import escape

import pytest
from playwright.async_api import Page

from tests.edge.element_site import (
    PICTURE,
    STATUS,
    Site,
    answer,
    color,
    ends,
    everything_has_arrived,
    stop_the_clock,
)
from tests.standins.origin import NO_STORE, Answer, Origin

pytestmark = pytest.mark.needs_apt


async def test_a_picture_that_is_there_is_asked_for_once_by_its_very_url(
    site: Callable[..., Site], tab: Page
) -> None:
    here = site(answer(200))
    await tab.goto(here.url)
    await ends(tab, 200)
    assert await color(tab) == "green"
    (asked,) = here.asked()
    assert asked.target.decode() == PICTURE
    assert asked.one("sec-fetch-dest") == "image"
    assert "image/avif" in (asked.one("accept") or "")


async def test_a_placeholder_stays_until_the_picture_is_there(
    site: Callable[..., Site], tab: Page
) -> None:
    gate = asyncio.Event()
    here = site(answer(202, after=1), answer(202, after=1), answer(200, gate=gate), answer(500))
    await tab.goto(here.url)
    await here.origin.until(4)
    await tab.wait_for_function(f"{STATUS} === '202'")
    assert await color(tab) == "silver"
    await tab.wait_for_function("performance.getEntriesByType('resource').length >= 3")
    gate.set()
    await ends(tab, 200)
    assert await color(tab) == "green"
    # What fetch() brought is what is shown: nothing is asked for twice.
    assert [one.target.decode() for one in here.asked()] == [PICTURE] * 3


async def test_retry_after_is_waited_for(site: Callable[..., Site], tab: Page) -> None:
    await stop_the_clock(tab)
    here = site(answer(503, after=40), answer(503, after=40), answer(200))
    await tab.goto(here.url)
    await tab.wait_for_function(f"{STATUS} === '503'")
    assert await color(tab) == "maroon"
    await tab.clock.fast_forward(2_000)
    await here.origin.until(4)
    await everything_has_arrived(tab)
    await tab.clock.fast_forward(20_000)
    await everything_has_arrived(tab)
    assert len(here.asked()) == 2
    await tab.clock.fast_forward(40_000)
    await ends(tab, 200)
    assert await color(tab) == "green"


@pytest.mark.parametrize(
    "refusal", [answer(status) for status in (400, 403, 404, 410, 422)], ids=lambda one: one.status
)
async def test_a_refusal_is_shown_and_not_asked_about_again(
    site: Callable[..., Site], tab: Page, refusal: Answer
) -> None:
    here = site(refusal)
    await stop_the_clock(tab)
    await tab.goto(here.url)
    await ends(tab, refusal.status)
    await tab.clock.fast_forward(600_000)
    await everything_has_arrived(tab)
    assert await color(tab) == "maroon"
    assert await tab.get_by_role("img", name="a view").count() == 1
    assert len(here.asked()) == 1


_ENDED = """
addEventListener("error", (event) => {
    if (event.target.localName === "live-img") watch.ended = true;
}, true);
"""


@pytest.mark.parametrize("after", [3600, None])
async def test_where_waiting_does_not_help_it_ends(
    site: Callable[..., Site], tab: Page, after: int | None
) -> None:
    here = site(answer(429, after=after))
    await tab.add_init_script(_ENDED)
    await stop_the_clock(tab)
    await tab.goto(here.url)
    await ends(tab, 429)
    await tab.clock.fast_forward(3_000)
    await tab.wait_for_function("watch.ended")
    await tab.clock.fast_forward(600_000)
    await everything_has_arrived(tab)
    assert len(here.asked()) == 2


async def test_text_instead_of_a_picture_is_no_broken_icon(
    site: Callable[..., Site], tab: Page
) -> None:
    """As nginx answers while the server behind it starts again."""
    text = {"headers": {"Retry-After": "1"} | NO_STORE, "body": b'{"success":false}'}
    here = site(Answer(502, **text), Answer(502, **text), answer(200))
    await tab.goto(here.url)
    await ends(tab, 200)
    assert await color(tab) == "green"


async def test_a_cut_connection_is_tried_again(site: Callable[..., Site], tab: Page) -> None:
    cut = answer(200, cut_after=0)
    here = site(cut, cut, cut, answer(200))
    await tab.goto(here.url)
    await ends(tab, 200)
    assert await color(tab) == "green"


async def test_another_origin_that_lets_nobody_read_is_a_plain_image(
    site: Callable[..., Site], tab: Page
) -> None:
    async with Origin().listening() as closed:
        closed.always(answer(200, public=False))
        src = f"http://127.0.0.1:{closed.port}{escape(PICTURE)}"
        here = site(answer(500), body=f'<live-img src="{src}" width="320" height="180" alt="">')
        await tab.goto(here.url)
        await ends(tab, 200)
        assert await color(tab) == "green"
        assert {one.target.decode() for one in closed.asked} == {PICTURE}


async def test_a_browser_that_tells_no_status_asks_once_more(
    site: Callable[..., Site], tab: Page
) -> None:
    """From its cache, if the picture was there."""
    await tab.add_init_script("performance.getEntriesByName = () => []")
    here = site(answer(202, after=1), answer(200), answer(500))
    await tab.goto(here.url)
    await ends(tab, 200)
    assert await color(tab) == "green"
    await tab.goto(here.url)
    await ends(tab, 200)
    assert len(here.asked()) == 2
