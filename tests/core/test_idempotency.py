"""Idempotency-Keys: who was first, what was answered, and what is said meanwhile."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy

import pytest

from core.errors import IdempotencyInProgress, IdempotencyMismatch
from core.idempotency import Idempotency, KeptAnswer
from core.records.records import Records, open_records

ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
async def records(tmp_path: Path, blank_records: Path) -> AsyncIterator[Records]:
    copy(blank_records, tmp_path)
    async with open_records(None, tmp_path) as records:
        yield records


@pytest.fixture
async def project_id(records: Records) -> str:
    return (await records.tenants.ensure("main", "site", "page")).id


async def test_the_first_answer_is_every_later_one(records: Records, project_id: str) -> None:
    service = Idempotency(records.idempotency)
    assert await service.claim(project_id, "k", ONE) is None
    await service.keep(project_id, "k", KeptAnswer(201, b"{}"))
    assert await service.claim(project_id, "k", ONE) == KeptAnswer(201, b"{}")


async def test_meanwhile_it_is_in_progress(records: Records, project_id: str) -> None:
    service = Idempotency(records.idempotency)
    await service.claim(project_id, "k", ONE)
    with pytest.raises(IdempotencyInProgress):
        await service.claim(project_id, "k", ONE)


async def test_another_request_under_the_same_key_is_refused(
    records: Records, project_id: str
) -> None:
    service = Idempotency(records.idempotency)
    await service.claim(project_id, "k", ONE)
    with pytest.raises(IdempotencyMismatch):
        await service.claim(project_id, "k", OTHER)


async def test_a_released_key_is_free_for_anything(records: Records, project_id: str) -> None:
    service = Idempotency(records.idempotency)
    await service.claim(project_id, "k", ONE)
    await service.release(project_id, "k")
    assert await service.claim(project_id, "k", OTHER) is None


async def test_another_projects_key_is_another_key(records: Records, project_id: str) -> None:
    service = Idempotency(records.idempotency)
    stranger = await records.tenants.ensure("other", "site", "page")
    await service.claim(project_id, "k", ONE)
    assert await service.claim(stranger.id, "k", OTHER) is None


async def test_after_a_day_the_key_is_new_again(records: Records, project_id: str) -> None:
    moment = datetime.now(UTC)
    service = Idempotency(records.idempotency, clock=lambda: moment)
    await service.claim(project_id, "k", ONE)
    await service.keep(project_id, "k", KeptAnswer(201, b"{}"))
    moment += timedelta(hours=24, seconds=1)
    assert await service.claim(project_id, "k", OTHER) is None
