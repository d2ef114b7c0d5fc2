"""Sizes and formats of the same masters, beside IPX: processor time and bytes at equal likeness."""

import http.client
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote_plus

import anyio

from cache.entry import Entry, Key
from core.variants import QUALITIES
from tests.bench.ipx_server import Ipx, running_ipx
from tests.bench.likeness import bytes_at, likeness, opened
from tests.bench.load import processor_seconds
from tests.bench.scenes import SIZE, jpeg_of, png_of, scenes
from tests.bench.starting import Edge, running_edge
from tests.bench.stored import into_directory, picture
from tests.bench.table import Row, Section
from tests.fleet.processes import API_KEY

WIDTHS = (64, 96, 128, 192, 256, 320, 384, 480, 640, 750, 960, 1200)
FORMATS = ("jpeg", "webp", "avif")
# Where likeness is measured, and the qualities of IPX its curve is drawn through.
_WIDTH = 640
_STEPS = (40, 50, 60, 70, 80, 90)


@dataclass(frozen=True, slots=True)
class Subject:
    """A server: its process, and where it has a picture in a size and a format."""

    port: int
    process: int
    headers: Mapping[str, str]
    target: Callable[[str, int, str, int | None], str]

    def body(self, name: str, width: int, encoding: str, quality: int | None = None) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            target = self.target(name, width, encoding, quality)
            connection.request("GET", target, headers=dict(self.headers))
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        assert answer.status == 200, f"{target}: {answer.status} {body[:300]!r}"
        return body


def sizes(folder: Path, *, quick: bool) -> Section:
    """Each server makes each size of each picture once, by turns."""
    pictures = dict(list(scenes().items())[-1 if quick else 0 :])
    rows: list[Row] = []
    with ExitStack() as stack:
        for kind, encode in (("png", png_of), ("jpeg", jpeg_of)):
            bodies = {f"{name}.{kind}": encode(image) for name, image in pictures.items()}
            parts = _Parts(folder / kind, bodies, stack)
            rows += _rows(kind, list(bodies), parts)
    return Section(
        f"6. {len(WIDTHS)} sizes of {len(pictures)} masters of {SIZE[0]} by {SIZE[1]} pixels",
        rows,
        f"processor time of the server for one derivative, nothing cached; likeness and bytes at "
        f"{_WIDTH} pixels, IPX (sharp) at the quality that is as like",
    )


class _Parts:
    """Our server, the same without a memory for decoded masters, and IPX, on the same files."""

    def __init__(self, folder: Path, bodies: Mapping[str, bytes], stack: ExitStack) -> None:
        files = folder / "files"
        files.mkdir(parents=True)
        for name, body in bodies.items():
            (files / name).write_bytes(body)
        stored = [_stored(name, body) for name, body in bodies.items()]
        self.own = self._edge(folder / "own", stored, stack)
        forgetful = {"EDGE__DERIVATIVES__DECODED_BYTES": "0"}
        self.anew = self._edge(folder / "anew", stored, stack, **forgetful)
        ipx = stack.enter_context(running_ipx(files, folder / "ipx.log"))
        self.ipx = _of_ipx(ipx)

    @staticmethod
    def _edge(
        data: Path, stored: Sequence[tuple[Key, Entry]], stack: ExitStack, **settings: str
    ) -> Subject:
        anyio.run(into_directory, data, stored)
        return _of_edge(stack.enter_context(running_edge(data, **settings)))


def _rows(kind: str, names: Sequence[str], parts: _Parts) -> Iterator[Row]:
    for encoding in FORMATS:
        spent = {"own": 0.0, "anew": 0.0, "ipx": 0.0}
        for name in names:
            for subject, server in (("own", parts.own), ("anew", parts.anew), ("ipx", parts.ipx)):
                spent[subject] += _work(server, name, encoding)
        count = len(names) * len(WIDTHS)
        alike, own, theirs = _at_equal_likeness(names, encoding, parts)
        yield Row(
            f"{kind} → {encoding}",
            {
                "CPU ms": spent["own"] / count * 1000,
                "each decoded anew": spent["anew"] / count * 1000,
                "IPX": spent["ipx"] / count * 1000,
                "likeness": alike,
                "bytes": own,
                "IPX bytes": theirs,
            },
            {
                "IPX's CPU ÷ own": spent["ipx"] / spent["own"],
                "÷ anew": spent["ipx"] / spent["anew"],
                "IPX's bytes ÷ own": theirs / own,
            },
            target=1.0,
        )


def _work(server: Subject, name: str, encoding: str) -> float:
    quality = QUALITIES[encoding]
    # The first one warms up: modules, threads, connections.
    server.body(name, WIDTHS[0] - 1, encoding, quality)
    before = processor_seconds(server.process)
    for width in WIDTHS:
        server.body(name, width, encoding, quality)
    return processor_seconds(server.process) - before


def _at_equal_likeness(
    names: Sequence[str], encoding: str, parts: _Parts
) -> tuple[float, float, float]:
    """Our likeness, our bytes, and theirs at that likeness: means over the pictures.

    Each is compared with its own lossless answer, so that only the encoder is judged.
    """
    alike, own, theirs = [], [], []
    for name in names:
        body = parts.own.body(name, _WIDTH, encoding)
        alike.append(likeness(opened(parts.own.body(name, _WIDTH, "png")), opened(body)))
        lossless = opened(parts.ipx.body(name, _WIDTH, "png"))
        steps = []
        for quality in _STEPS:
            step = parts.ipx.body(name, _WIDTH, encoding, quality)
            steps.append((likeness(lossless, opened(step)), len(step)))
        own.append(len(body))
        theirs.append(bytes_at(alike[-1], steps))
    # Geometric, so that no picture counts for more than another.
    return sum(alike) / len(alike), _mean(own), _mean(theirs)


def _mean(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def _prompt(name: str) -> str:
    return f"the picture {name.replace('.', ' ')}"


def _stored(name: str, body: bytes) -> tuple[Key, Entry]:
    """As if the default model had made it for this prompt."""
    key, entry = picture(_prompt(name), 10_000)
    kind = name.rpartition(".")[2]
    facts = {"type": f"image/{kind}", "digest": sha256(body).hexdigest()}
    facts |= {"width": str(SIZE[0]), "height": str(SIZE[1])}
    return key, Entry(entry.identity, body, {**entry.meta, **facts})


def _of_edge(edge: Edge) -> Subject:
    def target(name: str, width: int, encoding: str, quality: int | None) -> str:
        wanted = f"/api/v1/live?prompt={quote_plus(_prompt(name))}&w={width}&fm={encoding}"
        return wanted if quality is None else f"{wanted}&q={quality}"

    return Subject(edge.port, edge.process, {"X-API-Key": API_KEY}, target)


def _of_ipx(ipx: Ipx) -> Subject:
    def target(name: str, width: int, encoding: str, quality: int | None) -> str:
        more = "" if quality is None else f",q_{quality}"
        return f"/w_{width},f_{encoding}{more}/{name}"

    return Subject(ipx.port, ipx.process, {}, target)
