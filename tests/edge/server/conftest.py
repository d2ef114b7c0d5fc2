"""A server with our protocol, for the tests that speak to it in bytes."""

from collections.abc import Iterator

import pytest

from tests.edge.server.echoing import echo
from tests.edge.server.raw_http import serving


@pytest.fixture(scope="module", params=["asyncio", "uvloop"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    with serving(echo, loop=request.param) as port:
        yield port
