"""Whatever happens on the way, nginx sends a request that may cost money exactly once."""

import asyncio

import httpx
import pytest

from tests.nginx.front import BODY, KEYED_LIVE, LIVE, Front, error_of, public
from tests.servers.nginx import StartNginx
from tests.standins.origin import Answer, Origin, refusal

pytestmark = pytest.mark.needs_apt

HERD = 20


@pytest.mark.parametrize("target", [LIVE, KEYED_LIVE])
async def test_head_never_becomes_a_get(front: Front, target: str) -> None:
    front.origin.always(refusal(200, "ABSENT"))
    for _ in range(2):
        assert (await front.head(target)).status_code == 200
    assert front.origin.counts == {("HEAD", target): 2}


async def test_a_stored_head_and_the_picture_do_not_mix(front: Front) -> None:
    for _ in range(2):
        assert (await front.head()).headers["Content-Length"] == str(len(BODY))
    for _ in range(2):
        assert (await front.get()).content == BODY
    assert front.origin.counts == {("HEAD", LIVE): 1, ("GET", LIVE): 1}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("target", [LIVE, KEYED_LIVE, "/api/v1/generations"])
async def test_a_connection_that_breaks_is_not_tried_again(
    front: Front, method: str, target: str
) -> None:
    front.origin.always(Answer(cut_after=0))
    answer = await front.client.request(method, target)
    assert answer.status_code == 502
    assert len(front.origin.asked) == 1


async def test_a_kept_connection_that_breaks_is_not_tried_again(front: Front) -> None:
    await front.get("/cdn/main/site/live/page?prompt=first")
    front.origin.always(Answer(cut_after=0))
    assert (await front.get()).status_code == 502
    assert front.origin.connections == 1
    assert len(front.origin.asked) == 2


async def test_no_second_machine_gets_the_request_of_a_broken_one(
    start_nginx: StartNginx,
) -> None:
    async with Origin().listening() as one, Origin().listening() as other:
        for origin in (one, other):
            origin.always(Answer(cut_after=0))
        second = f"server 127.0.0.1:{one.port}; server 127.0.0.1:{other.port};"
        nginx = start_nginx(one.port, (f"server 127.0.0.1:{one.port};", second))
        async with httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client:
            assert (await client.get(LIVE)).status_code == 502
        assert len(one.asked) + len(other.asked) == 1


async def test_a_request_that_takes_too_long_is_not_tried_again(
    origin: Origin, start_nginx: StartNginx
) -> None:
    never = asyncio.Event()
    origin.always(Answer(gate=never))
    nginx = start_nginx(origin.port, ("proxy_read_timeout 90s", "proxy_read_timeout 1s"))
    async with httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client:
        answer = await client.get(LIVE)
    assert answer.status_code == 504
    assert error_of(answer)["code"] == "SERVER_TIMEOUT"
    assert len(origin.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 403, 404])
async def test_an_error_of_the_server_is_not_tried_again(front: Front, status: int) -> None:
    front.origin.always(refusal(status, "ANY"))
    assert (await front.get()).status_code == status
    assert len(front.origin.asked) == 1


async def test_a_herd_is_left_to_the_server_to_join(front: Front) -> None:
    """A lock here would let one request through and make the others wait for its failure."""
    made = asyncio.Event()
    front.origin.always(Answer(gate=made, headers=public().headers, body=BODY))
    async with asyncio.TaskGroup() as group:
        herd = [group.create_task(front.get()) for _ in range(HERD)]
        await front.origin.until(HERD)
        made.set()
    assert {task.result().content for task in herd} == {BODY}
    assert (await front.get()).content == BODY
    assert len(front.origin.asked) == HERD


async def test_a_picture_cut_short_is_neither_stored_nor_passed_as_whole(front: Front) -> None:
    whole = public()
    front.origin.always(Answer(headers=whole.headers, body=BODY, cut_after=50))
    with pytest.raises(httpx.RemoteProtocolError):
        await front.get()
    assert len(front.origin.asked) == 1
    front.origin.always(whole)
    assert (await front.get()).content == BODY
    assert len(front.origin.asked) == 2


async def test_a_caller_who_leaves_does_not_cost_a_second_request(front: Front) -> None:
    made = asyncio.Event()
    front.origin.always(Answer(gate=made, headers=public().headers, body=BODY))
    leaving = asyncio.create_task(front.get())
    await front.origin.until(1)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    made.set()
    front.origin.always(public())
    assert (await front.get()).content == BODY
    assert len(front.origin.asked) <= 2


async def test_connections_to_the_server_are_kept(front: Front) -> None:
    for number in range(10):
        await front.get(f"/cdn/main/site/live/page?prompt={number}")
    assert (len(front.origin.asked), front.origin.connections) == (10, 1)
