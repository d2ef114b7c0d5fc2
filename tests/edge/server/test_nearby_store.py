"""What a store in front is told apart from everybody else."""

from typing import Any

import pytest

from edge.server.nearby_store import NearbyStore, store_lines
from edge.server.whole_answer import WHOLE

WINDOWS = b"public, max-age=86400, stale-while-revalidate=604800, stale-if-error=2592000"


@pytest.mark.parametrize(
    ("passed_on", "told"),
    [
        (WINDOWS, b"public, max-age=60, stale-if-error=2678340"),
        # A signed URL's answer: whatever is kept ends when the URL does.
        (b"public, max-age=600", b"public, max-age=60, stale-if-error=540"),
        (
            b"public, max-age=86400, stale-while-revalidate=100, stale-if-error=100",
            b"public, max-age=60, stale-if-error=86440",
        ),
    ],
)
def test_the_store_asks_again_after_a_minute_and_ends_when_it_ended_before(
    passed_on: bytes, told: bytes
) -> None:
    lines = [(b"etag", b'"1"'), (b"cache-control", passed_on), (b"date", b"now")]
    assert store_lines(lines) == [
        (b"etag", b'"1"'),
        (b"cache-control", told),
        (b"x-edge-cache-control", passed_on),
        (b"date", b"now"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"public, max-age=60",
        b"public, max-age=30",
        b"public, max-age=0",
        b"private, max-age=86400",
        b"private, no-store",
    ],
)
def test_what_ends_sooner_or_is_nobodys_to_keep_stays_as_it_is(line: bytes) -> None:
    assert store_lines([(b"cache-control", line)]) == [(b"cache-control", line)]


@pytest.mark.parametrize("announced", [True, False])
async def test_only_a_store_that_says_so_is_told(announced: bool) -> None:
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (WHOLE in scope["extensions"]) is not announced
        headers = [(b"cache-control", WINDOWS)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    lines = [(b"x-edge-store", b"nginx")] if announced else []
    scope = {"type": "http", "headers": lines, "extensions": {WHOLE: {}}}
    await NearbyStore(app)(scope, receive, send)
    names = [name for name, _ in sent[0]["headers"]]
    assert (b"x-edge-cache-control" in names) is announced
    assert sent[1]["body"] == b"x"
