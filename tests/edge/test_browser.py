"""What a person sees: the printed URL in an <img>, in a real browser."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.edge.browsing import running_browser, watched_page
from tests.fleet.processes import ServerProcess, fleet

pytestmark = pytest.mark.needs_apt

_MEASURE = """
async () => Promise.all([...document.images].map(async image => {
    await image.decode().catch(() => {});
    return [image.naturalWidth, image.naturalHeight];
}))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with fleet(tmp_path_factory.mktemp("browser"), 1) as (process,):
        yield process


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with running_browser() as browser, watched_page(browser) as page:
        yield page


async def test_the_printed_url_is_a_picture_in_a_page(
    server: ServerProcess, page: Page, tmp_path: Path
) -> None:
    picture = f"{server.base_url}/cdn/main/site/live/page?prompt=a+red+lighthouse"
    await page.set_content(
        f"""<h1>A page</h1>
        <img src="{picture}" width="300" height="300" alt="square">
        <img src="{picture}&aspectRatio=16:9" width="480" alt="wide">"""
    )
    square, wide = await page.evaluate(_MEASURE)
    assert square == [1024, 1024]
    assert wide == [1344, 768]
    await page.screenshot(path=tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


async def test_another_prompt_in_the_address_bar_is_another_picture(
    server: ServerProcess, page: Page
) -> None:
    bodies = []
    for prompt in ("a+red+lighthouse", "a+snowy+forest+at+night"):
        answer = await page.goto(f"{server.base_url}/cdn/main/site/live/page?prompt={prompt}")
        assert answer is not None
        assert answer.status == 200
        assert (await answer.all_headers())["content-type"] == "image/png"
        bodies.append(await answer.body())
    assert bodies[0] != bodies[1]


async def test_an_error_is_a_picture_of_the_asked_shape_and_not_a_broken_icon(
    server: ServerProcess, page: Page
) -> None:
    live = f"{server.base_url}/cdn/main/site/live/page"
    await page.set_content(
        f"""<img src="{live}?prompt=&aspectRatio=16:9"><img src="{live}?prompt=x&seed=no">
        <img src="{server.base_url}/cdn/main/site/live/nowhere?prompt=x&aspectRatio=9:16">"""
    )
    assert await page.evaluate(_MEASURE) == [[512, 288], [512, 512], [288, 512]]


async def test_the_wait_is_filled_with_a_placeholder_of_the_right_shape(
    server: ServerProcess, page: Page
) -> None:
    url = f"{server.base_url}/cdn/main/site/live/page?prompt=slow+{os.getpid()}&ar=3:2"
    await page.set_content(f'<img src="{url}&wait=0">')
    assert await page.evaluate(_MEASURE) == [[512, 341]]
    await page.set_content(f'<img src="{url}">')
    assert await page.evaluate(_MEASURE) == [[1248, 832]]
