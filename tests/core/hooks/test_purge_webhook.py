"""The webhook on the wire: what each CDN is sent, and what counts as taken."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import pytest

from core.hooks.cdn_calls import Style
from core.hooks.purge_webhook import PurgeWebhook, open_webhook
from core.purging.delivery_ports import Told
from tests.standins.origin import Answer, Asked, Origin

TAGS = ("k-0123456789abcdef", "i-1")
TOKEN, SECRET = "the-token", "the-secret"


@pytest.fixture
async def cdn() -> AsyncIterator[Origin]:
    async with Origin().listening() as listening:
        listening.always(Answer(body=b"{}"))
        yield listening


@asynccontextmanager
async def webhook(cdn: Origin, style: Style, **more: Any) -> AsyncIterator[PurgeWebhook]:
    wanted = {"token": TOKEN, "secret": SECRET, "timeout": 5.0} | more
    url = f"http://127.0.0.1:{cdn.port}/zones/z1/purge"
    async with open_webhook(url, style, **wanted) as opened:
        yield opened


async def told(cdn: Origin, style: Style = "generic", **more: Any) -> tuple[Told, Asked]:
    async with webhook(cdn, style, **more) as hook:
        result = await hook.tell("d1", TAGS)
    return result, cdn.asked[-1]


@pytest.mark.parametrize(
    ("style", "batch", "credential", "body"),
    [
        ("cloudflare", 30, f"authorization: Bearer {TOKEN}", {"tags": [*TAGS]}),
        ("fastly", 256, f"fastly-key: {TOKEN}", {"surrogate_keys": [*TAGS]}),
        ("bunny", 1, f"accesskey: {TOKEN}", {"CacheTag": TAGS[0]}),
        ("generic", 1000, f"authorization: Bearer {TOKEN}", {"id": "d1", "tags": [*TAGS]}),
    ],
)
async def test_each_cdn_is_sent_what_its_interface_takes(
    cdn: Origin, style: Style, batch: int, credential: str, body: dict[str, Any]
) -> None:
    async with webhook(cdn, style) as hook:
        assert hook.batch == batch
        assert await hook.tell("d1", TAGS) == Told(taken=True, status=200)
    (asked,) = cdn.asked
    assert (asked.method, asked.target) == ("POST", b"/zones/z1/purge")
    assert credential in [": ".join(line) for line in asked.headers]
    assert asked.one("content-type") == "application/json"
    assert json.loads(asked.body) == body


async def test_varnish_is_sent_a_ban_with_the_tags_in_one_line(cdn: Origin) -> None:
    _, asked = await told(cdn, "varnish")
    assert (asked.method, asked.body) == ("BAN", b"")
    assert asked.one("cache-tag") == ",".join(TAGS)
    assert asked.one("x-purge-token") == TOKEN


async def test_the_generic_style_is_signed_over_time_and_body(cdn: Origin) -> None:
    _, asked = await told(cdn)
    stamp, _, mac = (asked.one("x-mirage-signature") or "").partition(",")
    now = stamp.removeprefix("t=")
    right = hmac.new(SECRET.encode(), f"{now}.".encode() + asked.body, sha256).hexdigest()
    assert mac == f"v1={right}"
    assert asked.one("x-mirage-delivery") == "d1"


async def test_without_a_token_and_a_secret_nothing_is_proven(cdn: Origin) -> None:
    _, asked = await told(cdn, token="", secret="")
    assert asked.one("authorization") is None
    assert asked.one("x-mirage-signature") is None


@pytest.mark.parametrize("status", [301, 302, 307, 400, 401, 403, 404, 410, 500, 503])
async def test_everything_but_2xx_is_no_success_and_no_redirect_is_followed(
    cdn: Origin, status: int
) -> None:
    elsewhere = {"Location": f"http://127.0.0.1:{cdn.port}/elsewhere"}
    cdn.always(Answer(status=status, headers=elsewhere))
    result, _ = await told(cdn)
    assert result == Told(taken=False, status=status)
    assert len(cdn.asked) == 1


async def test_a_success_that_denies_itself_is_none(cdn: Origin) -> None:
    cdn.always(Answer(body=b'{"success":false,"errors":[{"code":1134}]}'))
    result, _ = await told(cdn, "cloudflare")
    assert result == Told(taken=False, status=200)
    cdn.always(Answer(body=b'{"success":true,"result":{"id":"z1"}}'))
    result, _ = await told(cdn, "cloudflare")
    assert result == Told(taken=True, status=200)


async def test_the_pause_the_other_side_asks_for_is_heard(cdn: Origin) -> None:
    cdn.always(Answer(status=429, headers={"Retry-After": "7"}))
    result, _ = await told(cdn)
    assert result == Told(taken=False, status=429, retry_after=7)
    cdn.always(Answer(status=503, headers={"Retry-After": "Fri, 02 Jan 1970 00:00:00 GMT"}))
    result, _ = await told(cdn)
    assert result.retry_after == 0
    cdn.always(Answer(status=503, headers={"Retry-After": "soon"}))
    result, _ = await told(cdn)
    assert result.retry_after is None


async def test_an_answer_that_does_not_come_is_waited_for_in_vain(cdn: Origin) -> None:
    cdn.always(Answer(gate=asyncio.Event()))
    result, _ = await told(cdn, timeout=0.1)
    assert result == Told(taken=False, status=None)


async def test_a_connection_that_breaks_is_no_answer(cdn: Origin) -> None:
    cdn.always(Answer(cut_after=0))
    result, _ = await told(cdn)
    assert result == Told(taken=False, status=None)
    await cdn.crash()
    async with webhook(cdn, "generic") as hook:
        assert await hook.tell("d1", TAGS) == Told(taken=False, status=None)


async def test_an_endless_answer_is_not_read_to_its_end(cdn: Origin) -> None:
    cdn.always(Answer(body=b" " * 5_000_000))
    result, _ = await told(cdn)
    assert result == Told(taken=True, status=200)
