"""A crowd wants one picture in every size and format from four processes: one generation."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from io import BytesIO
from itertools import product

from PIL import Image

from tests.fleet.crowd import ask, ask_together, live_target, request_bytes, total
from tests.fleet.processes import ServerProcess

WIDTHS = (40, 50, 64, 99, 128, 150, 200, 256, 300, 333, 384, 480)
KINDS = ("png", "jpeg", "webp", "avif")
CLIENTS = 200
ENCODED = "edge_derivative_seconds_count"
CHROMIUM = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


def size_of(body: bytes) -> tuple[int, int]:
    with Image.open(BytesIO(body)) as image:
        image.load()
        return image.size


def kept(process: ServerProcess) -> int:
    """How many derivatives its records know."""
    with closing(sqlite3.connect(process.data / "records.sqlite3")) as records:
        (rows,) = records.execute("SELECT count(*) FROM derivatives").fetchone()
    return rows


async def test_twelve_sizes_in_four_formats_are_one_generation(four, replicate_standin):
    wishes = list(product(WIDTHS, KINDS))
    targets = [live_target("a crowd of sizes", w=str(width), fm=kind) for width, kind in wishes]
    before = kept(four[0])
    encoded = await asyncio.to_thread(total, four, ENCODED)
    places = [client % len(wishes) for client in range(CLIENTS)]
    replies = await ask_together(
        [
            (four[client % 4].port, request_bytes(targets[place]))
            for client, place in enumerate(places)
        ]
    )
    assert Counter(reply.status for reply in replies) == {200: CLIENTS}
    assert await replicate_standin.created() == 1
    bodies: dict[int, set[bytes]] = {}
    for place, reply in zip(places, replies, strict=True):
        width, kind = wishes[place]
        assert reply.headers["content-type"] == f"image/{kind}"
        bodies.setdefault(place, set()).add(reply.body)
        assert size_of(reply.body) == (width, width)
    # Whoever asked wherever for the same got the same bytes: what was stored first.
    assert {len(different) for different in bodies.values()} == {1}
    assert len(bodies) == len(wishes)
    assert kept(four[0]) - before == len(wishes)
    # By one of the four processes, whoever they asked.
    assert await asyncio.to_thread(total, four, ENCODED) - encoded == len(wishes)
    assert {reply.way for reply in replies} <= {"MISS", "COALESCED", "HIT"}
    assert [reply.way for reply in replies].count("MISS") == 1


async def test_negotiation_before_four_processes_never_mixes_the_formats_up(
    four, replicate_standin
):
    target = live_target("a crowd of browsers", w="320", fm="auto")
    accepts = [CHROMIUM, "image/jpeg", "image/webp,*/*", "*/*"]
    for _ in range(3):
        replies = await ask_together(
            [
                (four[client // 4 % 4].port, request_bytes(target, Accept=accepts[client % 4]))
                for client in range(48)
            ]
        )
        for client, reply in enumerate(replies):
            assert (reply.status, reply.headers["vary"]) == (200, "Accept")
            assert reply.headers["content-type"] in {
                CHROMIUM: {"image/avif", "image/webp"},
                "image/webp,*/*": {"image/webp"},
            }.get(accepts[client % 4], {"image/jpeg", "image/png"})
    assert await replicate_standin.created() == 1
    assert (await ask(four[0].port, target)).headers["content-type"] != "image/avif"
