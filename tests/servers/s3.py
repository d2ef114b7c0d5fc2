"""A real S3 dialect from Python packages alone: OpenStack Swift with its S3 interface.

It checks signatures and checksums. Its conditional PUT is not atomic under a race; for that there
is ``tests.servers.rgw``.
"""

import getpass
import os
import secrets
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.process import Server, free_port, until
from tests.servers.s3_server import S3Server

pytest_plugins = ["tests.servers.rgw"]


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The Swift all tests share; each makes its own bucket."""
    with running_swift(tmp_path_factory.mktemp("swift")) as server:
        yield server


@contextmanager
def running_swift(folder: Path) -> Iterator[S3Server]:
    """Swift with all it keeps in ``folder``."""
    ports = {part: free_port() for part in ("object", "container", "account", "proxy")}
    account, secret = "AKIA" + secrets.token_hex(8).upper(), secrets.token_hex(20)
    _write_configuration(folder, ports, account, secret)
    _build_rings(folder, ports)
    servers = [
        Server(
            [_command(f"swift-{part}-server"), str(folder / f"{part}.conf"), "-v"],
            folder / f"{part}.log",
            env={**os.environ, "SWIFT_DIR": str(folder)},  # noqa: TID251 - for the child
        )
        for part in ports
    ]
    server = S3Server(ports["proxy"], f"{account}:tester", secret)
    try:
        until(lambda: _is_healthy(server.endpoint_url), "Swift")
        yield server
    finally:
        for process in servers:
            process.end()


def _command(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _is_healthy(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/healthcheck", timeout=1) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


# In one process for all three, because importing Swift is most of the time it takes.
_BUILD_RINGS = """
import sys
from swift.common.ring import RingBuilder
folder, *parts = sys.argv[1:]
for part in parts:
    name, port = part.split("=")
    builder = RingBuilder(4, 1, 0)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port),
                     "device": "d1", "weight": 1.0, "replication_ip": "127.0.0.1",
                     "replication_port": int(port), "meta": ""})
    builder.rebalance()
    builder.get_ring().save(f"{folder}/{name}.ring.gz")
"""


def _build_rings(folder: Path, ports: dict[str, int]) -> None:
    parts = [f"{part}={ports[part]}" for part in ("object", "container", "account")]
    subprocess.run([sys.executable, "-c", _BUILD_RINGS, str(folder), *parts], check=True)


def _write_configuration(folder: Path, ports: dict[str, int], account: str, secret: str) -> None:
    (folder / "srv" / "d1").mkdir(parents=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n"
        "[storage-policy:0]\nname = default\ndefault = yes\n"
    )
    for part in ("object", "container", "account"):
        (folder / f"{part}.conf").write_text(
            _defaults(folder, ports[part])
            + f"devices = {folder}/srv\nmount_check = false\nfallocate_reserve = 0\n"
            + f"[pipeline:main]\npipeline = {part}-server\n"
            + f"[app:{part}-server]\nuse = egg:swift#{part}\n"
        )
    filters = ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "s3api")
    filters += ("tempauth", "copy", "slo", "dlo", "symlink", "versioned_writes")
    pipeline = "catch_errors gatekeeper healthcheck listing_formats bulk s3api tempauth copy slo "
    pipeline += "dlo versioned_writes symlink proxy-server"
    options = {
        "s3api": "s3_acl = false\nlocation = us-east-1\ncheck_bucket_owner = false\n",
        "tempauth": f"user_{account}_tester = {secret} .admin\n",
        "versioned_writes": "allow_versioned_writes = true\nallow_object_versioning = true\n",
    }
    (folder / "proxy.conf").write_text(
        _defaults(folder, ports["proxy"])
        + f"[pipeline:main]\npipeline = {pipeline}\n"
        + "[app:proxy-server]\nuse = egg:swift#proxy\n"
        + "allow_account_management = true\naccount_autocreate = true\n"
        + "".join(
            f"[filter:{name}]\nuse = egg:swift#{name}\n{options.get(name, '')}" for name in filters
        )
    )


def _defaults(folder: Path, port: int) -> str:
    # No workers: the one process serves, so that ending it ends everything.
    return (
        f"[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nworkers = 0\n"
        f"user = {getpass.getuser()}\nswift_dir = {folder}\nlog_address = /dev/null\n"
    )
