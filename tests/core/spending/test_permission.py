"""Who may have a new picture made, by whom it is paid, and what that counts in."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.errors import ContentRefused, Forbidden, SpendingNotAllowed
from core.models import LIVE_GENERATE, LIVE_READ, ApiKey, Scope
from core.spending.limits import Allowance, Budget
from core.spending.permission import Spending, account_of, scope_budgets
from core.spending.policy import AnyPrompt, DenyList
from core.spending.visitor import Noted, Visitor
from tests.core.fakes import PAID, PAINTER, PROJECT

SHOP = "https://shop.example"
SCOPE = Scope("s1", PROJECT.id, "page")
OPEN = replace(SCOPE, require_signature="false")
KEY = ApiKey(
    id="k1",
    type="project",
    name="test",
    prefix="bnt_000000",
    secret_hash="0" * 64,
    project=PROJECT,
    scopes=frozenset({LIVE_READ, LIVE_GENERATE}),
    allowed_models=None,
    created_at=datetime.now(UTC),
)
ON = Spending(enabled=True, policy=AnyPrompt())


def stranger(scope: Scope | None = SCOPE, **seen: object) -> Visitor:
    return Visitor(PROJECT, scope=scope, circumstances=Noted(**seen))  # type: ignore[arg-type]  # by name


def signed(scope: Scope = SCOPE, **seen: object) -> Visitor:
    return replace(stranger(scope, **seen), expires_at=2_000_000_000)


def holder(scope: Scope | None = None, *, rights: frozenset[str] = KEY.scopes) -> Visitor:
    return replace(stranger(scope), key=replace(KEY, scopes=rights))


def allowed(visitor: Visitor, model=PAID, spending: Spending = ON) -> bool:
    try:
        spending.ensure_allowed(visitor, model)
    except SpendingNotAllowed:
        return False
    return True


@pytest.mark.parametrize(
    ("wanted", "free", "paid"),
    [("auto", True, False), ("true", False, False), ("false", True, True)],
)
def test_a_stranger_needs_a_signature_where_the_scope_says_so(wanted, free, paid):
    scope = replace(SCOPE, require_signature=wanted)
    assert allowed(stranger(scope), PAINTER) is free
    assert allowed(stranger(scope), PAID) is paid
    for proven in (signed(scope), holder(scope)):
        assert allowed(proven, PAINTER)
        assert allowed(proven, PAID)


def test_a_stranger_without_a_scope_spends_nothing():
    assert not allowed(stranger(None), PAINTER)


@pytest.mark.parametrize("visitor", [stranger(OPEN), signed(OPEN), holder(OPEN), holder()])
def test_the_kill_switch_is_for_everybody(visitor):
    off = Spending(enabled=False, policy=AnyPrompt())
    assert allowed(visitor)
    assert not allowed(visitor, spending=off)
    assert not allowed(visitor, PAINTER, spending=off)
    with pytest.raises(SpendingNotAllowed):
        off.ensure_enabled()


@pytest.mark.parametrize("door", [stranger, signed, holder])
def test_a_closed_scope_makes_nothing_for_anybody(door):
    assert not allowed(door(replace(OPEN, allow_new_generations=False)), PAINTER)


def test_a_key_that_may_only_read_is_told_so_also_beside_a_signature():
    reader = holder(OPEN, rights=frozenset({LIVE_READ}))
    for visitor in (reader, replace(reader, expires_at=2_000_000_000)):
        with pytest.raises(Forbidden) as refused:
            ON.ensure_allowed(visitor, PAID)
        assert not isinstance(refused.value, SpendingNotAllowed)


@pytest.mark.parametrize(
    ("origin", "may"),
    [(SHOP, True), ("https://other.example", False), ("http://shop.example", False), (None, False)],
)
@pytest.mark.parametrize("model", [PAID, PAINTER])
def test_a_scope_may_spend_for_its_own_pages_only(origin, may, model):
    scope = replace(OPEN, allowed_origins=("https://blog.example", SHOP))
    assert allowed(stranger(scope, origin=origin), model) is may
    assert allowed(signed(scope, origin=origin), model)
    assert allowed(stranger(OPEN, origin=origin), model)


@pytest.mark.parametrize("model", [PAID, PAINTER])
def test_nobody_pays_for_a_crawler_that_proves_nothing(model):
    assert not allowed(stranger(OPEN, automated=True), model)
    assert allowed(signed(OPEN, automated=True), model)
    assert allowed(replace(holder(OPEN), circumstances=Noted(automated=True)), model)


def test_every_refusal_says_why():
    words = set()
    for visitor in (
        stranger(),
        stranger(replace(OPEN, allow_new_generations=False)),
        stranger(replace(OPEN, allowed_origins=(SHOP,))),
        stranger(OPEN, automated=True),
    ):
        with pytest.raises(SpendingNotAllowed) as refused:
            ON.ensure_allowed(visitor, PAID)
        words.add(refused.value.message)
    assert len(words) == 4


async def test_a_denied_prompt_is_refused():
    spending = Spending(enabled=True, policy=DenyList(["casino"]))
    await spending.ensure_welcome(PROJECT, "a lighthouse")
    with pytest.raises(ContentRefused):
        await spending.ensure_welcome(PROJECT, "a casino")


@pytest.mark.parametrize(
    ("own", "paid", "free"), [(None, 10, 600), (1, 1, 1), (0, 0, 0), (5000, 5000, 5000)]
)
def test_an_address_has_its_allowance_through_each_scope(own, paid, free):
    scope = replace(OPEN, per_address_limit=own)
    visitor = stranger(scope, address="192.0.2.7")
    name = "address:s1:192.0.2.7"
    assert account_of(visitor, PAID).allowance == Allowance(name, paid)
    assert account_of(visitor, PAINTER).allowance == Allowance(name, free)


@pytest.mark.parametrize("visitor", [signed(OPEN), holder(OPEN), holder()])
def test_who_proves_something_is_not_counted_by_address(visitor):
    assert account_of(visitor, PAID).allowance is None


def test_everybody_at_a_scope_pays_as_one_of_its_payers():
    payers = {
        account_of(visitor, PAID).payer
        for visitor in (
            signed(OPEN),
            holder(OPEN),
            stranger(OPEN, address="192.0.2.7"),
            stranger(OPEN, address="192.0.2.8"),
        )
    }
    assert len(payers) == 4
    assert all(payer == "scope:s1" or payer.startswith("scope:s1/") for payer in payers)
    assert account_of(holder(), PAID).payer == "key:k1"


def test_whose_money_it_is_is_written_down():
    by_key, by_signature = account_of(holder(OPEN), PAID), account_of(signed(OPEN), PAID)
    assert (by_key.key_id, by_key.scope_id) == ("k1", "s1")
    assert (by_signature.key_id, by_signature.scope_id) == (None, "s1")
    assert account_of(holder(), PAID).scope_id is None


def test_every_new_picture_through_a_scope_counts_in_its_budgets():
    pictures = Budget("scope:s1:pictures", "total", 30, "pictures", payer="scope:s1")
    for visitor in (stranger(OPEN), signed(OPEN), holder(OPEN)):
        assert account_of(visitor, PAID).budgets == (pictures,)
    assert account_of(holder(), PAID).budgets == ()
    dear = replace(OPEN, new_generations_limit=0, budget_micros=5_000_000, budget_window="hour")
    assert scope_budgets(dear) == (
        replace(pictures, limit=0),
        Budget("scope:s1", "hour", 5_000_000, payer="scope:s1"),
    )
