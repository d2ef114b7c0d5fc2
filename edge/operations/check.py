"""Looks at every part of the installation, and says of each how it is and how to mend it."""

import asyncio
from collections.abc import Awaitable, Iterator
from urllib.parse import urlsplit

from config.settings import Settings
from core.records.location import PostgresServer, locate
from edge.operations import probes
from edge.operations.findings import Finding, fail, ok, warn

# No part may keep the findings about the others from being read.
_PATIENCE_SECONDS = 15.0


async def examine(settings: Settings) -> list[Finding]:
    """Findings about every part; nothing is changed but a test object in the bucket."""
    found = await asyncio.gather(
        _bounded("data", probes.data_folder(settings)),
        _bounded("database", probes.database(settings)),
        _bounded("redis", probes.redis(settings)),
        _bounded("store", probes.store(settings)),
        _bounded("generator", probes.generator(settings)),
        _bounded("enhancer", probes.enhancer(settings)),
    )
    return [
        *(finding for findings in found for finding in findings),
        *_spending(settings),
        *_signing(settings),
        *_addresses(settings),
    ]


async def _bounded(part: str, findings: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await findings
    except TimeoutError:
        return [fail(part, f"No answer within {_PATIENCE_SECONDS:.0f} s.")]


def _spending(settings: Settings) -> Iterator[Finding]:
    if not settings.spending.enabled:
        yield warn("spending", "Off: only stored pictures answer. EDGE_SPENDING=on ends that.")
    elif settings.spending.daily_budget is None:
        yield warn("spending", "Without a budget: set EDGE_DAILY_BUDGET.")
    else:
        yield ok("spending", f"At most ${settings.spending.daily_budget / 1_000_000:.2f} a day.")


def _signing(settings: Settings) -> Iterator[Finding]:
    if settings.signing.keys:
        yield ok("signing", f"{len(settings.signing.keys)} from EDGE_SIGNING_KEYS.")
    elif _is_a_fleet(settings):
        yield warn(
            "signing",
            "Redis or PostgreSQL suggest several machines, but each would make a signing key of "
            "its own: set the same EDGE_SIGNING_KEYS on all of them.",
        )
    else:
        yield ok("signing", "Kept in the data folder, made at the first start.")


def _is_a_fleet(settings: Settings) -> bool:
    address = settings.database.url
    if settings.redis.url is not None or address is None:
        return settings.redis.url is not None
    location = locate(address.get_secret_value(), settings.data.folder)
    return isinstance(location, PostgresServer)


def _addresses(settings: Settings) -> Iterator[Finding]:
    server = settings.server
    if server.public_url is None:
        yield ok("address", "Links follow the address of each request; EDGE_PUBLIC_URL fixes it.")
        return
    address = urlsplit(server.public_url)
    if address.scheme == "http" and address.hostname != "localhost":
        yield warn("address", "EDGE_PUBLIC_URL is plain http: pages over https cannot show it.")
    elif not server.trusted_proxies and address.hostname != "localhost":
        yield warn(
            "address",
            "EDGE_PUBLIC_URL means a proxy in front, but none is trusted, so all visitors share "
            "one limit: set EDGE_TRUSTED_PROXIES to its network.",
        )
    else:
        yield ok("address", f"{server.public_url}.")
