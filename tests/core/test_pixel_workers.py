"""Worker threads for pixels: bounded, modest, and sharing what they decode."""

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from core.errors import Busy
from core.imaging import derived
from core.imaging.masters import DecodedMasters
from core.imaging.workers import Workers, open_workers
from core.variants import Layout, Variant
from tests.cache.parts import until


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
async def test_pixels_come_after_everything_else() -> None:
    async with open_workers(threads=1) as workers:
        nice = await workers.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert nice == 10
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == 0


async def test_there_are_as_many_threads_as_were_asked_for_and_an_end_to_the_queue() -> None:
    gate, names = threading.Event(), set()

    def work() -> None:
        names.add(threading.current_thread().name)
        assert gate.wait(20)

    async with open_workers(threads=2, waiting=1) as workers:
        assert workers.idle
        taken = [asyncio.create_task(workers.run(work)) for _ in range(3)]
        await until(lambda: len(names) == 2)
        assert not workers.idle
        with pytest.raises(Busy) as busy:
            await workers.run(work)
        assert busy.value.retry_after == 1
        gate.set()
        await asyncio.gather(*taken)
        await until(lambda: workers.idle)
        assert len(names) == 2


async def test_a_thread_is_taken_until_its_work_ends_whoever_leaves() -> None:
    gate = threading.Event()
    async with open_workers(threads=1, waiting=0) as workers:
        caller = asyncio.create_task(workers.run(lambda: gate.wait(20)))
        await until(lambda: not workers.idle)
        caller.cancel()
        await asyncio.wait([caller])
        with pytest.raises(Busy):
            await workers.run(lambda: None)
        gate.set()
        await until(lambda: workers.idle)


async def test_what_the_work_raises_is_raised() -> None:
    def work() -> None:
        raise ValueError("of mine")

    async with open_workers(threads=1) as workers:
        with pytest.raises(ValueError, match="of mine"):
            await workers.run(work)
        await until(lambda: workers.idle)


async def test_after_the_end_there_are_no_threads() -> None:
    executor = ThreadPoolExecutor(1)
    workers = Workers(executor, threads=1, waiting=1)
    executor.shutdown()
    with pytest.raises(Busy):
        await workers.run(lambda: None)
    assert workers.idle


class Decoder:
    """Counts; waits for the gate, if there is one."""

    def __init__(self, *, gated: bool = False) -> None:
        self.calls = 0
        self.began = threading.Event()
        self.gate = threading.Event()
        if not gated:
            self.gate.set()
        self.error: Exception | None = None

    def __call__(self) -> Image.Image:
        self.calls += 1
        self.began.set()
        assert self.gate.wait(20)
        if self.error is not None:
            raise self.error
        return Image.new("RGB", (10, 10))


def test_a_crowd_of_threads_decodes_once() -> None:
    masters, decode = DecodedMasters(10_000), Decoder(gated=True)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(masters.of, "a", 1, decode)
        assert decode.began.wait(20)
        others = [threads.submit(masters.of, "a", 1, decode) for _ in range(7)]
        decode.gate.set()
        images = {id(each.result()) for each in (first, *others)}
    assert (decode.calls, len(images), masters.used) == (1, 1, 400)


def test_a_failure_is_told_to_all_who_wait_and_not_kept() -> None:
    masters, decode = DecodedMasters(10_000), Decoder(gated=True)
    decode.error = ValueError("broken")
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(masters.of, "a", 1, decode)
        assert decode.began.wait(20)
        other = threads.submit(masters.of, "a", 1, decode)
        # Give the other one the time to begin to wait; if it has not, it fails by itself.
        threading.Event().wait(0.01)
        decode.gate.set()
        for each in (first, other):
            with pytest.raises(ValueError, match="broken"):
                each.result()
    decode.error = None
    assert masters.of("a", 1, decode).size == (10, 10)


def test_pixels_are_bounded_and_the_least_recently_used_go_first() -> None:
    masters, decode = DecodedMasters(800), Decoder()
    for name in ("a", "b", "a", "c", "a"):
        masters.of(name, 1, decode)
    assert (decode.calls, masters.used) == (3, 800)
    masters.of("b", 1, decode)
    assert decode.calls == 4
    # Another fraction is another picture.
    masters.of("b", 2, decode)
    assert decode.calls == 5
    masters.drop("b")
    assert masters.used == 0
    masters.of("a", 1, decode)
    masters.drop(None)
    assert masters.used == 0


def test_what_is_larger_than_the_bound_is_not_kept() -> None:
    masters, decode = DecodedMasters(399), Decoder()
    masters.of("a", 1, decode)
    masters.of("a", 1, decode)
    assert (decode.calls, masters.used) == (2, 0)


def test_encoding_a_jpeg_lets_the_other_threads_run() -> None:
    image = Image.effect_noise((1400, 1400), 90).convert("RGB")
    variant = Variant(Layout(1400, 1400), "jpeg", 95)
    began = time.perf_counter()
    derived(image, image.size, variant, color="", generator=None)
    alone = time.perf_counter() - began
    with ThreadPoolExecutor(1) as threads:
        work = threads.submit(derived, image, image.size, variant, color="", generator=None)
        longest, last = 0.0, time.perf_counter()
        while not work.done():
            threading.Event().wait(0.001)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
    # With the lock held this thread would stand still for nearly all of it.
    assert longest < alone / 2
