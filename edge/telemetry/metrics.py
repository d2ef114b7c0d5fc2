"""Counts what happens, for Prometheus; no label ever holds input of a caller."""

from collections.abc import Callable
from hmac import compare_digest

import anyio.to_thread
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.requests import Request

from core.errors import Unauthorized
from edge.answers.answer import Answer, with_body
from edge.answers.freshness import NO_STORE

_MICROS = 1_000_000
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0)
_GENERATION_SECONDS = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0, 300.0)
_LEASE_SECONDS = (0.05, 0.25, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0)


class RequestMetrics:
    """What the outermost layer tells: one call per answer."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "edge_requests",
            "Answers by method, route template, status and way through the cache.",
            ("method", "route", "status", "cache"),
            registry=registry,
        )
        self._seconds = Histogram(
            "edge_request_seconds",
            "From the first header to the last byte handed to the socket.",
            ("route",),
            buckets=_REQUEST_SECONDS,
            registry=registry,
        )
        # Looking a label set up costs more than counting does.
        self._known: dict[tuple[str, str, int, str], tuple[Counter, Histogram]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float, cache: str) -> None:
        """``route`` must be a template and ``cache`` a word of ours: both become labels."""
        name = (method, route, status, cache)
        known = self._known.get(name)
        if known is None:
            # Anybody may invent a method.
            shown = method if method in _METHODS else "other"
            counter = self._requests.labels(shown, route, str(status), cache.lower() or "none")
            known = (counter, self._seconds.labels(route))
            if method in _METHODS:
                self._known[name] = known
        known[0].inc()
        known[1].observe(seconds)


class CacheMetrics:
    """A cache's observer; ``prefix`` tells the caches apart."""

    def __init__(self, registry: CollectorRegistry, prefix: str = "edge_cache") -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"{prefix}_{name}", text, labels, registry=registry)

        self._hits = counter("hits", "Callers served from a tier.", "tier")
        self._misses = counter("misses", "Callers who learned that no tier holds the entry.")
        self._flights = counter("flights", "Flights begun.")
        self._joins = counter("joins", "Callers who joined a flight under way.")
        self._takeovers = counter("takeovers", "Leases taken over from a holder who left nothing.")
        self._corrupt = counter("corrupt", "Entries that failed their checks.", "tier")
        self._collisions = counter("collisions", "Slots held by another identity.")
        self._failures = counter("tier_failures", "Tiers without a definite answer.", "tier")
        self._spooled = counter("spooled", "Entries the store refused for now.")
        self._fills = counter("fills", "Fills by outcome.", "outcome")
        self._waits = Histogram(
            f"{prefix}_lease_wait_seconds",
            "How long flights waited for another process.",
            buckets=_LEASE_SECONDS,
            registry=registry,
        )

        # Looking a label up costs more than counting does.
        self._hits_of: dict[str, Counter] = {}

    def hit(self, tier: str) -> None:
        known = self._hits_of.get(tier)
        if known is None:
            known = self._hits_of[tier] = self._hits.labels(tier)
        known.inc()

    def missed(self) -> None:
        self._misses.inc()

    def flight_started(self) -> None:
        self._flights.inc()

    def joined(self) -> None:
        self._joins.inc()

    def lease_waited(self, seconds: float) -> None:
        self._waits.observe(seconds)

    def took_over(self) -> None:
        self._takeovers.inc()

    def corrupt(self, tier: str) -> None:
        self._corrupt.labels(tier).inc()

    def collided(self) -> None:
        self._collisions.inc()

    def tier_failed(self, tier: str) -> None:
        self._failures.labels(tier).inc()

    def spooled(self) -> None:
        self._spooled.inc()

    def filled(self, outcome: str) -> None:
        self._fills.labels(outcome).inc()


class GenerationMetrics:
    """The meter of paid work."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._in_flight = Gauge(
            "edge_generations_in_flight",
            "Generations under way.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._seconds = Histogram(
            "edge_generation_seconds",
            "Generations by outcome: success, or the code of the error.",
            ("outcome",),
            buckets=_GENERATION_SECONDS,
            registry=registry,
        )
        self._spend = Counter(
            "edge_spend_dollars", "What generations cost, in US dollars.", registry=registry
        )
        self._duplicates = Counter(
            "paid_duplicates", "Paid jobs that were lost or lost their race.", registry=registry
        )

    def generation_started(self) -> None:
        self._in_flight.inc()

    def generation_ended(self, outcome: str, seconds: float) -> None:
        self._in_flight.dec()
        self._seconds.labels(outcome).observe(seconds)

    def spent(self, amount_micros: int) -> None:
        self._spend.inc(amount_micros / _MICROS)

    def paid_twice(self) -> None:
        self._duplicates.inc()


class MetricsPage:
    """GET /metrics: open, unless a token is set; then only with ``Authorization: Bearer``.

    ``multiprocess_path`` is the folder several worker processes count in together. The library
    decides by PROMETHEUS_MULTIPROC_DIR, when it is imported, whether they do; both must agree.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        *,
        token: str | None = None,
        multiprocess_path: str | None = None,
    ) -> None:
        self._read = _reader(registry, multiprocess_path)
        self._token = token

    async def show(self, request: Request) -> Answer:
        """The page. Raises Unauthorized."""
        if self._token is not None and not _bears(request, self._token):
            raise Unauthorized
        # With several processes this reads their files.
        page = await anyio.to_thread.run_sync(self._read)
        return with_body(200, list(NO_STORE), CONTENT_TYPE_PLAIN_0_0_4.encode("ascii"), page)


def _reader(registry: CollectorRegistry, multiprocess_path: str | None) -> Callable[[], bytes]:
    if multiprocess_path is None:
        return lambda: generate_latest(registry)

    def read() -> bytes:
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody, path=multiprocess_path)  # type: ignore[no-untyped-call]  # the library has no types there
        return generate_latest(everybody)

    return read


def _bears(request: Request, token: str) -> bool:
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and compare_digest(told.strip().encode(), token.encode())
