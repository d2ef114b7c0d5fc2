"""Tries the parts that settings alone cannot vouch for: folder, database, Redis, bucket, token."""

import os
import shutil
import stat
from pathlib import Path

from pydantic import SecretStr

from cache.errors import TierUnavailable
from cache.object_probe import probe
from cache.object_tier import s3_client
from cache.redis_clients import eviction_warning, redis_clients, unfit
from config.settings import Settings
from config.variables import name_of
from core.errors import GeneratorFailed, RecordsUnavailable, Unauthorized
from core.generators.openai_models import models_of
from core.generators.openai_wire import OPENAI_ADDRESS
from core.generators.replicate_account import account_of
from core.records.location import PostgresServer, locate
from core.records.outages import RecordsUnusable
from core.records.revision import missing_revisions
from edge.operations.data_folder import API_KEY_FILE, SIGNING_KEYS_FILE
from edge.operations.findings import Finding, fail, ok, warn

_LITTLE_ROOM = 2**30


async def data_folder(settings: Settings) -> list[Finding]:
    """Whether it can be written to, has room, and keeps its secrets to its owner."""
    folder = settings.data.folder.resolve()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return [fail("data", f"{there} cannot be written to: change its owner, or EDGE_DATA_DIR.")]
    found = [warn("data", sentence) for sentence in _exposed(folder)]
    room = shutil.disk_usage(there).free
    if room < _LITTLE_ROOM:
        found.append(warn("data", f"Only {room // 2**20} MiB are free below {there}: make room."))
    if found:
        return found
    state = "is writable" if there == folder else "will be made at the first start"
    return [ok("data", f"{folder} {state}.")]


def _exposed(folder: Path) -> list[str]:
    files = [folder / name for name in (API_KEY_FILE, SIGNING_KEYS_FILE)]
    return [
        f"{file} can be read by others: chmod 600 {file}"
        for file in files
        if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077
    ]


async def database(settings: Settings) -> list[Finding]:
    """Whether it answers, and how far its schema is."""
    try:
        location = locate(_plain(settings.database.url), settings.data.folder)
        missing = await missing_revisions(location)
    except RecordsUnusable as error:
        return [fail("database", str(error))]
    except RecordsUnavailable as error:
        return [fail("database", f"It does not answer ({_cause(error)}): check DATABASE_URL.")]
    kind = "PostgreSQL" if isinstance(location, PostgresServer) else "SQLite"
    if missing:
        return [ok("database", f"{kind}; the next start applies {', '.join(missing)}.")]
    return [ok("database", f"{kind}; the schema is up to date.")]


async def redis(settings: Settings) -> list[Finding]:
    """Whether it answers, is new enough, and does not drop leases to make room."""
    url = _plain(settings.redis.url)
    if url is None:
        return [ok("redis", "Not configured: cache and leases live inside the one process.")]
    limits = settings.redis
    try:
        async with redis_clients(
            url, connect_timeout=limits.connect_timeout, timeout=limits.timeout
        ) as clients:
            reason = await unfit(clients.commands)
            if reason is not None:
                return [fail("redis", reason)]
            warning = await eviction_warning(clients.commands)
    except TierUnavailable as error:
        return [fail("redis", f"{error}. Check REDIS_URL.")]
    return [
        ok("redis", "Answers, and is new enough.") if warning is None else warn("redis", warning)
    ]


async def store(settings: Settings) -> list[Finding]:
    """Whether the bucket can do all that is needed, conditional writes above all."""
    wanted = settings.store
    if wanted.bucket is None:
        return [ok("store", "No bucket: pictures are kept in the data folder.")]
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
    ) as client:
        problem = await probe(client, wanted.bucket, prefix=wanted.prefix)
    if problem is not None:
        return [fail("store", problem.advice)]
    return [ok("store", f"The bucket {wanted.bucket} reads, writes and lets the first writer win.")]


async def generator(settings: Settings) -> list[Finding]:
    """Whether the provider knows the credential; nothing is made and nothing is paid."""
    if settings.generator_name == "replicate":
        return [await _replicate(settings, "generator", settings.default_model)]
    if settings.generator_name == "openai":
        return [await _openai(settings, "generator", settings.default_model)]
    message = "painter: offline stand-ins. Set REPLICATE_API_TOKEN for real pictures."
    return [ok("generator", message)]


async def enhancer(settings: Settings) -> list[Finding]:
    """Whether the language model's provider knows the credential; the rules need none."""
    wanted = settings.enhancer
    if wanted.name == "replicate":
        return [await _replicate(settings, "enhancer", wanted.model or "")]
    if wanted.name == "openai":
        return [await _openai(settings, "enhancer", wanted.model or "")]
    if wanted.name == "off":
        return [ok("enhancer", "Off: prompts are sent as they came, also with autoEnhance.")]
    return [ok("enhancer", "rules: offline and free.")]


async def _replicate(settings: Settings, part: str, model: str) -> Finding:
    token = _plain(settings.replicate.token) or ""
    try:
        account = await account_of(token, base_url=settings.replicate.base_url)
    except Unauthorized:
        return fail(part, "Replicate refuses the token: correct REPLICATE_API_TOKEN.")
    except GeneratorFailed:
        return fail(part, "Replicate does not answer: check the network and REPLICATE_BASE_URL.")
    return ok(part, f"replicate, account {account}, model {model}.")


async def _openai(settings: Settings, part: str, model: str) -> Finding:
    server = settings.openai.base_url or OPENAI_ADDRESS
    try:
        names = await models_of(_plain(settings.openai.key) or "", base_url=server)
    except Unauthorized:
        return fail(part, f"{server} refuses the key: correct OPENAI_API_KEY.")
    except GeneratorFailed:
        return fail(part, f"{server} does not answer: check the network and OPENAI_BASE_URL.")
    if names is None:
        return warn(part, f"{server} answers, but keeps no list of models to check the key with.")
    if model not in names:
        variable = name_of(part, "model")
        return warn(part, f"{server} takes the key, but lists no model {model}: check {variable}.")
    return ok(part, f"openai, {server}, model {model}.")


def _plain(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _cause(error: Exception) -> str:
    # Never the text: a driver may repeat the address, and with it the password.
    return type(error.__cause__ or error).__name__
