"""What has to exist before the first request: folder, records, main/site/page, keys."""

from dataclasses import dataclass
from pathlib import Path

from config.credentials import SigningKey
from config.settings import Settings
from core.models import Project
from core.records.keys import SqlKeys, new_secret
from core.records.records import open_records
from core.records.tenants import SqlTenants
from edge.operations.data_folder import (
    API_KEY_FILE,
    ensure_signing_keys,
    keep_first,
    make_data_folder,
)

ORGANIZATION = "main"
PROJECT = "site"
SCOPE = "page"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the newcomer should be told.

    ``first_key`` is the key made just now, to be shown once; None at every later start.
    ``key_file`` holds it; None where the operator brought keys of their own.
    """

    first_key: str | None
    key_file: Path | None
    signing_keys: tuple[SigningKey, ...]


async def first_start(settings: Settings) -> Prepared:
    """Make everything that is missing; safe to repeat, and among processes that start together.

    Raises OSError, ValueError (a damaged key file), and what ``open_records`` raises.
    """
    make_data_folder(settings.data.folder)
    address = settings.database.url
    url = None if address is None else address.get_secret_value()
    async with open_records(url, settings.data.folder) as records:
        return await prepare(settings, records.tenants, records.keys)


async def prepare(settings: Settings, tenants: SqlTenants, keys: SqlKeys) -> Prepared:
    """The same for records that are open. The data folder exists."""
    signing_keys = ensure_signing_keys(settings)
    project = await tenants.ensure(ORGANIZATION, PROJECT, SCOPE, public=True)
    await _add_bootstrap_keys(settings, keys, project)
    file = settings.data.folder / API_KEY_FILE
    first_key = await _make_first_key(file, keys, project)
    return Prepared(first_key, file if file.exists() else None, signing_keys)


async def _add_bootstrap_keys(settings: Settings, keyring: SqlKeys, project: Project) -> None:
    wanted = settings.bootstrap
    if wanted.api_key is not None:
        secret = wanted.api_key.get_secret_value()
        await keyring.ensure(secret, name="bootstrap", project=project)
    if wanted.master_key is not None:
        secret = wanted.master_key.get_secret_value()
        await keyring.ensure(secret, name="bootstrap", project=None)


async def _make_first_key(file: Path, keyring: SqlKeys, project: Project) -> str | None:
    """The key made now; None when the installation has, or had, a key for a project.

    It never expires: whoever only tried things out must not find a dead installation after 90
    days. Operators replace it with ``keys rotate`` or ``keys revoke``; a revoked one stays dead.
    """
    if any(key.type == "project" for key in await keyring.listed()):
        return None
    # The file comes first: whoever writes it decides, so processes that start together agree on
    # one key, and after a crash in between the next start goes on with the same.
    secret = keep_first(file, new_secret())
    await keyring.ensure(secret, name="first", project=project)
    return secret
