"""What the live endpoint asks of the derivatives, and what it answers when they keep it waiting."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from cache.entry import Key
from core.derivatives import Derived
from core.errors import Busy
from core.models import Picture, Project
from core.variants import Wish
from tests.edge.api.serving import Served, served
from tests.edge.header_sets import ensure_png
from tests.edge.linting import ensure_sound_undated
from tests.edge.live_server import page, program

IMG = {"Sec-Fetch-Dest": "image"}


class Derivers:
    """In the place of Derivatives: hands the master out, or does what a test wants."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.recalled: Derived | None = None
        self.changes: dict[str, Any] = {}
        self.failure: Exception | None = None
        self.hold = asyncio.Event()
        self.hold.set()

    async def recall(self, project: Project, key: Key, wish: Wish, **facts: Any) -> Derived | None:
        return self.recalled

    async def of(
        self, project: Project, key: Key, master: Picture, wish: Wish, **facts: Any
    ) -> Derived:
        self.asked.append({"wish": wish, **facts})
        await self.hold.wait()
        if self.failure is not None:
            raise self.failure
        return replace(Derived(master, vary=False), **self.changes)

    def remembers(self, key: Key, body: bytes) -> bool:
        return False


@pytest.fixture(scope="module")
async def app(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("showing")) as running:
        yield running


@pytest.fixture
def derivers(app: Served) -> Derivers:
    app.state["derivatives"] = Derivers()
    return app.state["derivatives"]


async def ask(app: Served, target: str, *, known: bool = True, **options: Any) -> httpx.Response:
    request = app.client.build_request("GET", target, **options)
    if not known:
        del request.headers["X-API-Key"]
    answer = await app.client.send(request)
    ensure_sound_undated(answer)
    return answer


async def test_who_is_known_is_told_on(app: Served, derivers: Derivers, prompt: str) -> None:
    await ask(app, program(prompt, w="100"))
    await ask(app, page(prompt, w="100"), known=False)
    known, unknown = derivers.asked
    assert (known["exact"], unknown["exact"]) == (True, False)
    assert known["wish"] == unknown["wish"] == Wish(width=100)


async def test_what_is_accepted_is_told_on(app: Served, derivers: Derivers, prompt: str) -> None:
    await ask(app, program(prompt, fm="auto"), headers={"Accept": "image/webp, image/png;q=0"})
    assert derivers.asked[0]["accept"] == {"image/webp", "image/jpeg"}


async def test_the_master_itself_is_asked_of_nobody(
    app: Served, derivers: Derivers, prompt: str
) -> None:
    await ask(app, program(prompt, dpr="2", fit="inside"))
    assert derivers.asked == []


async def test_a_crop_goes_by_the_record_unless_the_address_knows_better(
    app: Served, derivers: Derivers, prompt: str
) -> None:
    made = await ask(app, program(prompt))
    path = f"/api/v1/images/{made.headers['x-image-id']}"
    point = {"focalPoint": {"x": 0.25, "y": 0.75}}
    assert (await app.client.put(path, json=point)).status_code == 200
    await ask(app, program(prompt, w="100", h="50"))
    await ask(app, program(prompt, w="100", h="50", **{"fp-x": "0", "fp-y": "1"}))
    await ask(app, program(prompt, w="100", h="50", fit="inside"))
    await app.client.delete(path)
    await ask(app, program(prompt, w="100", h="50"))
    middle = (0.5, 0.5)
    assert [each["focal"] for each in derivers.asked] == [(0.25, 0.75), (0.0, 1.0), middle, middle]


async def test_too_many_who_want_a_size_are_told_when_to_come_back(
    app: Served, derivers: Derivers, prompt: str
) -> None:
    await ask(app, program(prompt, ar="3:2"))
    derivers.failure = Busy(retry_after=2)
    answer = await ask(app, program(prompt, ar="3:2", w="100", h="100"), headers=IMG)
    assert (answer.status_code, answer.headers["x-error-code"]) == (503, "BUSY")
    assert int(answer.headers["retry-after"]) >= 2
    ensure_png(answer, "3:2")
    assert (await ask(app, program(prompt, ar="3:2"))).status_code == 200


async def test_a_size_that_takes_its_time_is_shown_blurred_meanwhile(
    app: Served, derivers: Derivers, prompt: str
) -> None:
    made = await ask(app, program(prompt, ar="16:9"))
    derivers.hold.clear()
    wished = {"ar": "16:9", "w": "300", "h": "100", "wait": "0"}
    shown, told, head = await asyncio.gather(
        ask(app, program(prompt, **wished), headers=IMG),
        ask(app, program(prompt, **wished), headers={"Accept": "application/json"}),
        app.client.head(program(prompt, **wished), headers=IMG),
    )
    for answer in (shown, told, head):
        assert answer.status_code == 202
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["retry-after"] == "2"
        for name in ("x-image-thumbhash", "x-image-dominant-color"):
            assert answer.headers[name] == made.headers[name]
    ensure_png(shown, "3:1")
    with Image.open(BytesIO(shown.content)) as blurred:
        assert len(blurred.getcolors(512 * 512)) > 64
    assert told.json() == {"success": True, "data": {"status": "processing", "id": None}}
    assert head.content == b""
    derivers.hold.set()
    assert (await ask(app, program(prompt, **wished))).status_code == 200


async def test_a_negotiated_answer_is_never_repeated_unread(tmp_path: Path, prompt: str) -> None:
    async with served(tmp_path) as app:
        derivers = app.state["derivatives"] = Derivers()
        target = program(prompt, fm="auto")
        await ask(app, program(prompt))
        derivers.changes = {"vary": True}
        for _ in range(3):
            await ask(app, target)
        assert len(derivers.asked) == 3
        assert app.state["hot"].size == 0
        derivers.changes = {"vary": False}
        for _ in range(3):
            await ask(app, program(prompt, w="9000"))
        # The master itself, as it turned out.
        assert len(derivers.asked) == 4
        assert app.state["hot"].size == 1


async def test_a_hot_size_is_repeated_until_its_master_is_let_go(
    tmp_path: Path, prompt: str
) -> None:
    async with served(tmp_path) as app:
        target = program(prompt, w="100", fm="webp")
        made = await ask(app, target)
        # What was encoded just now says so, and is not repeated.
        assert app.state["hot"].size == 0
        first, again = await ask(app, target), await ask(app, target)
        assert app.state["hot"].size == 1
        assert first.headers == again.headers
        assert made.content == first.content == again.content
        app.state["derivatives"].evict(None)
        assert (await ask(app, target)).content == made.content
