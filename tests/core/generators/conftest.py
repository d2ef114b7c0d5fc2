"""The Replicate generator as its tests use it: the real client on the stand-in."""

from collections.abc import AsyncIterator

import pytest

from core.generators.replicate_generator import ReplicateGenerator, open_replicate
from tests.core.generators.replicate_recipe import QUICK, TOKEN
from tests.standins.replicate import ReplicateStandin


@pytest.fixture
async def generator(replicate_standin: ReplicateStandin) -> AsyncIterator[ReplicateGenerator]:
    async with open_replicate(
        TOKEN, base_url=replicate_standin.base_url, cancel_after=300, max_bytes=2**20, pace=QUICK
    ) as opened:
        yield opened
