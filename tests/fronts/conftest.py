"""The shipped nginx.conf and VCL, each in front of a server whose pictures cost money."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.edge.live_server import paid_settings
from tests.fleet.processes import API_KEY, ServerProcess, fleet
from tests.servers.nginx import running_nginx
from tests.servers.process import free_port
from tests.servers.varnish import TOKEN, running_varnish, varnish_binary
from tests.standins.replicate import ReplicateStandin


@dataclass(frozen=True, slots=True)
class House:
    """``client`` speaks to the front as a stranger, ``owner`` to the server with a key.

    ``minute`` makes a minute of the front's time pass, where that is what brings a purge to it.
    """

    name: str
    server: ServerProcess
    client: httpx.AsyncClient
    owner: httpx.AsyncClient
    minute: Callable[[], None]

    async def made(self, target: str) -> httpx.Response:
        """Have the owner see to it that the picture exists."""
        answer = await self.owner.get(target)
        assert answer.status_code == 200, answer.text
        return answer

    async def stored(self, target: str, **headers: str) -> httpx.Response:
        """What a stranger gets, asked for twice, so that the front has it."""
        first = await self.client.get(target, headers=headers)
        second = await self.client.get(target, headers=headers)
        assert (first.status_code, second.status_code) == (200, 200), first.text
        assert first.content == second.content
        return second

    async def purge(self, **body: Any) -> Any:
        answer = await self.owner.post("/api/v1/purge", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@pytest.fixture(scope="module", params=["nginx", "varnish"])
def running(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    replicate_process: ReplicateStandin,
) -> Iterator[tuple[str, str, ServerProcess, Callable[[], None]]]:
    """A front's name and address, the server behind it, and its minute."""
    name, port = request.param, free_port()
    settings = {**paid_settings(replicate_process), "EDGE_TRUSTED_PROXIES": "127.0.0.1"}
    folder = tmp_path_factory.mktemp(name)
    if name == "nginx":
        with fleet(folder, 1, **settings) as (server,), running_nginx(server.port) as nginx:
            yield name, nginx.url, server, lambda: nginx.age(61)
        return
    varnish_binary()
    settings |= {
        "EDGE__PURGE__WEBHOOK_URL": f"http://127.0.0.1:{port}/",
        "EDGE__PURGE__WEBHOOK_STYLE": "varnish",
        "EDGE__PURGE__WEBHOOK_TOKEN": TOKEN,
    }
    with (
        fleet(folder, 1, **settings) as (server,),
        running_varnish(server.port, port=port) as varnish,
    ):
        yield name, varnish.url, server, lambda: None


@pytest.fixture
async def house(
    running: tuple[str, str, ServerProcess, Callable[[], None]],
) -> AsyncIterator[House]:
    name, url, server, minute = running
    if not server.alive:
        server.start_again()
    limits = httpx.Limits(max_connections=300)
    async with (
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=60, limits=limits) as client,
        httpx.AsyncClient(
            base_url=server.base_url, trust_env=False, timeout=60, headers={"X-API-Key": API_KEY}
        ) as owner,
    ):
        yield House(name, server, client, owner, minute)
