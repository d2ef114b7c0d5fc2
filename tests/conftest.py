"""Fixtures shared by all tests; each real part lives in a module of its own."""

import pytest

pytest_plugins = [
    "tests.servers.valkey",
    "tests.servers.s3",
    "tests.servers.postgres",
    "tests.servers.nginx",
    "tests.servers.varnish",
    "tests.standins.openai",
    "tests.standins.replicate",
    "tests.edge.live_server",
    "tests.edge.browsing",
    "tests.edge.element_site",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
