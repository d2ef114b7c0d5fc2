"""Records as tests need them, and a clock that stands where it was set."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import uuid_utils

from core.models import Generation, Image, Project

PATIENCE = timedelta(minutes=10)
NOON = datetime(2026, 3, 14, 12, 0, 0, 123456, tzinfo=UTC)


@dataclass(slots=True)
class SetClock:
    """Always says ``now``, to callers and in place of the database's clock."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    async def of_database(self, connection: object) -> datetime:
        return self.now


def new_id() -> str:
    return str(uuid_utils.uuid7())


def a_generation(project: Project, **changes: Any) -> Generation:
    sample = Generation(
        id=new_id(),
        project_id=project.id,
        status="processing",
        identity="1d" * 32,
        slot="5c" * 16,
        prompt="a red lighthouse",
        original_prompt="a  red lighthouse",
        ratio="16:9",
        seed=2**32 - 1,
        model="painter",
        model_version="1",
        generator="painter",
        origin="live",
        created_at=NOON,
        updated_at=NOON,
    )
    return replace(sample, **changes)


def an_image(generation: Generation, **changes: Any) -> Image:
    sample = Image(
        id=new_id(),
        project_id=generation.project_id,
        source="generated",
        slot=generation.slot,
        identity=generation.identity,
        mime_type="image/png",
        file_size=3_000_000_000,
        width=1344,
        height=768,
        digest="d1" * 32,
        thumb_hash="3OcRJYB4d3h/iIeHeEh3eIhw+j2w",
        dominant_color="#aabbcc",
        origin="live",
        created_at=NOON,
        updated_at=NOON,
        generation_id=generation.id,
        meta={"note": "é"},
    )
    return replace(sample, **changes)
