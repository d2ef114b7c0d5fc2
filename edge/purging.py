"""Builds what takes pictures away: the journal's writer, its reader, and who is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from cache.background import end
from cache.broadcast import Broadcast
from cache.readthrough import ReadThrough
from config.settings import Settings
from core.catalog import Catalog
from core.hooks.purge_webhook import open_webhook
from core.ports import Announcements
from core.purging.covers import Covers
from core.purging.deliveries import Deliveries, NoDeliveries
from core.purging.delivery_ports import DeliveryMeter
from core.purging.ports import Derivations
from core.purging.reader import JournalReader
from core.purging.service import Purging
from core.records.records import Records
from edge.telemetry.delivery_metrics import DeliveryMetrics


@asynccontextmanager
async def telling(
    settings: Settings, log: Records, registry: CollectorRegistry, *, settling: float = 0.0
) -> AsyncIterator[Deliveries | NoDeliveries]:
    """Whoever tells the CDN of purges: nobody, unless a webhook is set.

    ``settling`` is after how many seconds a purge may be told of.
    """
    async with _deliveries(settings, log, DeliveryMetrics(registry), settling) as deliveries:
        if isinstance(deliveries, NoDeliveries):
            yield deliveries
            return
        task = asyncio.create_task(deliveries.run())
        try:
            yield deliveries
        finally:
            await end(task)


@asynccontextmanager
async def _deliveries(
    settings: Settings, log: Records, meter: DeliveryMeter, settling: float
) -> AsyncIterator[Deliveries | NoDeliveries]:
    wanted = settings.purge
    if wanted.webhook_url is None:
        yield NoDeliveries()
        return
    async with open_webhook(
        wanted.webhook_url,
        wanted.webhook_style,
        token=_plain(wanted.webhook_token),
        secret=_plain(wanted.webhook_secret),
        timeout=wanted.webhook_timeout,
    ) as hook:
        yield Deliveries(
            log.deliveries,
            hook,
            meter,
            call_timeout=wanted.webhook_timeout,
            held_back=settling,
            again=wanted.webhook_again,
        )


def _plain(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()


@asynccontextmanager
async def purging(
    log: Records,
    cache: ReadThrough,
    derivatives: Derivations,
    *,
    broadcast: Broadcast,
    announcements: Announcements,
    catalog: Catalog,
    version: str,
    near_keeps: timedelta,
) -> AsyncIterator[Purging]:
    """With the journal's reader in the background: open it before anything is in memory.

    ``version``: the prompt enhancer's; ``near_keeps``: JournalReader's. Raises RecordsUnavailable.
    """
    covers = Covers(
        images=log.images, flows=log.flows, tenants=log.tenants, catalog=catalog, version=version
    )
    service = Purging(
        journal=log.purges,
        covers=covers,
        cache=cache,
        derivatives=derivatives,
        broadcast=broadcast,
        announcements=announcements,
    )
    reader = JournalReader(
        journal=log.purges,
        purging=service,
        cache=cache,
        derivatives=derivatives,
        broadcast=broadcast,
        near_keeps=near_keeps,
    )
    await reader.start()
    task = asyncio.create_task(reader.run())
    try:
        yield service
    finally:
        await end(task)
