"""Measures the server beside the simplest thing that could do the same: `make bench`."""

import argparse
import tempfile
import time
from pathlib import Path

import pytest

from tests.bench.footprint import ENTRIES, footprint
from tests.bench.front import front
from tests.bench.herd import herd
from tests.bench.load import Effort
from tests.bench.records_bench import ROWS, first_pages
from tests.bench.sizes import sizes
from tests.bench.table import Section, machine, write_json
from tests.bench.tiers import tiers

_PARTS = ("tiers", "nginx", "herd", "memory", "records", "sizes")


def main() -> None:
    """Print every section as soon as it is measured."""
    told = _arguments()
    about, began = machine(), time.monotonic()
    print(" · ".join(f"{name} {value}" for name, value in about.items()))
    sections = []
    for name in told.only or _PARTS:
        with tempfile.TemporaryDirectory(prefix="mirage-bench-") as folder:
            try:
                section = _measured(name, Path(folder), told)
            except pytest.skip.Exception as absent:
                print(f"\n{name}: {absent}")
                continue
        print("\n".join(section.lines()), flush=True)
        sections.append(section)
    print(f"\n{time.monotonic() - began:.0f} s; only the ratios carry over to other machines")
    if told.json:
        write_json(told.json, about, sections)


def _measured(name: str, folder: Path, told: argparse.Namespace) -> Section:
    effort = Effort(1 if told.quick else 7, 1)
    match name:
        case "tiers":
            return tiers(folder, effort)
        case "nginx":
            return front(folder, effort)
        case "herd":
            return herd(folder, told.waiters)
        case "sizes":
            return sizes(folder, quick=told.quick)
        case "records":
            return first_pages(20_000 if told.quick else ROWS)
        case _:
            return footprint(5_000 if told.quick else ENTRIES)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one turn each: a look, not a measurement"
    )
    parser.add_argument("--only", nargs="+", choices=_PARTS, help="some parts instead of all")
    parser.add_argument("--waiters", type=int, default=500, help="callers for each process")
    parser.add_argument("--json", type=Path, help="also write everything to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
