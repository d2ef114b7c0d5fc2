"""The access log: one line per answer, on the shortest way from the answer to the stream."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from select import PIPE_BUF
from typing import Any, BinaryIO

import orjson

_EVENT = {"event": "request", "level": "info"}


class JsonLines:
    """Writes every line given to it as JSON, those of one turn of the event loop together.

    A line's values must be free of secrets and of lone surrogates: nobody looks at them here.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: list[bytes] = []

    def __call__(self, line: dict[str, Any]) -> None:
        shown = {**_EVENT, "timestamp": datetime.now(UTC), **line}
        self._waiting.append(
            orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)
        )
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        lines, self._waiting = self._waiting, []
        # Nobody reads the log any more: no reason to fail.
        with suppress(OSError):
            for bunch in _bunches(lines):
                self._stream.write(bunch)
                self._stream.flush()


def _bunches(lines: list[bytes]) -> Iterator[bytes]:
    """Whole lines, as many as a pipe takes at once: processes that share one stay apart."""
    bunch: list[bytes] = []
    size = 0
    for line in lines:
        if size + len(line) > PIPE_BUF and bunch:
            yield b"".join(bunch)
            bunch, size = [], 0
        bunch.append(line)
        size += len(line)
    yield b"".join(bunch)
