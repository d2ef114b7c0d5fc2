"""The server as a process: how it starts, what it says, how it ends."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from config.loading import load
from core.signing import Signer
from edge.operations.data_folder import ensure_signing_keys
from edge.operations.first_start import Prepared
from edge.operations.greeting import greeting
from tests.servers.process import free_port, until

ROOT = Path(__file__).parents[3]
SECRET = re.compile(r"bnt_[0-9a-f]{64}")


def started(tmp_path, **environment):
    inherited = {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - for the child
        if not name.startswith(("EDGE", "REDIS", "REPLICATE", "DATABASE", "S3", "AWS"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "edge", "serve"],
        cwd=ROOT,
        env=inherited | {"EDGE_DATA_DIR": str(tmp_path / "data"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = started(tmp_path, PORT=str(port))
        printed, said = process.communicate(timeout=30)
    assert process.returncode == 3
    assert f"Cannot listen on 127.0.0.1:{port}" in said
    assert len(said.splitlines()) == 1
    assert printed == ""
    assert not (tmp_path / "data").exists()


def healthy(port):
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).is_success
    except httpx.TransportError:
        return False


def served(tmp_path, port, number, **environment):
    """Start, wait until it answers, send the signal: exit status, and what it printed and said."""
    process = started(tmp_path, PORT=str(port), **environment)
    try:
        until(lambda: healthy(port) or process.poll() is not None, "the server", seconds=60)
    finally:
        process.send_signal(number)
        printed, said = process.communicate(timeout=30)
    return process.returncode, printed, said


def test_several_processes_serve_together_and_leave_nothing_behind(tmp_path, valkey):
    port = free_port()
    together = {"WEB_CONCURRENCY": "2", "REDIS_URL": valkey.url}
    status, printed, said = served(tmp_path, port, signal.SIGINT, **together)
    assert status == 0, said
    events = [json.loads(line)["event"] for line in said.splitlines()]
    assert sum(event.startswith("Started server process") for event in events) >= 1
    assert SECRET.search(printed)
    assert not list((tmp_path / "data").glob("metrics-*"))


def test_a_fresh_server_says_how_to_use_it_and_stops_when_told(tmp_path):
    port = free_port()
    status, printed, said = served(tmp_path, port, signal.SIGTERM)
    assert status == 0, said
    key = SECRET.search(printed)[0]
    assert (tmp_path / "data" / "api-key").read_text().strip() == key
    assert f"http://localhost:{port}/cdn/main/site/live/page?prompt=a+red+lighthouse" in printed
    assert "curl -o lighthouse.png" in printed
    assert "painter" in printed
    assert str(tmp_path / "data") in printed
    assert "\x1b" not in printed
    assert key not in said


def test_paid_pictures_are_offered_by_a_signed_url(tmp_path):
    settings = load({"EDGE_DATA_DIR": str(tmp_path), "REPLICATE_API_TOKEN": "canary-token"})
    prepared = Prepared(None, tmp_path / "api-key", ensure_signing_keys(settings))
    text = greeting(settings, prepared, port=1234)
    url = re.search(r"http://localhost:1234/cdn/\S+", text)[0]
    address = httpx.URL(url)
    ends = int(address.params["exp"])
    signer = Signer([(key.kid, key.secret) for key in prepared.signing_keys])
    assert signer.verify(address.path, dict(address.params), ends - 1.0) == ends
    assert "$0.003 each, at most $10.00 a day" in text
    assert "canary-token" not in text
