"""The shipped nginx.conf: a stored public picture beside a static file of the same bytes."""

from pathlib import Path

import anyio

from tests.bench.load import Effort, Subject, generator, measure
from tests.bench.starting import running_edge
from tests.bench.stored import PROMPTS, PUBLIC, SIZE, into_directory, picture
from tests.bench.table import Row, Section
from tests.servers.nginx import running_nginx

_BEFORE = "        # For machines inside; ask the server itself.\n"
_STATIC = "        location = /static.png { root .; }\n"
_FILE, _STORED = "nginx, static file", "nginx, stored picture"


def front(folder: Path, effort: Effort) -> Section:
    """One nginx, both URLs by turns."""
    key, entry = picture(PROMPTS[0])
    anyio.run(into_directory, folder, [(key, entry)])
    with (
        running_edge(folder, EDGE_TRUSTED_PROXIES="127.0.0.1") as edge,
        running_nginx(edge.port, (_BEFORE, _STATIC + _BEFORE)) as nginx,
    ):
        (nginx.directory / "static.png").write_bytes(entry.body)
        subjects = [
            Subject(_FILE, nginx.port, ["/static.png"]),
            Subject(_STORED, nginx.port, PUBLIC[:1]),
        ]
        measured = measure(subjects, effort, SIZE)
    static = measured[_FILE].rate
    rows = [
        Row(name, {"answers/s": each.rate}, {"of the static file": each.rate / static})
        for name, each in measured.items()
    ]
    rows[1] = Row(rows[1].name, rows[1].figures, rows[1].ratios, 0.75)
    return Section(
        "2. Through nginx.conf", rows, f"{generator()}, 32 connections, same picture, same nginx"
    )
