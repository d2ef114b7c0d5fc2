"""Credentials: who comes in, and how often the records are asked."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from core.credentials import Credentials, Recollection
from core.errors import Unauthorized, Unavailable
from core.models import ApiKey, Project, Scope
from core.records.keys import DENIED
from tests.core.fakes import PROJECT

SECRET = "bnt_" + "ab" * 32
PUBLISHED = "cbafe73d44cb1cd9babe0a26b667b989c6a759593e198cc8192b67e56c88d7d2"
NOW = datetime.now(UTC)


def api_key(**changes: object) -> ApiKey:
    values: dict[str, object] = {
        "id": "k1",
        "type": "project",
        "name": "test",
        "prefix": SECRET[:10],
        "secret_hash": hashlib.sha256(SECRET.encode()).hexdigest(),
        "project": PROJECT,
        "scopes": frozenset({"live:read"}),
        "allowed_models": None,
        "created_at": NOW,
        **changes,
    }
    return ApiKey(**values)  # type: ignore[arg-type]  # the values come by name


class CountedTenants:
    """One key; counts how often it is looked up, and fails on request."""

    def __init__(self, key: ApiKey | None) -> None:
        self.stored = key
        self.asked: list[str] = []
        self.touched: list[str] = []
        self.down = False

    async def key(self, secret_hash: str) -> ApiKey | None:
        self.asked.append(secret_hash)
        if self.down:
            raise Unavailable
        known = self.stored is not None and self.stored.secret_hash == secret_hash
        return self.stored if known else None

    async def project(self, organization: str, slug: str) -> Project | None:
        return PROJECT if (organization, slug) == ("main", "site") else None

    async def scope(self, project_id: str, slug: str) -> Scope | None:
        return None

    async def touch_key(self, key_id: str, when: datetime) -> None:
        self.touched.append(key_id)


async def test_a_key_is_looked_up_once_and_its_use_noted_once() -> None:
    tenants = CountedTenants(api_key())
    credentials = Credentials(tenants)
    for _ in range(5):
        assert (await credentials.key(SECRET)).id == "k1"
    await credentials.settle()
    assert len(tenants.asked) == 1
    assert tenants.touched == ["k1"]


@pytest.mark.parametrize(
    "changes",
    [{"revoked_at": NOW}, {"expires_at": NOW - timedelta(seconds=1)}],
    ids=["revoked", "expired"],
)
async def test_a_dead_key_is_refused_like_an_unknown_one(changes: dict[str, object]) -> None:
    for key in (api_key(**changes), None):
        with pytest.raises(Unauthorized) as caught:
            await Credentials(CountedTenants(key)).key(SECRET)
        assert caught.value.message == Unauthorized.message


@pytest.mark.parametrize("secret", ["", "bnt_", "bnt_" + "g" * 64, SECRET + "0", SECRET.upper()])
async def test_a_malformed_key_never_reaches_the_records(secret: str) -> None:
    tenants = CountedTenants(api_key())
    with pytest.raises(Unauthorized):
        await Credentials(tenants).key(secret)
    assert tenants.asked == []


async def test_the_published_key_is_refused_even_if_somebody_stored_it() -> None:
    """The key itself must stand nowhere; that a secret has its digest is enough."""
    assert {PUBLISHED} == DENIED
    tenants = CountedTenants(api_key(secret_hash=PUBLISHED))
    with pytest.raises(Unauthorized):
        await Credentials(tenants, digest=lambda _: PUBLISHED).key(SECRET)
    assert tenants.asked == []


async def test_while_the_records_are_down_the_last_answer_holds() -> None:
    tenants = CountedTenants(api_key())
    credentials = Credentials(tenants, seconds=0)
    await credentials.key(SECRET)
    tenants.down = True
    assert (await credentials.key(SECRET)).id == "k1"
    with pytest.raises(Unavailable):
        await credentials.key("bnt_" + "cd" * 32)
    await credentials.settle()


async def test_absence_is_never_remembered() -> None:
    tenants = CountedTenants(None)
    credentials = Credentials(tenants)
    with pytest.raises(Unauthorized):
        await credentials.key(SECRET)
    tenants.stored = api_key()
    assert (await credentials.key(SECRET)).id == "k1"
    await credentials.settle()


async def test_what_is_remembered_is_bounded() -> None:
    asked: list[int] = []
    memory: Recollection[int] = Recollection(60, bound=2)

    async def ask(number: int) -> int:
        asked.append(number)
        return number

    for number in (1, 2, 3, 1):
        assert await memory.get(number, lambda number=number: ask(number)) == number
    assert asked == [1, 2, 3, 1]
