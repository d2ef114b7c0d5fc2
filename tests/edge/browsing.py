"""A real browser for the tests, and a watch in its pages that misses no frame."""

import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.servers.process import absent

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Every frame, every <img>, also those inside elements: one that is shown and has no picture is what
# a visitor sees as a broken icon. A plain <img> on its way shows nothing yet.
_WATCH = """
window.watch = {frames: 0, broken: [], shift: 0, blocked: []};
// A test's clock replaces the page's performance; what was answered is still asked of the true one.
watch.answers = performance.getEntriesByName.bind(performance);
const images = (root) => [...root.querySelectorAll("*")].flatMap((one) =>
    one.shadowRoot ? images(one.shadowRoot) : one.tagName === "IMG" ? [one] : []);
(function look() {
    watch.frames++;
    for (const img of images(document)) {
        const shown = getComputedStyle(img).opacity !== "0" && img.getClientRects().length;
        const waits = !img.complete && img.getRootNode() === document;
        if (shown && !waits && !img.naturalWidth) watch.broken.push(img.currentSrc);
    }
    requestAnimationFrame(look);
})();
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) watch.shift += entry.value;
}).observe({type: "layout-shift", buffered: true});
addEventListener("securitypolicyviolation", (event) => watch.blocked.push(event.violatedDirective));
"""
_TWO_FRAMES = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"


def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        absent("chromium", "chromium")
    return found


@asynccontextmanager
async def running_browser() -> AsyncGenerator[Browser, None]:
    executable = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as running:
        yield running


@asynccontextmanager
async def watched_page(browser: Browser, **options: Any) -> AsyncGenerator[Page, None]:
    """A page of its own cold cache, with the watch in whatever it opens."""
    context = await browser.new_context(viewport={"width": 1000, "height": 760}, **options)
    try:
        page = await context.new_page()
        await page.add_init_script(_WATCH)
        yield page
    finally:
        await context.close()


async def seen(page: Page) -> dict[str, Any]:
    """What the watch saw: ``frames``, ``broken`` images, layout ``shift``, ``blocked`` by CSP."""
    await page.evaluate(_TWO_FRAMES)
    return await page.evaluate("({...watch, answers: null})")
