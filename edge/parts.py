"""Opens each configured part: records, store, spool, coordination, generator."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from cache.breaker import Breaker
from cache.directory_tier import directory_tier
from cache.failures import LocalFailures
from cache.guarded import GuardedFailures, GuardedLeases, GuardedStore, GuardedTier
from cache.leases import LocalLeases
from cache.null_tier import NullTier
from cache.object_tier import ObjectTier, s3_client
from cache.observer import Observer
from cache.redis_clients import redis_clients
from cache.redis_failures import RedisFailures
from cache.redis_leases import redis_leases
from cache.redis_tier import RedisTier
from cache.spool import NullSpool, Spool
from cache.spooling import directory_spool
from cache.tier import Failures, Leases, Store, Tier
from config.models import ModelRow
from config.settings import Settings
from core.generators.painter import Painter
from core.generators.replicate_generator import Pace, open_replicate
from core.models import Model
from core.ports import Generator
from core.records.records import Records, open_records
from edge.health import Check

_PICTURES = "pictures"
_SPOOL = "spool"


@dataclass(frozen=True, slots=True)
class Coordination:
    """What keeps several processes from doing the same: in Redis, or within one process."""

    near: Tier
    leases: Leases
    failures: Failures
    checks: Mapping[str, Check]


def records(settings: Settings) -> AbstractAsyncContextManager[Records]:
    """The records. Raises as core.records.records.open_records."""
    return open_records(_plain(settings.database.url), settings.data.folder)


@asynccontextmanager
async def store(settings: Settings) -> AsyncIterator[Store]:
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
        yield GuardedStore(
            ObjectTier(client, wanted.bucket, prefix=wanted.prefix), Breaker("store")
        )


@asynccontextmanager
async def spool(
    settings: Settings, pictures: Store, near: Tier, observer: Observer
) -> AsyncIterator[Spool]:
    """Keeps what a bucket refuses; a directory that refuses would refuse this as well."""
    if settings.store.bucket is None:
        yield NullSpool()
        return
    folder = settings.data.folder / _SPOOL
    async with directory_spool(folder, pictures, near, observer) as waiting:
        yield waiting


@asynccontextmanager
async def coordination(settings: Settings) -> AsyncIterator[Coordination]:
    """Redis, when it is configured; else what one process can do by itself."""
    wanted = settings.redis
    url = _plain(wanted.url)
    if url is None:
        yield Coordination(NullTier(), LocalLeases(), LocalFailures(), {})
        return
    async with (
        redis_clients(
            url,
            connections=wanted.connections,
            connect_timeout=wanted.connect_timeout,
            timeout=wanted.timeout,
        ) as clients,
        redis_leases(clients, prefix=wanted.prefix, ttl=settings.cache.lease_ttl) as leases,
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
            checks={"redis": clients.commands.ping},
        )


@asynccontextmanager
async def generator(settings: Settings) -> AsyncIterator[Generator]:
    """The generator in effect."""
    token = _plain(settings.replicate.token)
    if settings.generator_name != "replicate" or token is None:
        yield Painter()
        return
    wanted = settings.generator
    async with open_replicate(
        token,
        base_url=settings.replicate.base_url or "",
        cancel_after=wanted.deadline,
        max_bytes=wanted.download_max_bytes,
        pace=Pace(call=wanted.call_timeout, connect=wanted.connect_timeout),
    ) as replicate:
        yield replicate


def models(settings: Settings) -> tuple[dict[str, Model], Model]:
    """The model table's rows, and the painter's."""
    rows = {name: _model(row) for name, row in settings.models.items()}
    return rows, _model(settings.painter)


def _model(row: ModelRow) -> Model:
    return Model(
        name=row.name,
        version=row.version,
        generator=row.generator,
        price_micros=row.price,
        sizes=row.sizes,
        parameters={**row.input, "fixed": dict(row.fixed)},
    )


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
