"""What /metrics, /health and /ready say."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from cache.observer import Observer
from core.errors import Unauthorized
from core.ports import Meter
from edge.telemetry.health import Readiness, ReadyPage, health
from edge.telemetry.metrics import CacheMetrics, GenerationMetrics, MetricsPage, RequestMetrics


def request(**headers: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/metrics", "headers": raw})


def told_to(protocol: type) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")}


async def samples(registry: CollectorRegistry) -> dict[tuple[str, str], float]:
    """By name and label values, without the buckets."""
    page = await MetricsPage(registry).show(request())
    assert dict(page.raw_headers)[b"cache-control"] == b"private, no-store"
    assert dict(page.raw_headers)[b"content-type"].startswith(b"text/plain")
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page.body.decode())
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


async def test_every_event_of_the_cache_is_counted() -> None:
    registry = CollectorRegistry()
    observer = CacheMetrics(registry)
    assert told_to(Observer) <= set(dir(observer))
    observer.hit("memory")
    observer.hit("memory")
    observer.hit("store")
    observer.missed()
    observer.flight_started()
    observer.joined()
    observer.lease_waited(2.5)
    observer.took_over()
    observer.corrupt("redis")
    observer.collided()
    observer.tier_failed("store")
    observer.spooled()
    observer.filled("stored")
    found = await samples(registry)
    assert found == {
        ("edge_cache_hits_total", "memory"): 2,
        ("edge_cache_hits_total", "store"): 1,
        ("edge_cache_misses_total", ""): 1,
        ("edge_cache_flights_total", ""): 1,
        ("edge_cache_joins_total", ""): 1,
        ("edge_cache_lease_wait_seconds_sum", ""): 2.5,
        ("edge_cache_lease_wait_seconds_count", ""): 1,
        ("edge_cache_takeovers_total", ""): 1,
        ("edge_cache_corrupt_total", "redis"): 1,
        ("edge_cache_collisions_total", ""): 1,
        ("edge_cache_tier_failures_total", "store"): 1,
        ("edge_cache_spooled_total", ""): 1,
        ("edge_cache_fills_total", "stored"): 1,
    }


async def test_paid_work_is_counted_in_dollars() -> None:
    registry = CollectorRegistry()
    meter = GenerationMetrics(registry)
    assert told_to(Meter) <= set(dir(meter))
    meter.generation_started()
    meter.generation_started()
    meter.generation_ended("success", 2.0)
    meter.spent(3_000)
    meter.spent(3_000)
    meter.paid_twice()
    found = await samples(registry)
    assert found[("edge_generations_in_flight", "")] == 1
    assert found[("edge_generation_seconds_count", "success")] == 1
    assert found[("edge_spend_dollars_total", "")] == pytest.approx(0.006)
    assert found[("paid_duplicates_total", "")] == 1


async def test_requests_are_counted_by_route_and_status() -> None:
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry)
    for _ in range(3):
        metrics.observe("GET", "/api/v1/live", 200, 0.001, "HIT")
    metrics.observe("GET", "/api/v1/live", 404, 0.001, "")
    for number in range(100):
        metrics.observe(f"M{number}", "unmatched", 405, 0.001, "")
    found = await samples(registry)
    assert found[("edge_requests_total", "hit GET /api/v1/live 200")] == 3
    assert found[("edge_requests_total", "none GET /api/v1/live 404")] == 1
    assert found[("edge_requests_total", "none other unmatched 405")] == 100
    assert found[("edge_request_seconds_count", "/api/v1/live")] == 4


async def test_two_registries_share_nothing() -> None:
    first, second = CollectorRegistry(), CollectorRegistry()
    CacheMetrics(first).missed()
    CacheMetrics(second)
    assert (await samples(second))[("edge_cache_misses_total", "")] == 0


async def test_a_token_closes_the_page() -> None:
    page = MetricsPage(CollectorRegistry(), token="let me in")
    for headers in ({}, {"authorization": "Bearer nope"}, {"authorization": "Basic let me in"}):
        with pytest.raises(Unauthorized):
            await page.show(request(**headers))
    shown = await page.show(request(authorization="bearer let me in"))
    assert shown.status == 200


def test_several_processes_count_together(tmp_path: Path) -> None:
    """In processes of their own: the library looks at its variable once, when it is imported."""
    count = (
        "import asyncio, sys\n"
        "from prometheus_client import CollectorRegistry\n"
        "from starlette.requests import Request\n"
        "from edge.telemetry.metrics import GenerationMetrics, MetricsPage\n"
        "registry = CollectorRegistry()\n"
        "GenerationMetrics(registry).spent(500_000)\n"
        "page = MetricsPage(registry, multiprocess_path=sys.argv[1])\n"
        "scope = {'type': 'http', 'headers': []}\n"
        "print(asyncio.run(page.show(Request(scope))).body.decode())\n"
    )
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONPATH": "."}
    told = [
        subprocess.run(
            [sys.executable, "-c", count, str(tmp_path)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert "edge_spend_dollars_total 0.5" in told[0]
    assert "edge_spend_dollars_total 1.0" in told[1]


async def works() -> None:
    """A part that answers."""


async def broken() -> None:
    raise OSError("down")


async def hanging() -> None:
    await asyncio.Event().wait()


async def ready(readiness: Readiness) -> tuple[int, Any]:
    page = await ReadyPage(readiness).show(request())
    assert dict(page.raw_headers)[b"cache-control"] == b"private, no-store"
    return page.status, page.body.decode()


@pytest.mark.parametrize(
    ("store", "redis", "status", "word"),
    [
        (works, works, 200, "ready"),
        (works, broken, 200, "degraded"),
        (works, hanging, 200, "degraded"),
        (broken, works, 503, "unavailable"),
        (broken, broken, 503, "unavailable"),
    ],
)
async def test_ready_means_that_hits_can_be_served(
    store: Any, redis: Any, status: int, word: str
) -> None:
    readiness = Readiness(generator="painter", needed={"store": store}, wanted={"redis": redis})
    got, body = await ready(readiness)
    assert got == status
    assert f'"status":"{word}"' in body
    assert '"generator":"painter"' in body


async def test_draining_is_said_at_once() -> None:
    readiness = Readiness(generator="painter", needed={}, wanted={})
    assert (await ready(readiness))[0] == 200
    readiness.drain()
    status, body = await ready(readiness)
    assert status == 503
    assert '"draining"' in body


async def test_however_often_it_is_asked_the_parts_are_asked_once_a_second() -> None:
    asked: list[float] = []
    now = [0.0]

    async def counted() -> None:
        asked.append(now[0])

    readiness = Readiness(
        generator="painter", needed={"store": counted}, wanted={}, clock=lambda: now[0]
    )
    await asyncio.gather(*(readiness.report() for _ in range(50)))
    now[0] = 0.9
    await readiness.report()
    now[0] = 1.1
    await readiness.report()
    assert asked == [0.0, 1.1]


async def test_being_alive_depends_on_nothing() -> None:
    page = await health(request())
    assert (page.status, page.body) == (200, b'{"status":"alive"}')
    assert dict(page.raw_headers)[b"cache-control"] == b"private, no-store"
