"""What the server writes down: who asked, how it went; never a prompt, a key or a signature."""

import json

import pytest

from tests.edge.live_server import (
    MASTER_KEY,
    SIGNING_KEYS,
    LiveServer,
    page,
    program,
    signed,
)
from tests.edge.server.raw_http import talk
from tests.fleet.processes import API_KEY
from tests.servers.process import until
from tests.standins.replicate import ReplicateStandin

CANARY = "canary9b1f4e"
SECRET = "bnt_" + "d00d" * 16


def requests_of(server: LiveServer) -> list[dict[str, object]]:
    return [event for event in server.events() if event.get("event") == "request"]


@pytest.fixture
def watched(paid: LiveServer) -> int:
    """How many requests were logged before this test."""
    return len(requests_of(paid))


def new_lines(server: LiveServer, before: int, count: int) -> list[dict[str, object]]:
    """A line is written once its answer has left."""
    until(lambda: len(requests_of(server)) >= before + count, "the lines of the log")
    return requests_of(server)[before:]


async def test_no_secret_and_no_prompt_is_ever_written_down(
    paid: LiveServer, replicate_standin: ReplicateStandin, watched: int
) -> None:
    """Whatever happens to the request; the server of these tests logs all it has to say."""
    steps = [
        {"on": "outcome", "do": ""},
        {"on": "outcome", "do": "failed", "error": "could not draw {text}"},
        {"on": "outcome", "do": "nsfw"},
        {"on": "create", "do": "422", "detail": "bad input: {text}"},
        {"on": "poll", "do": "500"},
        {"on": "file", "do": "html"},
    ]
    asked = 0
    for number, step in enumerate(steps):
        text = f"{CANARY} number {number}"
        told = {name: each.format(text=text) for name, each in step.items()}
        await replicate_standin.script(told)
        paid.ask(program(text), key=API_KEY)
        paid.ask(signed(text))
        asked += 2
    url = signed(CANARY)
    signature = url.rpartition("sig=")[2]
    for target, key in (
        (program(CANARY), SECRET),
        (program(CANARY, api_key=SECRET), None),
        (program(SECRET), API_KEY),
        (program(CANARY, lens=CANARY), API_KEY),
        (page(CANARY, "none"), None),
        (f"/api/v1/{SECRET}?prompt={CANARY}", None),
        (f"/{SECRET}/{SECRET}", None),
        (url + "a", None),
        (url + "&" + CANARY, None),
        (signed(CANARY, expires_in=-100), None),
    ):
        paid.ask(target, key=key)
        paid.ask(target, key=key, Authorization=f"Bearer {SECRET}", Cookie=f"a={CANARY}")
        paid.ask(target, key=key, method="POST")
        asked += 3
    talk(paid.process.port, f"GET /api/v1/live?prompt={CANARY} {SECRET} HTTP/1.1\r\n\r\n".encode())
    new_lines(paid, watched, asked)
    log = paid.log()
    for secret in (
        CANARY,
        SECRET[4:],
        API_KEY[4:],
        MASTER_KEY[4:],
        signature,
        *(secret.hex() for _, secret in SIGNING_KEYS),
        "a-token-for-the-stand-in",
    ):
        assert secret not in log


def test_each_request_has_its_one_line(paid: LiveServer, prompt: str, watched: int) -> None:
    paid.make(program(prompt))
    for target, key, method in (
        (program(prompt), API_KEY, "GET"),
        (page(prompt), None, "HEAD"),
        (program(prompt), None, "GET"),
        (page(prompt, "none"), None, "GET"),
        ("/nothing", None, "GET"),
    ):
        paid.ask(target, key=key, method=method)
    lines = new_lines(paid, watched, 6)
    route = "/cdn/{organization}/{project}/live/{scope}"
    told = [
        (line["method"], line["route"], line["status"], line["cache"], line["code"])
        for line in lines
    ]
    assert told == [
        ("GET", "/api/v1/live", 200, "MISS", ""),
        ("GET", "/api/v1/live", 200, "HIT", ""),
        ("HEAD", route, 200, "HIT", ""),
        ("GET", "/api/v1/live", 401, "", "UNAUTHORIZED"),
        ("GET", route, 404, "", "SCOPE_NOT_FOUND"),
        ("GET", "/nothing", 404, "", "NOT_FOUND"),
    ]
    assert lines[0]["key"] == lines[1]["key"] is not None
    assert lines[2]["key"] is lines[3]["key"] is None
    assert len({line["request_id"] for line in lines}) == len(lines)


def test_the_id_of_an_error_finds_its_line(paid: LiveServer, watched: int) -> None:
    answer = paid.ask(program("x", nonsense="1"), key=API_KEY, X_Request_Id="chosen-by-a-stranger")
    (line,) = new_lines(paid, watched, 1)
    assert line["request_id"] == answer.json()["error"]["requestId"]
    assert line["request_id"] == answer.headers["x-request-id"] != "chosen-by-a-stranger"


def test_every_line_is_json(paid: LiveServer) -> None:
    lines = paid.log().splitlines()
    from_the_first = lines[next(n for n, line in enumerate(lines) if line.startswith("{")) :]
    assert from_the_first
    for line in filter(None, from_the_first):
        assert json.loads(line)["event"]
