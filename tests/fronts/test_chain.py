"""A CDN in front of nginx in front of the server: what nginx still holds must not stay there."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.edge.live_server import paid_settings
from tests.fleet.processes import API_KEY, fleet
from tests.servers.nginx import Nginx, running_nginx
from tests.servers.process import free_port, until
from tests.servers.varnish import TOKEN, running_varnish, varnish_binary
from tests.standins.replicate import ReplicateStandin

pytestmark = pytest.mark.needs_apt

# Instead of 65 s; nginx's minute is made to pass by hand.
AGAIN = "2"


@dataclass(frozen=True, slots=True)
class Chain:
    """``cdn`` is how strangers come in, ``owner`` speaks to the server with a key."""

    cdn: httpx.Client
    owner: httpx.Client
    nginx: Nginx


@pytest.fixture
def chain(
    tmp_path_factory: pytest.TempPathFactory, replicate_process: ReplicateStandin
) -> Iterator[Chain]:
    varnish_binary()
    port = free_port()
    settings = {
        **paid_settings(replicate_process),
        "EDGE__PURGE__WEBHOOK_URL": f"http://127.0.0.1:{port}/",
        "EDGE__PURGE__WEBHOOK_STYLE": "varnish",
        "EDGE__PURGE__WEBHOOK_TOKEN": TOKEN,
        "EDGE__PURGE__WEBHOOK_AGAIN": AGAIN,
    }
    with (
        fleet(tmp_path_factory.mktemp("chain"), 1, **settings) as (server,),
        running_nginx(server.port) as nginx,
        running_varnish(nginx.port, port=port) as varnish,
        httpx.Client(base_url=varnish.url, trust_env=False, timeout=30) as cdn,
        httpx.Client(
            base_url=server.base_url, trust_env=False, timeout=30, headers={"X-API-Key": API_KEY}
        ) as owner,
    ):
        yield Chain(cdn, owner, nginx)


def test_the_cdn_is_told_again_when_nginx_has_nothing_old_left(chain: Chain) -> None:
    prompt = f"a lighthouse {secrets.token_hex(6)}"
    target = f"/cdn/main/site/live/page?prompt={prompt.replace(' ', '+')}"
    assert chain.owner.get(target).status_code == 200
    assert [chain.cdn.get(target).status_code for _ in range(2)] == [200, 200]
    wish = {"prompt": prompt, "tombstone": True}
    told = chain.owner.post("/api/v1/purge", json=wish).json()["data"]
    assert [receipt["state"] for receipt in told["receipts"]] == ["delivered"]
    # The CDN asked anew, and nginx had its copy of before: now the CDN holds the old one again.
    assert chain.cdn.get(target).status_code == 200
    chain.nginx.age(61)
    assert chain.cdn.get(target).status_code == 200
    until(lambda: chain.cdn.get(target).status_code == 410, "the second word")
    assert chain.cdn.get(target).headers["cache-control"] == "private, no-store"
