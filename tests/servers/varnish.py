"""Fixture: a real Varnish running the shipped VCL in front of any port."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.process import absent, answers, free_port, until

SHIPPED = Path(__file__).parents[2] / "docs" / "varnish.vcl"
UPSTREAM = '.port = "3000";'
TOKEN = "change-me"
STOP_SECONDS = 10.0

# start_varnish(upstream_port, (old, new), …)
StartVarnish = Callable[..., "Varnish"]


@dataclass(frozen=True, slots=True)
class Varnish:
    """A running Varnish. It takes bans from this machine, with TOKEN."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def varnish_binary() -> str:
    """The program, or the test is skipped. Debian puts it where an ordinary PATH does not look."""
    path = shutil.which("varnishd", path=f"{os.defpath}:/usr/sbin:/sbin:/usr/local/sbin")
    if path is None:
        absent("Varnish", "varnish")
    assert path is not None
    return path


def shipped_vcl(upstream_port: int, *edits: tuple[str, str]) -> str:
    """The shipped file with its one address replaced, and the ``edits`` a test asks for."""
    text = SHIPPED.read_text()
    for old, new in ((UPSTREAM, f'.port = "{upstream_port}";'), *edits):
        assert text.count(old) == 1, f"varnish.vcl should say {old!r} once"
        text = text.replace(old, new)
    return text


@contextmanager
def running_varnish(
    upstream_port: int, *edits: tuple[str, str], port: int | None = None
) -> Generator[Varnish, None, None]:
    """Varnish with the shipped file in front of 127.0.0.1:``upstream_port``, never as root."""
    binary, port = varnish_binary(), port or free_port()
    nobody = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="mirage-varnish-") as folder:
        directory = Path(folder)
        vcl, log = directory / "shipped.vcl", directory / "stderr.log"
        vcl.write_text(shipped_vcl(upstream_port, *edits))
        vcl.chmod(0o644)
        if nobody is not None:
            os.chown(directory, nobody.pw_uid, nobody.pw_gid)
        listen = ["-a", f"127.0.0.1:{port}", "-f", str(vcl), "-n", str(directory / "run")]
        with log.open("wb") as stderr:
            process = subprocess.Popen(
                [binary, "-j", "none", "-F", *listen, "-s", "malloc,64m"],
                stdout=stderr,
                stderr=stderr,
                cwd=directory,
                user=None if nobody is None else nobody.pw_uid,
                group=None if nobody is None else nobody.pw_gid,
                extra_groups=None if nobody is None else [],
            )
        varnish = Varnish(port, log, process)
        try:
            until(lambda: _accepts(varnish), "Varnish")
            yield varnish
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


@pytest.fixture
def start_varnish() -> Generator[StartVarnish, None, None]:
    """Call it with the port of the server behind: ``start_varnish(port)``; ended after the test."""
    with ExitStack() as stack:

        def start(upstream_port: int, *edits: tuple[str, str]) -> Varnish:
            return stack.enter_context(running_varnish(upstream_port, *edits))

        yield start


def _accepts(varnish: Varnish) -> bool:
    if varnish.process.poll() is not None:
        pytest.fail(f"Varnish did not start: {varnish.log.read_text()}")
    return answers(varnish.port)
