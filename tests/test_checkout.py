"""What the checkout promises: its names are its own, its lock names no host, it holds no key."""

import importlib.util
import re
import subprocess
import tomllib
from hashlib import sha256
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("edge", "core", "cache", "config")
PUBLISHED_KEY = "cbafe73d44cb1cd9babe0a26b667b989c6a759593e198cc8192b67e56c88d7d2"


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("room", ROOMS)
def test_no_installed_distribution_owns_a_room(room: str) -> None:
    assert packages_distributions().get(room, []) == []


# "tests" is not among the rooms above: a library may ship its own by mistake, and ours wins then.
@pytest.mark.parametrize("name", [*ROOMS, "tests"])
def test_a_room_is_imported_from_this_checkout(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert Path(spec.origin or "") == ROOT / name / "__init__.py"


@pytest.mark.parametrize("ignore_list", [".gitignore", ".dockerignore"])
@pytest.mark.parametrize("room", ["cache", "core", "config"])
def test_no_ignore_list_swallows_a_room(ignore_list: str, room: str) -> None:
    lines = text(ignore_list).splitlines()
    kept = lines.index(f"!/{room}/")
    swallowed = {room, f"/{room}", f"{room}/", f"/{room}/", f"{room}/*", f"/{room}/*"}
    assert not swallowed & set(lines[kept:])


def test_the_version_is_the_newest_of_the_changelog() -> None:
    versions = re.findall(r"^## \[?(\d[^\]\s]*)", text("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == tomllib.loads(text("pyproject.toml"))["project"]["version"]


def test_the_lock_is_pinned_by_hash_and_names_no_host() -> None:
    lock = text("requirements.lock")
    assert "--hash=sha256:" in lock
    for trace in ("://", "--index-url", "--extra-index-url", "--find-links", "--trusted-host"):
        assert trace not in lock


def test_the_key_of_the_founding_document_is_nowhere() -> None:
    files = tracked()
    assert ROOT / "pyproject.toml" in files
    keys = re.compile(rb"(?:bnt_)?([0-9a-f]{64})(?![0-9a-f])", re.IGNORECASE)
    holders = {
        path.relative_to(ROOT).as_posix()
        for path in files
        for match in keys.finditer(path.read_bytes())
        for key in (match[1].lower(), b"bnt_" + match[1].lower())
        if sha256(key).hexdigest() == PUBLISHED_KEY
    }
    assert not holders


def tracked() -> list[Path]:
    """What git holds, and what it would hold after the next commit."""
    run = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if run.returncode:
        pytest.skip("not a git checkout, so nothing tells its own files from others")
    paths = (ROOT / name.decode() for name in run.stdout.split(b"\0") if name)
    return [path for path in paths if path.is_file()]
