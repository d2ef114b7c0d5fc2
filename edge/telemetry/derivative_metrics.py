"""Counts the sizes and formats that are made of masters, and what they cost in time."""

from prometheus_client import CollectorRegistry, Histogram

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class DerivativeMetrics:
    """The meter of derivatives."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "edge_derivative_seconds",
            "Derivatives made, and how long a worker thread took for each: decode, resize, encode.",
            ("format",),
            buckets=_SECONDS,
            registry=registry,
        )

    def made(self, encoding: str, seconds: float) -> None:
        self._seconds.labels(encoding).observe(seconds)
