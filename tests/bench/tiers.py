"""A stored picture of 100 kB from every tier, beside the same bytes sent by nearly nothing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import anyio

from tests.bench.bare import BARE, ROUTE, running_bare
from tests.bench.load import CONNECTIONS, Effort, Measured, Subject, generator, measure
from tests.bench.starting import Edge, running_edge
from tests.bench.stored import KEYED, PUBLIC, SIZE, into_bucket, into_directory, pictures
from tests.bench.table import Row, Section
from tests.fleet.parts import bucket_settings
from tests.fleet.processes import API_KEY
from tests.servers.s3 import running_swift
from tests.servers.valkey import RedisServer, valkey_binary

_NO_MEMORY = {"EDGE_MEMORY_CACHE_BYTES": "0"}
_KEY = {"X-API-Key": API_KEY}
_UNMET = {**_KEY, "If-None-Match": '"another"'}
_YARDSTICKS = ("bare ASGI application", "bare Starlette route")
# Of the bare application.
_TARGETS = {"memory, one URL": 0.4, "Redis, one URL": 0.12}


def tiers(folder: Path, effort: Effort) -> Section:
    """All in one run, by turns."""
    with ExitStack() as stack:
        servers = _Servers(folder, stack)
        subjects = [*_yardsticks(stack), *_from_memory(servers), *_from_below(servers)]
        servers.wait()
        measured = measure(subjects, effort, SIZE)
    return Section(
        f"1. Stored pictures of {SIZE:,} bytes",
        [*_rows(measured)],
        f"{generator()}, {CONNECTIONS} connections, median of {effort.rounds} turns of "
        f"{effort.seconds} s, server log to a file unless said",
    )


class _Servers:
    """Starts servers, each with the same pictures in a data folder of its own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._pictures = pictures()
        self._started: list[Edge] = []

    def start(self, name: str, *, log: Path | None = None, **settings: str) -> Edge:
        data = self._folder / name
        anyio.run(into_directory, data, self._pictures)
        edge = self._stack.enter_context(running_edge(data, log=log, wait=False, **settings))
        self._started.append(edge)
        return edge

    def wait(self) -> None:
        for edge in self._started:
            edge.wait()

    def valkey(self) -> dict[str, str]:
        server = RedisServer(valkey_binary(), self._made("valkey"))
        self._stack.callback(server.stop)
        return {"REDIS_URL": server.url}

    def bucket(self) -> dict[str, str]:
        swift = self._stack.enter_context(running_swift(self._made("swift")))
        bucket = swift.new_bucket()
        anyio.run(into_bucket, swift, bucket, self._pictures)
        return bucket_settings(swift, bucket)

    def _made(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(parents=True)
        return folder


def _yardsticks(stack: ExitStack) -> Iterator[Subject]:
    port, process = stack.enter_context(running_bare(SIZE))
    for name, target in zip(_YARDSTICKS, (BARE, ROUTE), strict=True):
        yield Subject(name, port, [target], process=process)


def _from_memory(servers: _Servers) -> Iterator[Subject]:
    edge = servers.start("memory")
    yield _subject("memory, one URL", edge, KEYED[:1])
    yield _subject("memory, one URL, no key", edge, PUBLIC[:1], {})
    yield _subject(f"memory, {len(KEYED)} URLs", edge, KEYED)
    yield _subject("memory, every request parsed", edge, KEYED[:1], _UNMET)
    silent = servers.start("silent", log=Path("/dev/null"))
    yield _subject("memory, one URL, log to /dev/null", silent, KEYED[:1])


def _from_below(servers: _Servers) -> Iterator[Subject]:
    """With one URL, those who ask at the same moment share a look-up; with many, they do not."""
    settings = {"Redis": servers.valkey(), "directory": {}, "S3 (Swift)": servers.bucket()}
    for number, (name, wanted) in enumerate(settings.items()):
        edge = servers.start(f"below-{number}", **wanted, **_NO_MEMORY)
        yield _subject(f"{name}, one URL", edge, KEYED[:1])
        yield _subject(f"{name}, {len(KEYED)} URLs", edge, KEYED)


def _subject(
    name: str, edge: Edge, targets: Sequence[str], headers: Mapping[str, str] = _KEY
) -> Subject:
    return Subject(name, edge.port, targets, headers, edge.process)


def _rows(measured: Mapping[str, Measured]) -> Iterator[Row]:
    asgi, starlette = (measured[name] for name in _YARDSTICKS)
    for name, each in measured.items():
        figures = {"answers/s": each.rate}
        ratios = {
            "of bare ASGI": each.rate / asgi.rate,
            "of Starlette": each.rate / starlette.rate,
        }
        if each.work:
            figures["CPU µs/answer"] = each.work
            ratios["bare ASGI's CPU"] = asgi.work / each.work
        yield Row(name, figures, ratios, _TARGETS.get(name))
