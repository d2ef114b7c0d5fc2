"""Keys: shown once, hashed at rest, several at a time, revoked for good."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.errors import NotFound
from core.models import KEY_SCOPES, LIVE_READ, Project
from core.records.database import Database
from core.records.keys import DENIED, KeyRefused, SqlKeys, new_secret
from core.records.tables import api_keys
from core.records.tenants import SqlTenants
from tests.core.records.samples import NOON, SetClock


def sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


async def test_a_key_is_found_by_the_hash_of_its_secret(
    tenants: SqlTenants, keys: SqlKeys, project: Project
) -> None:
    key, secret = await keys.create(
        name="shop window", project=project, scopes=[LIVE_READ], allowed_models=("painter",)
    )
    assert await tenants.key(sha256(secret)) == key
    assert (key.project, key.scopes, key.allowed_models) == (project, {LIVE_READ}, ("painter",))
    assert secret.startswith(key.prefix)
    assert len(key.prefix) == len("bnt_1a2b3c")


async def test_no_column_holds_the_secret(
    database: Database, keys: SqlKeys, project: Project
) -> None:
    _, secret = await keys.create(name="site", project=project)
    async with database.reading() as connection:
        row = (await connection.execute(select(api_keys))).one()
    assert secret[10:] not in repr(row)


async def test_project_keys_live_90_days_and_master_keys_for_ever(
    keys: SqlKeys, project: Project
) -> None:
    ordinary, _ = await keys.create(name="site", project=project)
    master, _ = await keys.create(name="operator", project=None)
    assert ordinary.expires_at == NOON + timedelta(days=90)
    assert ordinary.scopes == set(KEY_SCOPES)
    assert (master.type, master.expires_at, master.scopes) == ("master", None, frozenset())


async def test_a_given_secret_is_added_once_and_never_expires(
    keys: SqlKeys, project: Project
) -> None:
    secret = new_secret()
    added = await asyncio.gather(
        *(keys.ensure(secret, name="bootstrap", project=project) for _ in range(5))
    )
    assert len({key.id for key in added}) == 1
    assert added[0].expires_at is None
    assert await keys.listed() == [added[0]]


async def test_a_forgotten_setting_does_not_revive_a_revoked_key(
    keys: SqlKeys, project: Project
) -> None:
    secret = new_secret()
    key = await keys.ensure(secret, name="bootstrap", project=project)
    await keys.revoke(key.id)
    again = await keys.ensure(secret, name="bootstrap", project=project)
    assert (again.id, again.revoked_at) == (key.id, NOON)


@pytest.mark.parametrize(
    "secret", ["", "bnt_", "bnt_" + "A" * 64, "bnt_" + "a" * 63, "bnt_" + "a" * 64 + "\n"]
)
async def test_what_is_no_key_is_refused_without_repeating_it(
    keys: SqlKeys, project: Project, secret: str
) -> None:
    with pytest.raises(KeyRefused) as refused:
        await keys.ensure(secret, name="bootstrap", project=project)
    assert "a" * 63 not in str(refused.value)
    assert await keys.listed() == []


async def test_a_key_printed_in_public_is_refused(
    database: Database, clock: SetClock, project: Project
) -> None:
    secret = new_secret()
    keys = SqlKeys(database, clock, denied=frozenset({sha256(secret)}))
    with pytest.raises(KeyRefused, match="public"):
        await keys.ensure(secret, name="bootstrap", project=project)
    assert await keys.listed() == []


def test_the_founding_documents_key_is_on_the_list() -> None:
    assert {"cbafe73d44cb1cd9babe0a26b667b989c6a759593e198cc8192b67e56c88d7d2"} == DENIED


async def test_keys_are_listed_newest_first_and_by_project(
    keys: SqlKeys, clock: SetClock, project: Project, stranger: Project
) -> None:
    first, _ = await keys.create(name="first", project=project)
    clock.now += timedelta(seconds=1)
    second, _ = await keys.create(name="second", project=project)
    third, _ = await keys.create(name="theirs", project=stranger)
    assert await keys.listed(project.id) == [second, first]
    assert await keys.listed() == [third, second, first]


async def test_a_revocation_is_dated_once(
    tenants: SqlTenants, keys: SqlKeys, clock: SetClock, project: Project
) -> None:
    key, _ = await keys.create(name="site", project=project)
    await keys.revoke(key.id)
    clock.now += timedelta(hours=1)
    assert (await keys.revoke(key.id)).revoked_at == NOON
    found = await tenants.key(key.secret_hash)
    assert found is not None
    assert found.revoked_at == NOON


async def test_an_unknown_key_is_neither_revoked_nor_rotated(keys: SqlKeys) -> None:
    for attempt in (keys.revoke("nobody"), keys.rotate("nobody")):
        with pytest.raises(NotFound) as missing:
            await attempt
        assert missing.value.code == "KEY_NOT_FOUND"


async def test_rotation_leaves_both_keys_valid(
    tenants: SqlTenants, keys: SqlKeys, clock: SetClock, project: Project
) -> None:
    old, _ = await keys.create(name="site", project=project, scopes=[LIVE_READ])
    clock.now += timedelta(days=80)
    new, secret = await keys.rotate(old.id)
    assert (new.name, new.project, new.scopes) == ("site", project, {LIVE_READ})
    assert new.expires_at == clock.now + timedelta(days=90)
    assert await tenants.key(sha256(secret)) == new
    assert await tenants.key(old.secret_hash) == old


async def test_an_overlap_ends_the_old_key_early_but_never_late(
    tenants: SqlTenants, keys: SqlKeys, project: Project
) -> None:
    old, _ = await keys.create(name="site", project=project, lifetime=timedelta(days=3))
    await keys.rotate(old.id, overlap=timedelta(days=7))
    assert await tenants.key(old.secret_hash) == old
    await keys.rotate(old.id, overlap=timedelta(days=1))
    found = await tenants.key(old.secret_hash)
    assert found is not None
    assert found.expires_at == NOON + timedelta(days=1)


async def test_a_revoked_key_has_no_successor(keys: SqlKeys, project: Project) -> None:
    old, _ = await keys.create(name="site", project=project)
    await keys.revoke(old.id)
    with pytest.raises(NotFound):
        await keys.rotate(old.id)
    assert len(await keys.listed()) == 1
