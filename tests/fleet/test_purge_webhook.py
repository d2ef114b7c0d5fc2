"""The CDN is told of every purge, whoever dies on the way: nothing is lost, nothing skipped."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fleet.processes import API_KEY, ServerProcess, fleet
from tests.standins.origin import Answer, Asked, Origin

SECONDS = "0.5"


@pytest.fixture
async def cdn() -> AsyncIterator[Origin]:
    async with Origin().listening() as listening:
        listening.always(Answer(body=b"{}"))
        yield listening


def webhook(cdn: Origin) -> dict[str, str]:
    return {
        "EDGE__PURGE__WEBHOOK_URL": f"http://127.0.0.1:{cdn.port}/forget",
        "EDGE__PURGE__WEBHOOK_TIMEOUT": SECONDS,
        "EDGE__PURGE__WEBHOOK_AGAIN": "0",
        "EDGE__PURGE__WEBHOOK_TOKEN": "canary-of-the-token",
        "EDGE__PURGE__WEBHOOK_SECRET": "canary-of-the-secret",
    }


async def purge(process: ServerProcess, prompt: str) -> Any:
    async with httpx.AsyncClient(
        base_url=process.base_url, headers={"X-API-Key": API_KEY}, trust_env=False, timeout=20
    ) as client:
        answer = await client.post("/api/v1/purge", json={"prompt": prompt, "tombstone": True})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def heard(cdn: Origin) -> Counter[str]:
    """How often each delivery was told, by its id."""
    return Counter(json.loads(asked.body)["id"] for asked in cdn.asked)


async def test_a_process_that_is_killed_while_telling_loses_nothing(
    tmp_path: Path, cdn: Origin
) -> None:
    with fleet(tmp_path, 1, **webhook(cdn)) as (process,):
        cdn.always(Answer(gate=asyncio.Event()))
        told = await purge(process, "told by somebody who dies")
        (receipt,) = told["receipts"]
        assert receipt["state"] == "pending"
        await cdn.until(1)
        process.kill()
        cdn.always(Answer(body=b"{}"))
        before = len(cdn.asked)
        process.start_again()
        await cdn.until(before + 1)
        assert set(heard(cdn)) == {receipt["id"]}
        log = process.log.read_text()
    assert "canary-of" not in log


async def test_a_cdn_in_trouble_is_told_until_it_listens(tmp_path: Path, cdn: Origin) -> None:
    with fleet(tmp_path, 1, **webhook(cdn)) as (process,):
        replies = iter(
            [
                Answer(status=500),
                Answer(status=429, headers={"Retry-After": "1"}),
                Answer(cut_after=0),
            ]
        )
        cdn.script = lambda _: next(replies, Answer(body=b"{}"))
        (receipt,) = (await purge(process, "told again and again"))["receipts"]
        assert (receipt["state"], receipt["status"], receipt["attempts"]) == ("pending", 500, 1)
        await cdn.until(4)
        assert heard(cdn) == {receipt["id"]: 4}
        await _delivered(process, 1)
        assert process.metric("edge_purge_deliveries_total", outcome="retried") == 3


async def test_processes_beside_each_other_tell_each_purge_once(
    tmp_path: Path, cdn: Origin
) -> None:
    with fleet(tmp_path, 2, **webhook(cdn)) as processes:
        cdn.script = _slowly
        told = await asyncio.gather(
            *(purge(processes[number % 2], f"purge {number}") for number in range(12))
        )
        ids = {receipt["id"] for each in told for receipt in each["receipts"]}
        assert len(ids) == 12
        await cdn.until(12)
        await _delivered(processes[0], 12, *processes)
        assert heard(cdn) == dict.fromkeys(ids, 1)


def _slowly(_: Asked) -> Answer:
    """Late enough for another process to look while this one tells."""
    gate = asyncio.Event()
    asyncio.get_running_loop().call_later(0.1, gate.set)
    return Answer(body=b"{}", gate=gate)


async def _delivered(process: ServerProcess, count: int, *others: ServerProcess) -> None:
    every = others or (process,)
    async with asyncio.timeout(20):
        while True:
            counts = [
                await asyncio.to_thread(
                    each.metric, "edge_purge_deliveries_total", outcome="delivered"
                )
                for each in every
            ]
            if sum(counts) >= count:
                return
            await asyncio.sleep(0.1)
