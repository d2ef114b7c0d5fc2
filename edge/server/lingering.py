"""Closes a connection without resetting away the answer that was just written to it."""

import asyncio
from typing import Protocol


class Lingers(Protocol):
    """A protocol that can go on reading after it said its last word."""

    transport: asyncio.Transport

    def linger(self) -> None:
        """Send what was written, then wait for the caller to hang up, not for long."""


class LingeringTransport(asyncio.Transport):
    """Lets ``close`` linger: closing a socket with unread bytes resets it (RFC 9112, 9.6)."""

    def __init__(self, protocol: Lingers) -> None:
        super().__init__()
        self._protocol = protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._protocol.transport.write(data)

    def is_closing(self) -> bool:
        return self._protocol.transport.is_closing()

    def close(self) -> None:
        self._protocol.linger()
