"""A page with the element on it, and pictures there that answer by script."""

from collections.abc import AsyncIterator, Callable
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, expect

from edge.console.element import served
from tests.edge.browsing import seen, watched_page
from tests.standins.origin import NO_STORE, Answer, Asked, Origin

ROOT = Path(__file__).parents[2]
SCRIPT = served((ROOT / "edge/console/pages/live-img.js").read_text("utf-8"))
PICTURE = "/cdn/main/site/live/page?prompt=a+red%20lighthouse&aspectRatio=16:9&exp=9&sig=a-_b"
FIRST = "document.querySelector('live-img')"
STATUS = f"{FIRST}.getAttribute('status')"
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
    "Timing-Allow-Origin": "*",
}
COLORS = {200: "green", 202: "silver"}


def answer(status: int, *, after: int | None = None, public: bool = True, **more: Any) -> Answer:
    """As the server answers an image: every status is a picture; its colour tells which."""
    buffer = BytesIO()
    Image.new("RGB", (64, 36), COLORS.get(status, "maroon")).save(buffer, "PNG")
    kept = {"Cache-Control": "public, max-age=60"} if status == 200 else NO_STORE
    headers = {"Content-Type": "image/png"} | kept | (OPEN if public else {})
    if after is not None:
        headers["Retry-After"] = str(after)
    return Answer(status, headers, **{"body": buffer.getvalue()} | more)


class Site:
    """A page with elements, its script, and pictures that answer by script, one after the other."""

    def __init__(self, origin: Origin, body: str, head: str) -> None:
        self.origin = origin
        self.answers: list[Answer] = []
        self.policy: dict[str, str] = {}
        self._html = f"<!doctype html><script src=/live-img.js></script>{head}<body>{body}"
        origin.script = self._answer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.origin.port}"

    def asked(self) -> list[Asked]:
        """The requests for pictures so far."""
        return [one for one in self.origin.asked if one.target.startswith(b"/cdn/")]

    def _answer(self, asked: Asked) -> Answer:
        if asked.target == b"/":
            return Answer(
                headers={"Content-Type": "text/html"} | self.policy, body=self._html.encode()
            )
        if asked.target == b"/live-img.js":
            return Answer(headers={"Content-Type": "text/javascript"}, body=SCRIPT)
        if not asked.target.startswith(b"/cdn/"):
            return Answer(204)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
async def site_origin() -> AsyncIterator[Origin]:
    async with Origin().listening() as listening:
        yield listening


@pytest.fixture
async def tab(browser: Browser) -> AsyncIterator[Page]:
    async with watched_page(browser) as page:
        yield page


@pytest.fixture
def site(site_origin: Origin) -> Callable[..., Site]:
    """A site of one page; by default with one element, over which its picture is."""

    def build(*answers: Answer, body: str = "", head: str = "") -> Site:
        element = f'<live-img src="{escape(PICTURE)}" width="320" height="180" alt="a view">'
        built = Site(site_origin, body or f"<p>before</p>{element}</live-img><p>after</p>", head)
        built.answers = list(answers)
        return built

    return build


async def ends(tab: Page, status: int) -> None:
    """Return when the element has this status and nothing but its last picture; all stayed calm."""
    await tab.locator(f"live-img[status='{status}']").wait_for(timeout=20_000)
    await expect(tab.locator("live-img img")).to_have_count(1)
    watched = await seen(tab)
    assert (watched["broken"], watched["shift"]) == ([], 0)


async def stop_the_clock(tab: Page) -> None:
    """Timers go on as the test says; the page still learns what its requests were answered."""
    await tab.clock.install()
    await tab.add_init_script("performance.getEntriesByName = watch.answers")


async def everything_has_arrived(tab: Page) -> None:
    """What the page sent before this was answered, or at least came in, before this returns."""
    await tab.evaluate("fetch('/marker').then((one) => one.text())")
    await tab.evaluate("fetch('/marker').then((one) => one.text())")


async def color(tab: Page, shown: str = "live-img") -> str:
    """Of the picture on top."""
    painted = await tab.locator(shown).screenshot(animations="disabled")
    with Image.open(BytesIO(painted)) as image:
        red, green, blue = image.convert("RGB").getpixel((160, 90))
    return {(0, 128, 0): "green", (192, 192, 192): "silver", (128, 0, 0): "maroon"}.get(
        (red, green, blue), "another"
    )
