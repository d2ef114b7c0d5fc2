"""What the composition root hands to the parts it opens."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from config.loading import load
from edge.parts import records


async def test_a_claim_is_taken_over_after_two_generation_deadlines(tmp_path: Path) -> None:
    settings = load({"EDGE_DATA_DIR": str(tmp_path), "EDGE_GENERATION_DEADLINE": "60"})
    began = datetime.now(UTC)
    async with records(settings) as log:
        project = await log.tenants.ensure("main", "site", "page")

        async def claimed(seconds: float) -> bool:
            now = began + timedelta(seconds=seconds)
            return await log.idempotency.claim(project.id, "once", "digest", now) is None

        assert await claimed(0)
        assert not await claimed(119)
        assert await claimed(121)
