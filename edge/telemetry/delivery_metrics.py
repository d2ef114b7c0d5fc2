"""Counts what CDNs were told, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter

from core.purging.delivery_ports import Outcome


class DeliveryMetrics:
    """The meter of deliveries."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._told = Counter(
            "edge_purge_deliveries",
            "Attempts to tell the CDN of a purge: delivered, retried, or failed for good.",
            ("outcome",),
            registry=registry,
        )

    def told(self, outcome: Outcome) -> None:
        self._told.labels(outcome).inc()
