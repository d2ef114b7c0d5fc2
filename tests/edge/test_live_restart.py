"""What a restart keeps, and what an operator may switch with it."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.edge.header_sets import CLOSED, HIT, PRIVATE, PUBLIC, ensure_error, ensure_picture
from tests.edge.live_server import LiveServer, live_server, page, paid_settings, program, signed
from tests.fleet.processes import API_KEY
from tests.standins.replicate import ReplicateStandin


@dataclass(frozen=True, slots=True)
class Restarted:
    server: LiveServer
    prompt: str
    before: httpx.Response


@pytest.fixture(scope="module")
def restarted(
    tmp_path_factory: pytest.TempPathFactory, replicate_process: ReplicateStandin
) -> Iterator[Restarted]:
    """A server that was stopped and came back: hits only, and answers to keys are shared."""
    text = "a picture from before the restart"
    settings = paid_settings(replicate_process)
    with live_server(tmp_path_factory.mktemp("restarted"), **settings) as server:
        made = server.make(program(text))
        assert server.ask(program(text), key=server.keys.stranger).status_code == 200
        assert server.process.stop() == 0
        server.process.settings = {
            **server.process.settings,
            "EDGE_SPENDING": "off",
            "EDGE__LIVE__SHARE_KEYED": "true",
        }
        server.process.start_again()
        yield Restarted(server, text, made)


def test_a_restart_keeps_the_picture(restarted: Restarted) -> None:
    after = restarted.server.ask(page(restarted.prompt))
    ensure_picture(after, PUBLIC, HIT)
    assert after.content == restarted.before.content
    for name in (
        "etag",
        "x-image-id",
        "last-modified",
        "x-image-thumbhash",
        "x-image-dominant-color",
    ):
        assert after.headers[name] == restarted.before.headers[name]


def test_answers_to_a_key_may_be_shared_on_purpose(restarted: Restarted) -> None:
    server, text = restarted.server, restarted.prompt
    ensure_picture(server.ask(program(text), key=API_KEY), PUBLIC, HIT)
    ensure_picture(server.ask(page(text), key=server.keys.reader), PUBLIC, HIT)
    private = server.ask(program(text), key=server.keys.stranger)
    ensure_picture(private, PRIVATE, HIT, reading=CLOSED)
    not_modified = server.ask(program(text), key=API_KEY, If_None_Match="*")
    assert not_modified.headers["cache-control"] == PUBLIC["cache-control"]
    absent = server.ask(program("x"), key=API_KEY, Cache_Control="only-if-cached")
    ensure_error(absent, 504, "NOT_CACHED", detail="only-if-cached")


async def test_with_spending_off_only_stored_pictures_answer(
    restarted: Restarted, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    server = restarted.server
    for target, key in (
        (program(prompt), API_KEY),
        (program(prompt, wait="0"), API_KEY),
        (signed(prompt), None),
        (page(prompt, "open"), None),
    ):
        answer = server.ask(target, key=key)
        ensure_error(answer, 403, "SPENDING_NOT_ALLOWED", detail="spending-not-allowed")
        assert server.ask(target, key=key, method="HEAD").status_code == 200
    assert await replicate_standin.created() == 0
