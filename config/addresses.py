"""Reads hosts, networks and URLs."""

import ipaddress
import re
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import SplitResult, urlsplit

from config.formats import Reader, text_of

Network = IPv4Network | IPv6Network

# A socket or a file on this machine; PostgreSQL names its socket in the query.
_HOSTLESS = ("unix", "sqlite", "sqlite+aiosqlite", "postgresql", "postgres", "postgresql+asyncpg")


def networks(value: object) -> tuple[Network, ...]:
    """A list, or text separated by commas, of addresses and CIDR blocks."""
    words = value if isinstance(value, list | tuple) else text_of(value).split(",")
    try:
        return tuple(
            ipaddress.ip_network(text_of(word), strict=False) for word in words if text_of(word)
        )
    except ValueError:
        raise ValueError('addresses or networks such as "10.0.0.0/8, 192.0.2.7"') from None


def host(value: object) -> str:
    name = text_of(value)
    if re.fullmatch(r"[A-Za-z0-9.:%_-]+", name) is None:
        raise ValueError("a host name or address to listen on, such as 127.0.0.1 or 0.0.0.0")
    return name


def origin(value: object) -> str:
    """A web origin without a path, as RFC 6454 serialises it."""
    parts = _split(text_of(value))
    if parts is None or parts.scheme not in {"http", "https"} or parts.path.strip("/"):
        raise ValueError("an origin without a path, such as https://pictures.example.com")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("an origin without a query, such as https://pictures.example.com")
    return text_of(value).rstrip("/")


def address(*schemes: str, example: str) -> Reader:
    """A URL with one of the schemes."""

    def read(value: object) -> str:
        parts = _split(text_of(value))
        if parts is None or parts.scheme not in schemes:
            raise ValueError(f"a URL such as {example}")
        return text_of(value).rstrip("/")

    return read


def _split(value: str) -> SplitResult | None:
    """The parts of a URL, or None where it has none."""
    try:
        parts = urlsplit(value)
        usable = (parts.hostname or parts.scheme in _HOSTLESS) and parts.port != 0
    except ValueError:
        return None
    return parts if usable and " " not in value else None
