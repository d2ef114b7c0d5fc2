"""Prompts, signatures and keys appear in no log, whatever goes wrong."""

import asyncio
from contextlib import suppress

import httpx
import pytest

from tests.nginx.front import Front
from tests.servers.nginx import StartNginx
from tests.standins.origin import Answer, Origin

pytestmark = pytest.mark.needs_apt

CANARY = "canary"
QUERY = f"?prompt={CANARY}&sig={CANARY}"
LIVE = f"/cdn/main/site/live/page{QUERY}"
HEADERS = {"Referer": f"http://x/{QUERY}", "X-API-Key": CANARY, "User-Agent": CANARY}
HOST = "Host: x\r\nConnection: close\r\n\r\n"
RAW = (
    f"GET {LIVE} b HTTP/1.1\r\n{HOST}",
    f"GET {LIVE}{'x' * 17500} HTTP/1.1\r\n{HOST}",
    f"GET {LIVE} HTTP/1.1\r\nA: {'x' * 17500}\r\n{HOST}",
    f"GET {LIVE} HTTP/1.1\r\nConnection: close\r\n\r\n",
    f"GET {LIVE} HTTP/2.0\r\n{HOST}",
    f"TRACE {LIVE} HTTP/1.1\r\n{HOST}",
    f"GET /cdn/main/site/live/page%3Fprompt={CANARY} HTTP/1.1\r\n{HOST}",
    f"GET /bnt_{CANARY} HTTP/1.1\r\n{HOST}",
    f"GET http://x/{QUERY} HTTP/1.1\r\n{HOST}",
    f"POST {LIVE} HTTP/1.1\r\nContent-Length: 6300000\r\n{HOST}{'x' * 6_300_000}",
    f"GET {LIVE}\r\n",
)


async def test_no_log_quotes_what_was_asked(front: Front) -> None:
    await _everything_that_is_refused(front)
    await front.client.get(LIVE)
    await front.client.get(LIVE, headers=HEADERS)
    front.origin.always(Answer(cut_after=0))
    await front.client.get(LIVE, headers=HEADERS)
    front.origin.always(Answer(headers={"Bad Header": CANARY}, body=b"x"))
    await front.client.get(LIVE, headers=HEADERS)
    await front.origin.crash()
    await front.client.get(LIVE, headers=HEADERS)
    front.logged(len(RAW) + 5)
    assert CANARY not in front.nginx.logs


async def test_a_store_that_cannot_be_written_tells_nobody_the_prompt(front: Front) -> None:
    store = front.nginx.run / "cache"
    store.chmod(0o000)
    for _ in range(2):
        # Where nginx finds out too late, it has begun its answer and can only cut it off.
        with suppress(httpx.RemoteProtocolError):
            await front.client.get(LIVE)
    store.chmod(0o700)
    front.logged(2)
    assert CANARY not in front.nginx.logs


async def test_a_lower_level_would_quote_it(origin: Origin, start_nginx: StartNginx) -> None:
    """The reason for the level, and the proof that the tests above look in the right place."""
    nginx = start_nginx(origin.port, ("error.log emerg;", "error.log error;"))
    await origin.crash()
    async with httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client:
        await client.get(LIVE)
    assert f"prompt={CANARY}" in nginx.logs


async def test_every_request_leaves_one_line_of_json(front: Front) -> None:
    await front.client.get(LIVE, headers={"X-Request-Id": "one-line-each"})
    await front.client.get(LIVE)
    await front.client.get("/metrics")
    missed, stored, refused = front.logged(3)
    assert missed["requestId"] == "one-line-each"
    assert (missed["path"], missed["status"]) == ("/cdn/main/site/live/page", "200")
    assert (missed["cache"], stored["cache"]) == ("MISS", "HIT")
    assert (refused["path"], refused["status"]) == ("/metrics", "404")


async def _everything_that_is_refused(front: Front) -> None:
    for request in RAW:
        reader, writer = await asyncio.open_connection("127.0.0.1", front.nginx.port)
        writer.write(request.encode())
        assert await reader.read()
        writer.close()
        await writer.wait_closed()
