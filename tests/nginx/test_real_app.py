"""The shipped file in front of the server itself: what a page and its operator get."""

from collections.abc import Iterator

import httpx
import pytest

from tests.fleet.processes import API_KEY, ServerProcess, fleet
from tests.servers.nginx import Nginx, running_nginx

pytestmark = pytest.mark.needs_apt

PAGE = "/cdn/main/site/live/page?prompt=a+harbour+behind+nginx"
LIVE = "/api/v1/live?prompt=a+harbour+behind+nginx"


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nginx, ServerProcess]]:
    with (
        fleet(tmp_path_factory.mktemp("house"), 1) as (process,),
        running_nginx(process.port) as nginx,
    ):
        yield nginx, process


def test_a_page_is_served_from_nginx_and_goes_on_when_the_server_is_gone(
    house: tuple[Nginx, ServerProcess],
) -> None:
    nginx, process = house
    with httpx.Client(base_url=nginx.url) as client:
        absent = client.head(PAGE)
        assert (absent.status_code, absent.headers["cache-control"]) == (200, "private, no-store")
        first = client.get(PAGE)
        assert (first.status_code, first.headers["x-cache-status"]) == (200, "MISS")
        assert client.get(LIVE).status_code == 401
        keyed = client.get(LIVE, headers={"X-API-Key": API_KEY})
        assert keyed.headers["cache-control"].startswith("private")
        assert client.get(LIVE).status_code == 401
        assert client.get("/metrics").status_code in (403, 404)
        asked = process.metric("edge_requests_total")
        assert client.get(PAGE).content == first.content
        assert process.metric("edge_requests_total") == asked + 1  # that of the metrics themselves
        process.kill()
        again = client.get(PAGE)
        assert (again.status_code, again.content) == (200, first.content)
        gone = client.get(f"{PAGE}+never+asked+for")
        assert gone.status_code == 502
        assert gone.headers["cache-control"] == "private, no-store"
