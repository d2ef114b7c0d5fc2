"""A plain load generator for machines without wrk: raw sockets, one request after the other.

``python -m tests.bench.client --port 3000 /target /another`` asks for the targets in turn, and
prints how many answers came in how many seconds. Every answer must be a 200.
"""

import argparse
import itertools
import selectors
import socket
import time
from collections.abc import Iterator, Sequence

_CHUNK = 1 << 20


class _Connection:
    """One socket, and how much of the answer is still to come."""

    def __init__(self, port: int, requests: Iterator[bytes]) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self._head = b""
        self._left = 0

    def ask(self) -> None:
        self._head, self._left = b"", 0
        self.socket.sendall(next(self._requests))

    def read(self) -> bool:
        """Whether the answer is complete."""
        data = self.socket.recv(_CHUNK)
        if not data:
            raise ConnectionError("the server closed a connection")
        if self._left:
            self._left -= len(data)
            return not self._left
        self._head += data
        head, end, body = self._head.partition(b"\r\n\r\n")
        if not end:
            return False
        self._left = _length(head) - len(body)
        return not self._left


def _length(head: bytes) -> int:
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ValueError(head.decode("latin-1"))
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without a length")


def run(
    port: int, requests: Sequence[bytes], connections: int, seconds: float
) -> tuple[int, float]:
    """How many answers came, in how many seconds."""
    answers = 0
    with selectors.DefaultSelector() as selector:
        in_turn = itertools.cycle(requests)
        opened = [_Connection(port, in_turn) for _ in range(connections)]
        for each in opened:
            selector.register(each.socket, selectors.EVENT_READ, each)
        began = time.perf_counter()
        for each in opened:
            each.ask()
        while time.perf_counter() - began < seconds:
            for ready, _ in selector.select(1):
                if ready.data.read():
                    answers += 1
                    ready.data.ask()
        took = time.perf_counter() - began
        for each in opened:
            each.socket.close()
    return answers, took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("targets", nargs="+")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--header", action="append", default=[])
    told = parser.parse_args()
    fields = "".join(f"{field}\r\n" for field in [f"Host: 127.0.0.1:{told.port}", *told.header])
    requests = [f"GET {target} HTTP/1.1\r\n{fields}\r\n".encode() for target in told.targets]
    print(*run(told.port, requests, told.connections, told.seconds))


if __name__ == "__main__":
    main()
