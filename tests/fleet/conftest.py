"""The parts the fleets of these tests stand on."""

from collections.abc import Iterator

import pytest

from tests.fleet.parts import LEASE_SECONDS, bucket_settings, paid_settings
from tests.fleet.processes import ServerProcess, fleet
from tests.servers.s3_server import S3Server
from tests.servers.valkey import RedisServer, valkey_binary
from tests.standins.replicate import ReplicateStandin


@pytest.fixture(scope="package")
def fleet_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Valkey of these tests alone: they flush it and take it away."""
    server = RedisServer(valkey_binary(), tmp_path_factory.mktemp("fleet-valkey"))
    yield server
    server.stop()


@pytest.fixture(scope="package")
def shared_fleet(
    tmp_path_factory: pytest.TempPathFactory,
    fleet_valkey: RedisServer,
    s3: S3Server,
    replicate_process: ReplicateStandin,
) -> Iterator[list[ServerProcess]]:
    """Four processes on Redis, a bucket, one SQLite file and a paid generator."""
    settings = {
        **paid_settings(replicate_process),
        **bucket_settings(s3, s3.new_bucket()),
        "REDIS_URL": fleet_valkey.url,
        "EDGE_LEASE_TTL": f"{LEASE_SECONDS:g}",
    }
    with fleet(tmp_path_factory.mktemp("fleet"), 4, **settings) as processes:
        yield processes


@pytest.fixture
def four(shared_fleet: list[ServerProcess]) -> list[ServerProcess]:
    """The four processes, all alive, whatever the test before did to them."""
    for process in shared_fleet:
        if not process.alive:
            process.start_again()
    return shared_fleet
