"""What was measured: rows with a figure, its ratio and its target; as a table or as JSON."""

import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One thing measured. ``ratios`` are to what was measured beside it; higher is better.

    ``target`` bounds the first ratio from below.
    """

    name: str
    figures: Mapping[str, float]
    ratios: Mapping[str, float] = field(default_factory=dict)
    target: float | None = None
    note: str = ""

    @property
    def missed(self) -> bool:
        first = next(iter(self.ratios.values()), None)
        return self.target is not None and first is not None and first < self.target


@dataclass(slots=True)
class Section:
    """Rows that were measured together, interleaved."""

    title: str
    rows: list[Row]
    note: str = ""

    def lines(self) -> Iterator[str]:
        yield f"\n{self.title}"
        if self.note:
            yield f"  {self.note}"
        columns = _columns(self.rows)
        table = [("", *columns, "")] + [_cells(row, columns) for row in self.rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for name, *cells, note in table:
            shown = "  ".join(cell.rjust(w) for cell, w in zip(cells, widths[1:], strict=False))
            yield f"  {name.ljust(widths[0])}  {shown}  {note}".rstrip()


def _columns(rows: list[Row]) -> list[str]:
    names = [*(name for row in rows for name in row.figures)]
    names += [name for row in rows for name in row.ratios]
    return [*dict.fromkeys(names)]


def _cells(row: Row, columns: list[str]) -> tuple[str, ...]:
    cells = [_cell(row, column) for column in columns]
    aim = "" if row.target is None else f"{'MISSES' if row.missed else 'meets'} ≥ {row.target:g}"
    return (row.name, *cells, "; ".join(filter(None, (aim, row.note))))


def _cell(row: Row, column: str) -> str:
    if column in row.ratios:
        return f"{row.ratios[column]:.2f}"
    value = row.figures.get(column)
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"


def machine() -> dict[str, Any]:
    """On what, and how busy it was: other work makes figures small and ratios uncertain."""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
    }


def write_json(path: Path, about: Mapping[str, Any], sections: list[Section]) -> None:
    """The whole table for programs."""
    content = {
        "about": dict(about),
        "sections": [
            {
                "title": section.title,
                "note": section.note,
                "rows": [
                    {
                        "name": row.name,
                        "figures": dict(row.figures),
                        "ratios": dict(row.ratios),
                        "target": row.target,
                        "missed": row.missed,
                        "note": row.note,
                    }
                    for row in section.rows
                ],
            }
            for section in sections
        ],
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
