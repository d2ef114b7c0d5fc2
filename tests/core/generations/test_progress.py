"""Following a generation: every state once, heartbeats between, and an end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import pytest

from core.generations.requests import GenerationRequest
from tests.core.generation_bench import AT_ONCE, Bench, bench_in, wish


@pytest.fixture
async def bench(tmp_path: Path, blank_records: Path) -> AsyncIterator[Bench]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path) as bench:
        yield bench


async def under_way(bench: Bench, request: GenerationRequest) -> str:
    bench.provider.gate.clear()
    outcome = await bench.service.create(bench.owner, request, AT_ONCE)
    await bench.provider.waiting.wait()
    return outcome.generation.id


async def test_the_end_is_told_at_once_and_ends_the_story(bench: Bench) -> None:
    wanted = await under_way(bench, wish())
    told = []
    async for row in bench.progress.follow(bench.project.id, wanted):
        if row is None:
            bench.provider.gate.set()
        else:
            told.append(row.status)
    assert told == ["processing", "success"]


async def test_silence_is_broken_by_heartbeats(bench: Bench) -> None:
    wanted = await under_way(bench, wish())
    heard = []
    async for row in bench.progress.follow(bench.project.id, wanted):
        heard.append(row)
        if len(heard) == 3:
            break
    assert heard[1:] == [None, None]


async def test_what_another_process_did_is_seen_by_looking(bench: Bench) -> None:
    wanted = await under_way(bench, wish())
    story = bench.progress.follow(bench.project.id, wanted)
    await anext(story)
    await bench.records.library.cancel(bench.project.id, wanted)
    told = [row.status async for row in story if row is not None]
    assert told == ["cancelled"]


async def test_a_deleted_one_has_nothing_more_to_tell(bench: Bench) -> None:
    wanted = await under_way(bench, wish())
    story = bench.progress.follow(bench.project.id, wanted)
    await anext(story)
    await bench.service.delete(bench.project.id, wanted)
    async with asyncio.timeout(5):
        assert [row async for row in story if row is not None] == []
