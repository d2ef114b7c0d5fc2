"""/api/v1/live/scopes: the doors of public pages, as their owners see them."""

from decimal import Decimal
from typing import Any

import pytest

from core.models import LIVE_GENERATE, LIVE_READ
from tests.edge.api.library_app import LibraryApp, Party

PATH = "/live/scopes"
DEFAULTS = {
    "allowNewGenerations": True,
    "requireSignature": "auto",
    "newGenerationsLimit": 30,
    "currentGenerations": 0,
    "budgetAmount": None,
    "budgetWindow": None,
    "allowedOrigins": [],
    "allowedModels": None,
    "perAddressLimit": 10,
    "meta": {},
    "lastGeneratedAt": None,
}
EVERYTHING = {
    "allowNewGenerations": False,
    "requireSignature": True,
    "newGenerationsLimit": 0,
    "budgetAmount": "1.00",
    "budgetWindow": "day",
    "allowedOrigins": ["https://shop.example.com"],
    "allowedModels": ["owner/fast"],
    "perAddressLimit": 5,
    "meta": {"note": "é"},
}


async def made(party: Party, slug: str = "shop", **fields: Any) -> Any:
    return await party.data("POST", PATH, 201, json={"slug": slug, **fields})


async def refused(party: Party, method: str, path: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The codes by the names of the fields."""
    error = await party.error(method, path, 400, json=fields)
    assert error["code"] == "VALIDATION_ERROR"
    return {field["name"]: field["code"] for field in error["fields"]}


async def test_a_scope_begins_with_the_documented_defaults(app: LibraryApp) -> None:
    scope = await made(app.ann)
    assert scope.pop("createdAt") == scope.pop("updatedAt")
    assert len(scope.pop("id")) == 36
    assert scope == {"slug": "shop", **DEFAULTS}


async def test_a_scope_is_found_as_it_was_made(app: LibraryApp) -> None:
    scope = await made(app.ann, **EVERYTHING)
    assert EVERYTHING.items() <= scope.items()
    assert await app.ann.data("GET", f"{PATH}/shop") == scope
    listed = await app.ann.data("GET", PATH)
    assert listed[0] == scope
    assert [each["slug"] for each in listed] == ["shop", "page"]


async def test_the_founded_scope_has_room_for_a_page_of_free_pictures(app: LibraryApp) -> None:
    page = await app.ann.data("GET", f"{PATH}/page")
    shown = {name: page[name] for name in DEFAULTS}
    assert shown == DEFAULTS | {"newGenerationsLimit": 1_000_000}


@pytest.mark.parametrize(
    ("given", "shown"),
    [("1.00", "1.00"), (2.5, "2.50"), (3, "3.00"), ("0.003", "0.003"), (0, "0.00")],
)
async def test_money_may_be_text_or_a_number(app: LibraryApp, given: Any, shown: str) -> None:
    scope = await made(app.ann, budgetAmount=given, budgetWindow="hour")
    assert scope["budgetAmount"] == shown
    assert Decimal(shown) == Decimal(str(given))


@pytest.mark.parametrize("signature", ["auto", True, False])
async def test_a_signature_is_shown_as_it_was_given(app: LibraryApp, signature: Any) -> None:
    scope = await made(app.ann, requireSignature=signature)
    assert scope["requireSignature"] is signature or scope["requireSignature"] == "auto"


async def test_origins_are_kept_in_one_form(app: LibraryApp) -> None:
    given = ["HTTPS://Shop.Example.COM:443/", "https://shop.example.com", "http://localhost:3000"]
    scope = await made(app.ann, allowedOrigins=given)
    assert scope["allowedOrigins"] == ["https://shop.example.com", "http://localhost:3000"]


async def test_what_is_not_named_stays(app: LibraryApp) -> None:
    before = await made(app.ann, **EVERYTHING)
    for name, value in (("newGenerationsLimit", 7), ("budgetAmount", "2.00"), ("meta", {})):
        after = await app.ann.data("PUT", f"{PATH}/shop", json={name: value})
        before |= {name: value, "updatedAt": after["updatedAt"]}
        assert after == before
    assert await app.ann.data("PUT", f"{PATH}/shop") | {"updatedAt": 0} == before | {"updatedAt": 0}


async def test_null_takes_away_what_can_be_absent(app: LibraryApp) -> None:
    await made(app.ann, **EVERYTHING)
    changes = {"allowedModels": None, "perAddressLimit": None, "meta": None, "budgetAmount": None}
    after = await app.ann.data("PUT", f"{PATH}/shop", json=changes)
    absent = ("allowedModels", "perAddressLimit", "meta", "budgetAmount", "budgetWindow")
    assert {name: after[name] for name in absent} == {name: DEFAULTS[name] for name in absent}


async def test_half_a_budget_is_refused_and_the_other_half_named(app: LibraryApp) -> None:
    missing = {"budgetWindow": "FIELD_MISSING"}, {"budgetAmount": "FIELD_MISSING"}
    ann = app.ann
    for given, other in (
        (("budgetAmount", "1.00"), missing[0]),
        (("budgetWindow", "day"), missing[1]),
    ):
        fields = {"slug": "shop", given[0]: given[1]}
        assert await refused(ann, "POST", PATH, fields) == other
    await made(ann)
    path = f"{PATH}/shop"
    assert await refused(ann, "PUT", path, {"budgetAmount": "1.00"}) == missing[0]
    assert await refused(ann, "PUT", path, {"budgetWindow": "day"}) == missing[1]
    contradiction = {"budgetAmount": None, "budgetWindow": "day"}
    assert await refused(ann, "PUT", path, contradiction) == missing[1]
    await ann.data("PUT", path, json={"budgetAmount": "1.00", "budgetWindow": "day"})
    assert (await ann.data("PUT", path, json={"budgetWindow": "hour"}))["budgetAmount"] == "1.00"


BAD = [
    ({"slug": "Shop!"}, "slug", "SLUG_INVALID"),
    ({"slug": ""}, "slug", "SLUG_INVALID"),
    ({"slug": "a" * 65}, "slug", "SLUG_INVALID"),
    ({"slug": 7}, "slug", "SLUG_INVALID"),
    ({"allowNewGenerations": "true"}, "allowNewGenerations", "TYPE_INVALID"),
    ({"requireSignature": "true"}, "requireSignature", "VALUE_INVALID"),
    ({"requireSignature": 1}, "requireSignature", "VALUE_INVALID"),
    ({"requireSignature": None}, "requireSignature", "VALUE_INVALID"),
    ({"newGenerationsLimit": -1}, "newGenerationsLimit", "VALUE_INVALID"),
    ({"newGenerationsLimit": 1_000_000_001}, "newGenerationsLimit", "VALUE_INVALID"),
    ({"newGenerationsLimit": 1.5}, "newGenerationsLimit", "TYPE_INVALID"),
    ({"budgetAmount": "-1", "budgetWindow": "day"}, "budgetAmount", "AMOUNT_INVALID"),
    ({"budgetAmount": True, "budgetWindow": "day"}, "budgetAmount", "AMOUNT_INVALID"),
    ({"budgetAmount": "0.0000001", "budgetWindow": "day"}, "budgetAmount", "AMOUNT_INVALID"),
    ({"budgetAmount": "1.00", "budgetWindow": "week"}, "budgetWindow", "VALUE_INVALID"),
    ({"allowedOrigins": ["shop.example.com"]}, "allowedOrigins", "ORIGIN_INVALID"),
    ({"allowedOrigins": "https://a.example"}, "allowedOrigins", "TYPE_INVALID"),
    ({"allowedModels": ["owner/fats"]}, "allowedModels", "UNKNOWN_MODEL"),
    ({"perAddressLimit": -1}, "perAddressLimit", "VALUE_INVALID"),
    ({"meta": {"a": "x" * 17_000}}, "meta", "META_TOO_LARGE"),
    ({"currentGenerations": 3}, "currentGenerations", "UNKNOWN_FIELD"),
    ({"lastGeneratedAt": None}, "lastGeneratedAt", "UNKNOWN_FIELD"),
    ({"allowedModel": None}, "allowedModel", "UNKNOWN_FIELD"),
]


@pytest.mark.parametrize(("fields", "name", "code"), BAD)
async def test_a_bad_field_opens_nothing(
    app: LibraryApp, fields: dict[str, Any], name: str, code: str
) -> None:
    assert await refused(app.ann, "POST", PATH, {"slug": "shop"} | fields) == {name: code}
    assert len(await app.ann.data("GET", PATH)) == 1
    assert await refused(app.ann, "PUT", f"{PATH}/page", fields) == {name: code}


async def test_all_bad_fields_are_told_at_once(app: LibraryApp) -> None:
    fields: dict[str, Any] = {}
    for one, *_ in BAD:
        fields |= one
    fields |= {"budgetAmount": "1,00"}
    told = await refused(app.ann, "POST", PATH, fields)
    assert set(told) == {name for _, name, _ in BAD}
    assert await refused(app.ann, "POST", PATH, {"newGenerationsLimit": "x"}) == {
        "slug": "FIELD_MISSING",
        "newGenerationsLimit": "TYPE_INVALID",
    }


async def test_mistakes_are_told_with_their_mending(app: LibraryApp) -> None:
    fields = {"slug": "Shop", "allowedModels": ["owner/fats"], "currentGenerations": 1}
    error = await app.ann.error("POST", PATH, 400, json=fields)
    told = {field["name"]: field for field in error["fields"]}
    assert "a-z" in told["slug"]["message"]
    assert told["allowedModels"]["suggestion"] == "owner/fast"
    assert "read-only" in told["currentGenerations"]["message"]
    assert "suggestion" not in told["currentGenerations"]


async def test_a_slug_is_taken_once(app: LibraryApp) -> None:
    await made(app.ann)
    error = await app.ann.error("POST", PATH, 409, json={"slug": "shop"})
    assert error["code"] == "SCOPE_ALREADY_EXISTS"
    error = await app.ann.error("PUT", f"{PATH}/shop", 409, json={"slug": "page"})
    assert error["code"] == "SCOPE_ALREADY_EXISTS"
    renamed = await app.ann.data("PUT", f"{PATH}/shop", json={"slug": "store"})
    assert renamed["slug"] == "store"
    await app.ann.error("GET", f"{PATH}/shop", 404)


async def test_a_closed_scope_is_gone(app: LibraryApp) -> None:
    scope = await made(app.ann)
    assert await app.ann.data("DELETE", f"{PATH}/shop") == {"id": scope["id"]}
    for method, path in (
        ("GET", "/shop"),
        ("PUT", "/shop"),
        ("DELETE", "/shop"),
        ("POST", "/shop/regenerate"),
        ("GET", "/Shop"),
        ("GET", "/a%20b"),
    ):
        error = await app.ann.error(method, PATH + path, 404)
        assert error["code"] == "SCOPE_NOT_FOUND"
    again = await made(app.ann)
    assert again["id"] != scope["id"]


async def test_another_projects_scope_is_nobodys(app: LibraryApp) -> None:
    await made(app.ann)
    assert (await app.bob.error("GET", f"{PATH}/shop", 404))["code"] == "SCOPE_NOT_FOUND"
    await app.bob.error("DELETE", f"{PATH}/shop", 404)
    await app.ann.data("GET", f"{PATH}/shop")


async def test_who_may_read_may_not_change(app: LibraryApp) -> None:
    await made(app.ann)
    reader = await app.party(scopes=(LIVE_READ,))
    maker = await app.party(scopes=(LIVE_GENERATE,))
    librarian = await app.party(scopes=("images", "flows", "generations"))
    for party in (reader, maker):
        await party.data("GET", PATH)
        await party.data("GET", f"{PATH}/shop")
    for party, method, path in (
        (reader, "POST", ""),
        (reader, "PUT", "/shop"),
        (reader, "DELETE", "/shop"),
        (reader, "POST", "/shop/regenerate"),
        (librarian, "GET", ""),
        (librarian, "GET", "/shop"),
        (app.root, "GET", ""),
        (app.root, "POST", ""),
    ):
        assert (await party.error(method, PATH + path, 403))["code"] == "FORBIDDEN"
    await maker.data("DELETE", f"{PATH}/shop")


async def test_a_repeated_request_opens_one_scope(app: LibraryApp) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await app.ann.ask("POST", PATH, json={"slug": "shop"}, headers=headers)
    again = await app.ann.ask("POST", PATH, json={"slug": "shop"}, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = await app.ann.ask("POST", PATH, json={"slug": "else"}, headers=headers)
    assert other.status_code == 422


async def test_the_list_is_windowed(app: LibraryApp) -> None:
    for number in range(3):
        await made(app.ann, f"s{number}")
    first = (await app.ann.get(f"{PATH}?limit=2")).json()
    assert [each["slug"] for each in first["data"]] == ["s2", "s1"]
    assert (first["pagination"]["total"], first["pagination"]["hasMore"]) == (4, True)
    cursor = first["pagination"]["nextCursor"]
    rest = (await app.ann.get(f"{PATH}?limit=2&cursor={cursor}")).json()
    assert [each["slug"] for each in rest["data"]] == ["s0", "page"]
    assert rest["pagination"]["hasMore"] is False
    assert [each["slug"] for each in await app.ann.data("GET", f"{PATH}?offset=3")] == ["page"]
    for bad in ("limit=0", "limit=101", "offset=10001", "cursor=x!", "slug=shop"):
        await app.ann.error("GET", f"{PATH}?{bad}", 400)
