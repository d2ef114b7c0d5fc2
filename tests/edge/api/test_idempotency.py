"""Idempotency-Key on POST: one request, one answer, however often it is sent."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.edge.api.serving import Served, served

ROUTE = "/api/v1/generations"


@pytest.fixture(scope="module")
async def edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("idempotency")) as running:
        yield running


async def post(edge: Served, key: str, body: dict[str, object], **headers: str) -> httpx.Response:
    return await edge.client.post(ROUTE, json=body, headers={"Idempotency-Key": key, **headers})


async def test_the_same_request_has_the_same_answer(edge: Served) -> None:
    body = {"prompt": "once", "meta": {"a": 1, "b": 2}}
    first = await post(edge, "one", body)
    assert "idempotency-replayed" not in first.headers
    # Its spelling does not count, its meaning does.
    second = await post(edge, "one", {"meta": {"b": 2, "a": 1}, "prompt": "once"})
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    assert second.headers["cache-control"] == "private, no-store"


async def test_a_pending_answer_is_repeated_with_its_place(edge: Served) -> None:
    answers = [
        await post(edge, "pending", {"prompt": "later"}, Prefer="respond-async") for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].headers["location"] == answers[1].headers["location"]


async def test_another_request_under_the_same_key_is_refused(edge: Served) -> None:
    await post(edge, "two", {"prompt": "first"})
    other = await post(edge, "two", {"prompt": "second"})
    assert (other.status_code, other.json()["error"]["code"]) == (422, "IDEMPOTENCY_MISMATCH")


async def test_at_the_same_time_only_one_is_done(edge: Served) -> None:
    answers = await asyncio.gather(*(post(edge, "three", {"prompt": "at once"}) for _ in range(5)))
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201, 409, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["error"]["code"] == "IDEMPOTENCY_IN_PROGRESS"
    assert int(refused.headers["retry-after"]) >= 1


async def test_a_refused_request_leaves_its_key_free(edge: Served) -> None:
    refused = await post(edge, "four", {"prompt": "x", "model": "nobody/knows"})
    assert refused.status_code == 400
    assert (await post(edge, "four", {"prompt": "x"})).status_code == 201


async def test_the_same_key_at_another_address_is_another_request(edge: Served) -> None:
    made = (await post(edge, "five", {"prompt": "five"})).json()["data"]
    again = await edge.client.post(
        f"{ROUTE}/{made['id']}/regenerate", headers={"Idempotency-Key": "five"}
    )
    assert again.json()["error"]["code"] == "IDEMPOTENCY_MISMATCH"


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "\x7f"])
async def test_a_key_that_is_none_is_refused(edge: Served, key: str) -> None:
    answer = await post(edge, key, {"prompt": "x"})
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"][0]["name"] == "Idempotency-Key"
