"""The lines of the access log: their form, how they are written, and when they are not."""

import asyncio
import io
import json
from collections.abc import Iterator
from select import PIPE_BUF

import pytest
import structlog

from edge.telemetry.access_log import JsonLines
from edge.telemetry.logs import access_log
from edge.telemetry.redaction import scrub

LINE = {"method": "GET", "route": "/api/v1/live", "status": 200, "key": None}


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


class Pipe(io.BytesIO):
    """Remembers every single write."""

    def __init__(self, error: OSError | None = None) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self._error = error

    def write(self, data: bytes) -> int:
        if self._error is not None:
            raise self._error
        self.writes.append(data)
        return len(data)


async def test_a_line_has_the_form_of_all_lines() -> None:
    pipe = Pipe()
    JsonLines(pipe)(LINE)
    await asyncio.sleep(0)
    (written,) = pipe.writes
    assert written.endswith(b"\n")
    line = json.loads(written)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "request", "level": "info", **LINE}


async def test_lines_of_one_turn_are_written_together() -> None:
    pipe = Pipe()
    write = JsonLines(pipe)
    for number in range(3):
        write({"status": number})
    assert pipe.writes == []
    await asyncio.sleep(0)
    (written,) = pipe.writes
    assert [json.loads(line)["status"] for line in written.splitlines()] == [0, 1, 2]
    write({"status": 3})
    await asyncio.sleep(0)
    assert len(pipe.writes) == 2


async def test_no_write_is_larger_than_a_pipe_takes_at_once() -> None:
    pipe = Pipe()
    write = JsonLines(pipe)
    for number in range(200):
        write({"route": "/" + "x" * number})
    await asyncio.sleep(0)
    assert all(len(each) <= PIPE_BUF and each.endswith(b"\n") for each in pipe.writes)
    lines = b"".join(pipe.writes).splitlines()
    assert [len(json.loads(line)["route"]) for line in lines] == list(range(1, 201))


async def test_a_log_nobody_reads_fails_no_request() -> None:
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    JsonLines(Pipe(BrokenPipeError()))(LINE)
    await asyncio.sleep(0)
    assert failures == []


@pytest.mark.parametrize(
    ("level", "form", "start"),
    [("info", "json", b"{"), ("info", "pretty", b""), ("error", "json", None)],
)
async def test_level_and_form_are_those_of_all_lines(
    level: str, form: str, start: bytes | None
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), write_through=True)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(stream))
    access_log(level, form, stream)(dict(LINE))
    await asyncio.sleep(0)
    written = stream.buffer.getvalue()
    if start is None:
        assert written == b""
    else:
        assert written.startswith(start)
        assert b"/api/v1/live" in written


@pytest.mark.parametrize("path", ["/bnt_012345" + "67" * 29, "/r8_" + "s" * 20, "/?sig=abcdef"])
def test_a_secret_is_scrubbed_from_a_path(path: str) -> None:
    assert path not in scrub(path)


def test_scrubbed_text_can_be_encoded() -> None:
    scrub("\udcff").encode()
