"""The first start makes what is missing, once, and tells of it once."""

import asyncio
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.loading import load
from core.models import KEY_SCOPES
from core.records.keys import KeyRefused, new_secret
from core.records.records import open_records
from edge.operations.data_folder import ensure_signing_keys, keep_first, make_data_folder
from edge.operations.first_start import first_start


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "data"


def settings_for(folder, **environment):
    return load({"EDGE_DATA_DIR": str(folder), **environment})


async def keys_in(folder):
    async with open_records(None, folder) as records:
        return await records.keys.listed()


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_newcomer_gets_one_key_that_works_for_ever(folder):
    prepared = await first_start(settings_for(folder))
    (key,) = await keys_in(folder)
    assert key.type == "project"
    assert key.project.path == "main/site"
    assert key.project.public
    assert key.scopes == frozenset(KEY_SCOPES)
    assert key.expires_at is None
    assert prepared.first_key.startswith(key.prefix)
    assert prepared.key_file.read_text().strip() == prepared.first_key


async def test_the_public_page_exists(folder):
    await first_start(settings_for(folder))
    async with open_records(None, folder) as records:
        project = await records.tenants.project("main", "site")
        scope = await records.tenants.scope(project.id, "page")
    assert scope.allow_new_generations
    assert scope.require_signature == "auto"


async def test_only_the_owner_can_read_the_folder_and_its_secrets(folder):
    await first_start(settings_for(folder))
    assert mode(folder) == 0o700
    assert mode(folder / "api-key") == 0o600
    assert mode(folder / "signing-keys") == 0o600


async def test_a_second_start_changes_and_shows_nothing(folder):
    first = await first_start(settings_for(folder))
    second = await first_start(settings_for(folder))
    assert second.first_key is None
    assert second.key_file == first.key_file
    assert second.signing_keys == first.signing_keys
    assert len(await keys_in(folder)) == 1
    assert {path.name for path in folder.iterdir() if path.name.startswith(".")} == set()


async def test_starts_at_the_same_time_agree_on_everything(folder):
    settings = settings_for(folder)
    prepared = await asyncio.gather(*(first_start(settings) for _ in range(5)))
    assert len({each.signing_keys for each in prepared}) == 1
    assert len({each.first_key for each in prepared if each.first_key}) == 1
    assert len(await keys_in(folder)) == 1


async def test_a_revoked_first_key_is_not_brought_back(folder):
    await first_start(settings_for(folder))
    async with open_records(None, folder) as records:
        (key,) = await records.keys.listed()
        await records.keys.revoke(key.id)
    assert (await first_start(settings_for(folder))).first_key is None
    (key,) = await keys_in(folder)
    assert key.revoked_at is not None


async def test_a_crash_before_the_record_goes_on_with_the_same_key(folder):
    make_data_folder(folder)
    left = new_secret()
    keep_first(folder / "api-key", left)
    assert (await first_start(settings_for(folder))).first_key == left


async def test_the_operators_own_keys_are_added_once_and_never_expire(folder):
    own, master = new_secret(), new_secret()
    settings = settings_for(folder, EDGE_BOOTSTRAP_API_KEY=own, EDGE_BOOTSTRAP_MASTER_KEY=master)
    prepared = await first_start(settings)
    await first_start(settings)
    keys = {key.type: key for key in await keys_in(folder)}
    assert len(await keys_in(folder)) == 2
    assert prepared.first_key is None
    assert prepared.key_file is None
    assert keys["project"].prefix == own[:10]
    assert keys["project"].expires_at is None
    assert keys["master"].prefix == master[:10]
    assert keys["master"].project is None
    assert keys["master"].expires_at is None


async def test_a_changed_value_adds_a_key(folder):
    await first_start(settings_for(folder, EDGE_BOOTSTRAP_API_KEY=new_secret()))
    await first_start(settings_for(folder, EDGE_BOOTSTRAP_API_KEY=new_secret()))
    keys = await keys_in(folder)
    assert len(keys) == 2
    assert all(key.revoked_at is None for key in keys)


async def test_a_master_key_alone_leaves_the_newcomer_a_project_key(folder):
    settings = settings_for(folder, EDGE_BOOTSTRAP_MASTER_KEY=new_secret())
    assert (await first_start(settings)).first_key is not None


async def test_given_signing_keys_leave_no_file(folder):
    settings = settings_for(folder, EDGE_SIGNING_KEYS=f"a:{'ab' * 16},b:{'cd' * 16}")
    prepared = await first_start(settings)
    assert [key.kid for key in prepared.signing_keys] == ["a", "b"]
    assert not (folder / "signing-keys").exists()


async def test_a_damaged_key_file_is_told_and_left_alone(folder):
    make_data_folder(folder)
    (folder / "api-key").write_text("scribble\n")
    with pytest.raises(KeyRefused):
        await first_start(settings_for(folder))
    (folder / "signing-keys").write_text("scribble\n")
    with pytest.raises(ValueError, match="signing-keys is damaged"):
        await first_start(settings_for(folder))
    (folder / "signing-keys").write_text("")
    with pytest.raises(ValueError, match="signing-keys is empty"):
        await first_start(settings_for(folder))


def test_many_writers_leave_one_text_that_all_of_them_see(tmp_path):
    path, together = tmp_path / "secret", threading.Barrier(8)

    def write(number):
        together.wait()
        return keep_first(path, f"text {number}")

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(write, range(8)))
    assert seen == {path.read_text().strip()}
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_exists_keeps_its_mode(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o770)
    folder.chmod(0o770)
    make_data_folder(folder)
    assert mode(folder) == 0o770


def test_fresh_signing_keys_differ_between_installations(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        make_data_folder(folder)
    assert ensure_signing_keys(settings_for(one)) != ensure_signing_keys(settings_for(other))
