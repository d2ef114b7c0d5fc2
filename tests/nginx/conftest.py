"""Fixtures of the tests that put the shipped nginx before a counting origin."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from tests.nginx.front import Front, public
from tests.servers.nginx import StartNginx
from tests.standins.origin import Origin


@pytest.fixture
async def origin() -> AsyncGenerator[Origin, None]:
    async with Origin().listening() as listening:
        listening.always(public())
        yield listening


@pytest.fixture
async def front(origin: Origin, start_nginx: StartNginx) -> AsyncGenerator[Front, None]:
    nginx = start_nginx(origin.port)
    async with httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client:
        yield Front(nginx, origin, client)
