"""A Ceph RADOS gateway, all in memory: the one S3 here whose conditional PUT is atomic."""

import os
import secrets
import shutil
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import Server, absent, answers, free_port, until
from tests.servers.s3_server import S3Server

_PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph")


@pytest.fixture(scope="session")
def rgw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The gateway all tests share; each makes its own bucket."""
    if not all(shutil.which(program) for program in _PROGRAMS):
        absent("Ceph's gateway", "radosgw ceph-mon ceph-osd ceph-common")
        return
    cluster = _Cluster(tmp_path_factory.mktemp("ceph"))
    try:
        cluster.start()
        key, secret = "AKIA" + secrets.token_hex(8).upper(), secrets.token_hex(20)
        cluster.add_user(key, secret)
        yield S3Server(cluster.port, key, secret)
    finally:
        cluster.stop()


class _Cluster:
    """One monitor, one object daemon on memory, one gateway."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._monitors = (free_port(), free_port())
        self._identity = str(uuid.uuid4())
        self._servers: list[Server] = []
        self._configuration = folder / "ceph.conf"
        self._env = {**os.environ, "CEPH_CONF": str(self._configuration)}  # noqa: TID251 - child

    def start(self) -> None:
        for part in ("mon", "osd", "rgw", "log"):
            (self._folder / part).mkdir()
        self._configuration.write_text(self._describe())
        self._start_monitor()
        until(self._has_quorum, "Ceph's monitor", seconds=30)
        self._run("ceph", "osd", "create")
        self._run("ceph-osd", "-i", "0", "--mkfs")
        self._serve("ceph-osd", "-i", "0")
        self._serve("radosgw", "-n", "client.rgw")
        until(lambda: answers(self.port), "Ceph's gateway", seconds=90)

    def add_user(self, key: str, secret: str) -> None:
        self._run(
            *("radosgw-admin", "user", "create", "--uid=tester", "--display-name=tester"),
            *(f"--access-key={key}", f"--secret={secret}"),
        )

    def stop(self) -> None:
        # Nothing in it is worth a graceful end, which takes it many seconds.
        for server in reversed(self._servers):
            server.end(signal.SIGKILL)

    def _start_monitor(self) -> None:
        modern, legacy = self._monitors
        monitors = self._folder / "monmap"
        self._run(
            *("monmaptool", "--create", "--clobber", "--fsid", self._identity),
            *("--addv", "a", f"[v2:127.0.0.1:{modern},v1:127.0.0.1:{legacy}]", str(monitors)),
        )
        self._run("ceph-mon", "-i", "a", "--mkfs", "--monmap", str(monitors))
        self._serve("ceph-mon", "-i", "a")

    def _has_quorum(self) -> bool:
        asked = subprocess.run(
            ["ceph", "--connect-timeout", "5", "quorum_status"],
            env=self._env,
            capture_output=True,
            check=False,
        )
        return asked.returncode == 0

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command, env=self._env, capture_output=True, check=False, timeout=90, text=True
        )
        if done.returncode:
            pytest.fail(f"{command[0]}: {done.stderr[-500:]}")

    def _serve(self, *command: str) -> None:
        log = self._folder / "log" / f"{command[0]}.out"
        self._servers.append(Server([*command, "-f"], log, env=self._env))

    def _describe(self) -> str:
        modern, legacy = self._monitors
        folder = self._folder
        return f"""[global]
fsid = {self._identity}
mon host = [v2:127.0.0.1:{modern},v1:127.0.0.1:{legacy}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
ms bind ipv6 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
mon allow pool size one = true
osd crush chooseleaf type = 0
run dir = {folder}
log file = {folder}/log/$name.log
admin socket = {folder}/$name.asok
pid file = {folder}/$name.pid
[mon.a]
mon data = {folder}/mon
[osd.0]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd max object name len = 2048
[client.rgw]
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{self.port} tcp_nodelay=1
rgw thread pool size = 32
"""
