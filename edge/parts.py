"""Opens each configured part: records, store, spool, coordination; what a key may start."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from pydantic import SecretStr

from cache.breaker import Breaker
from cache.broadcast import Broadcast, LocalBroadcast
from cache.directory_tier import directory_tier
from cache.failures import LocalFailures
from cache.guarded import (
    GuardedFailures,
    GuardedLeases,
    GuardedRates,
    GuardedStore,
    GuardedTier,
)
from cache.leases import LocalLeases
from cache.null_tier import NullTier
from cache.object_tier import ObjectTier, s3_client
from cache.observer import Observer
from cache.rates import LocalRates, RateLimit, Rates
from cache.redis_broadcast import redis_broadcast
from cache.redis_clients import redis_clients
from cache.redis_failures import RedisFailures
from cache.redis_leases import redis_leases
from cache.redis_rates import RedisRates
from cache.redis_tier import RedisTier
from cache.spool import NullSpool, Spool
from cache.spooling import directory_spool
from cache.tier import Failures, Leases, ListedStore, Store, Tier
from config.settings import Settings
from core.ports import Admission
from core.records.records import Records, open_records
from core.spending.admission import KeyAdmission, Unlimited
from edge.keeping import booked, still_wanted
from edge.telemetry.health import Check

_PICTURES = "pictures"
_SPOOL = "spool"
# Seconds after which every process has read the journal of purges, heard or not.
_SETTLING = 3.0


@dataclass(frozen=True, slots=True)
class Coordination:
    """What keeps several processes from doing the same: in Redis, or within one process."""

    near: Tier
    leases: Leases
    failures: Failures
    rates: Rates
    purges: Broadcast
    checks: Mapping[str, Check]


def records(settings: Settings) -> AbstractAsyncContextManager[Records]:
    """The records. Raises as core.records.records.open_records."""
    return open_records(
        _plain(settings.database.url),
        settings.data.folder,
        claim_patience=timedelta(seconds=2 * settings.generator.deadline),
        announces=settings.purge.webhook_url is not None,
    )


@asynccontextmanager
async def store(settings: Settings) -> AsyncIterator[Store]:
    """The store as it serves requests: a bucket that fails is left alone for a while."""
    async with bare_store(settings) as pictures:
        on_disk = settings.store.bucket is None
        yield pictures if on_disk else GuardedStore(pictures, Breaker("store"))


@asynccontextmanager
async def bare_store(settings: Settings) -> AsyncIterator[ListedStore]:
    """The bucket, or a directory of the data folder."""
    wanted = settings.store
    if wanted.bucket is None:
        async with directory_tier(settings.data.folder / _PICTURES) as directory:
            yield directory
        return
    async with s3_client(
        endpoint_url=wanted.endpoint_url,
        region=wanted.region,
        access_key_id=_plain(wanted.access_key_id),
        secret_access_key=_plain(wanted.secret_access_key),
        session_token=_plain(wanted.session_token),
        path_style=wanted.path_style,
        checksums_when_required=wanted.checksums_when_required,
        connect_timeout=wanted.connect_timeout,
        read_timeout=wanted.read_timeout,
        retries=wanted.retries,
        connections=wanted.connections,
    ) as client:
        yield ObjectTier(client, wanted.bucket, prefix=wanted.prefix)


@asynccontextmanager
async def spool(
    settings: Settings, log: Records, pictures: Store, near: Tier, observer: Observer
) -> AsyncIterator[Spool]:
    """Keeps what a bucket refuses; a directory that refuses would refuse this as well."""
    if settings.store.bucket is None:
        yield NullSpool()
        return
    folder = settings.data.folder / _SPOOL
    told, wanted = booked(log.shelf), still_wanted(log.leftovers)
    async with directory_spool(
        folder, pictures, near, observer, on_stored=told, wanted=wanted
    ) as waiting:
        yield waiting


@asynccontextmanager
async def coordination(settings: Settings, *, alone: bool = True) -> AsyncIterator[Coordination]:
    """Redis, when it is configured; else what one process can do by itself, unless a server may
    run beside it, which is not ``alone``."""
    wanted = settings.redis
    url = _plain(wanted.url)
    if url is None:
        purges = LocalBroadcast(0.0 if alone else _SETTLING)
        yield Coordination(NullTier(), LocalLeases(), LocalFailures(), LocalRates(), purges, {})
        return
    async with (
        redis_clients(
            url,
            connections=wanted.connections,
            connect_timeout=wanted.connect_timeout,
            timeout=wanted.timeout,
        ) as clients,
        redis_leases(clients, prefix=wanted.prefix, ttl=settings.cache.lease_ttl) as leases,
        redis_broadcast(clients, name="purged", settling=_SETTLING, prefix=wanted.prefix) as heard,
    ):
        breaker = Breaker("redis")
        local = LocalFailures()
        failures = RedisFailures(clients.commands, local, prefix=wanted.prefix)
        near = RedisTier(
            clients.commands, prefix=wanted.prefix, keep=wanted.keep, largest=wanted.largest
        )
        yield Coordination(
            near=GuardedTier(near, breaker),
            leases=GuardedLeases(leases, breaker),
            failures=GuardedFailures(failures, local, breaker),
            rates=GuardedRates(RedisRates(clients.commands, prefix=wanted.prefix), breaker),
            purges=heard,
            checks={"redis": clients.commands.ping},
        )


def admission_of(settings: Settings, rates: Rates) -> Admission:
    """What each key may start, or no limit at all."""
    limit = settings.rate_limit.per_key
    if limit is None:
        return Unlimited()
    return KeyAdmission(rates, RateLimit(limit.count, limit.seconds))


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
