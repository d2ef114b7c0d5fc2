"""Fixture: a real nginx running the shipped configuration in front of any port."""

import os
import pwd
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.process import absent, answers, free_port, until

SHIPPED = Path(__file__).parents[2] / "nginx.conf"
LISTEN = "listen 8080;"
UPSTREAM = "server 127.0.0.1:3000;"
STOP_SECONDS = 10.0
# NGX_HTTP_CACHE_VERSION, since nginx 1.7.3.
_CACHE_VERSION = 5

# start_nginx(upstream_port, (old, new), …, user=None)
StartNginx = Callable[..., "Nginx"]


@dataclass(frozen=True, slots=True)
class Nginx:
    """A running nginx. ``directory`` holds its configuration and, under run/, logs and store."""

    port: int
    directory: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def run(self) -> Path:
        return self.directory / "run"

    def age(self, seconds: int) -> None:
        """Make every stored answer older, as if so much time had passed.

        A cache file begins with nginx's version of it and the moment its freshness ends.
        """
        for path in (self.run / "cache").rglob("*"):
            if path.is_file():
                with path.open("r+b") as file:
                    version, until = struct.unpack("<QQ", file.read(16))
                    assert version == _CACHE_VERSION, "another nginx, another form of its files"
                    file.seek(8)
                    file.write(struct.pack("<Q", until - seconds))

    @property
    def logs(self) -> str:
        """All that was logged so far, standard error included."""
        return "".join(path.read_text() for path in sorted(self.run.glob("*.log")))


def nginx_binary() -> str:
    """The program, or the test is skipped. Debian puts it where an ordinary PATH does not look."""
    path = shutil.which("nginx", path=f"{os.defpath}:/usr/sbin:/sbin:/usr/local/sbin")
    if path is None:
        absent("nginx", "nginx")
    assert path is not None
    return path


def shipped_conf(port: int, upstream_port: int, *edits: tuple[str, str]) -> str:
    """The shipped file with its two addresses replaced, and the ``edits`` a test asks for."""
    text = SHIPPED.read_text()
    addresses = (
        (LISTEN, f"listen 127.0.0.1:{port};"),
        (UPSTREAM, f"server 127.0.0.1:{upstream_port};"),
    )
    for old, new in (*addresses, *edits):
        assert text.count(old) == 1, f"nginx.conf should say {old!r} once"
        text = text.replace(old, new)
    return text


@contextmanager
def running_nginx(
    upstream_port: int, *edits: tuple[str, str], user: str | None = None
) -> Generator[Nginx, None, None]:
    """nginx with the shipped file in front of 127.0.0.1:``upstream_port``.

    ``user`` runs all of it, master included, as that account; only root can ask for it.
    """
    binary, port = nginx_binary(), free_port()
    account = None if user is None else pwd.getpwnam(user)
    with tempfile.TemporaryDirectory(prefix="mirage-nginx-") as folder:
        directory = Path(folder)
        # Started by root, the workers are somebody else and must be able to reach the store.
        directory.chmod(0o755)
        (directory / "run").mkdir()
        (directory / "nginx.conf").write_text(shipped_conf(port, upstream_port, *edits))
        if account is not None:
            os.chown(directory / "run", account.pw_uid, account.pw_gid)
        with (directory / "run" / "stderr.log").open("wb") as stderr:
            process = subprocess.Popen(
                [binary, "-p", f"{directory}/", "-c", "nginx.conf", "-g", "daemon off;"],
                stderr=stderr,
                user=None if account is None else account.pw_uid,
                group=None if account is None else account.pw_gid,
                extra_groups=None if account is None else [],
            )
        nginx = Nginx(port, directory, process)
        try:
            until(lambda: _accepts(nginx), "nginx")
            yield nginx
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


@pytest.fixture
def start_nginx() -> Generator[StartNginx, None, None]:
    """Call it with the port of the server behind: ``start_nginx(port)``; ended after the test."""
    with ExitStack() as stack:

        def start(upstream_port: int, *edits: tuple[str, str], user: str | None = None) -> Nginx:
            return stack.enter_context(running_nginx(upstream_port, *edits, user=user))

        yield start


def _accepts(nginx: Nginx) -> bool:
    if nginx.process.poll() is not None:
        pytest.fail(f"nginx did not start: {nginx.logs}")
    return answers(nginx.port)
