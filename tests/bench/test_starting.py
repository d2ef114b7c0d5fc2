"""The benchmark at least starts: nothing else imports it, so nothing else would notice."""

import subprocess
import sys

from tests.bench.stored import PROMPTS, picture
from tests.source_tree import ROOT


def test_it_says_what_it_can_measure() -> None:
    asked = [sys.executable, "-m", "tests.bench", "--help"]
    run = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    for part in ("tiers", "nginx", "herd", "memory", "records"):
        assert part in run.stdout


def test_it_finds_the_place_of_a_picture() -> None:
    key, entry = picture(PROMPTS[0])
    assert (entry.identity, len(entry.body)) == (key.identity, 100_000)
