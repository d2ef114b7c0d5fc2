"""What 20,000 stored pictures cost in memory beside their own bytes.

``python -m tests.bench.footprint`` fills the memory tier of a fresh process and prints what it
found as JSON.
"""

import argparse
import gc
import json
import resource
import secrets
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from cache.codec import decode, encode
from cache.memory_tier import MemoryTier
from core.identity import key_of
from tests.bench.stored import picture
from tests.bench.table import Row, Section
from tests.fleet.processes import ROOT

ENTRIES = 20_000
BODY = 8_192


def footprint(entries: int = ENTRIES) -> Section:
    """Measured in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.footprint", "--entries", str(entries)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    found = json.loads(run.stdout)
    return Section(
        f"4. Memory of {entries:,} pictures of {BODY:,} bytes",
        [
            Row(
                "memory tier",
                {
                    "MB before": found["before"] / 1e6,
                    "MB after": found["after"] / 1e6,
                    "bytes each": found["each"],
                    "beside the body": found["each"] - BODY,
                    "counted each": found["counted"],
                },
                {"body of all": BODY / found["each"]},
            )
        ],
        "each as a lower tier delivers it; 'counted' is what the tier's own bound reckons with",
    )


def _resident() -> int:
    """Bytes of this process in memory now; where nobody tells, the most it ever had."""
    facts = Path("/proc/self/statm")
    if facts.exists():
        return int(facts.read_text().split()[1]) * resource.getpagesize()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _fill(entries: int) -> dict[str, float]:
    _, sample = picture("a sample", 2 * BODY)
    memory = MemoryTier(4 * entries * BODY)
    gc.collect()
    before = _resident()
    for number in range(entries):
        key = key_of(b"%d" % number)
        meta = {**sample.meta, "digest": key.identity, "image": f"{number:036}"}
        body = secrets.token_bytes(BODY)
        stored = encode(replace(sample, identity=key.identity, body=body, meta=meta))
        memory.put(key.slot, decode(stored))
    gc.collect()
    after = _resident()
    assert len(memory) == entries
    return {
        "before": before,
        "after": after,
        "each": (after - before) / entries,
        "counted": memory.used / entries,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=ENTRIES)
    print(json.dumps(_fill(parser.parse_args().entries)))


if __name__ == "__main__":
    main()
