"""A process that derives, for every test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.core.derivatives.house import House, opened


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with opened(House()) as house:
        yield house
