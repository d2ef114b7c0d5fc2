"""/api/v1/admin/keys: made, listed, revoked, rotated, by administrators alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.models import KEY_SCOPES
from tests.edge.api.library_app import NOBODYS, LibraryApp, Party

PATH = "/admin/keys"


def draft(app: LibraryApp, **changes: Any) -> dict[str, Any]:
    organization, project = app.ann.path.split("/")
    return {"name": "shop", "organization": organization, "project": project, **changes}


async def made(app: LibraryApp, **changes: Any) -> tuple[dict[str, Any], Party]:
    """A new key, and whoever holds it."""
    key = await app.root.data("POST", PATH, 201, json=draft(app, **changes))
    return key, Party(app.client, key["key"], None)


def expected(days: float) -> Any:
    end = datetime.now(UTC) + timedelta(days=days)
    return pytest.approx(end.timestamp(), abs=60)


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def test_a_key_is_shown_once(app: LibraryApp) -> None:
    key, holder = await made(app)
    secret = key.pop("key")
    assert list(key) == [
        "id", "type", "name", "prefix", "organization", "project", "scopes", "allowedModels",
        "expiresAt", "lastUsedAt", "createdAt", "revokedAt",
    ]  # fmt: skip
    assert (key["type"], key["name"], key["prefix"]) == ("project", "shop", secret[:10])
    assert f"{key['organization']}/{key['project']}" == app.ann.path
    assert (key["scopes"], key["allowedModels"]) == (sorted(KEY_SCOPES), None)
    assert seconds(key["expiresAt"]) == expected(90)
    await holder.data("GET", "/images")
    answer = await app.root.get(PATH)
    assert secret not in answer.text
    assert key["id"] in [each["id"] for each in answer.json()["data"]]


async def test_a_keys_end_is_chosen(app: LibraryApp) -> None:
    key, _ = await made(app, expiresInDays=7)
    assert seconds(key["expiresAt"]) == expected(7)
    end = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    key, _ = await made(app, expiresAt=end)
    assert seconds(key["expiresAt"]) == pytest.approx(seconds(end), abs=5)
    for endless in ({"expiresAt": None}, {"expiresInDays": None}):
        key, _ = await made(app, **endless)
        assert key["expiresAt"] is None


async def test_a_project_nobody_knew_is_founded(app: LibraryApp) -> None:
    organization = app.ann.path.split("/")[0]
    key, holder = await made(app, organization=organization, project="new", public=False)
    assert (key["organization"], key["project"]) == (organization, "new")
    project = await app.records.tenants.project(organization, "new")
    assert project is not None
    assert not project.public
    assert await app.records.tenants.scope(project.id, "page") is not None
    await holder.data("GET", "/flows")


async def test_a_narrow_key_can_do_no_more(app: LibraryApp) -> None:
    key, holder = await made(app, scopes=["images"], allowedModels=["owner/fast"])
    assert (key["scopes"], key["allowedModels"]) == (["images"], ["owner/fast"])
    await holder.data("GET", "/images")
    await holder.error("GET", "/flows", 403)


async def test_a_master_key_administrates(app: LibraryApp) -> None:
    body = {"type": "master", "name": "ops"}
    key = await app.root.data("POST", PATH, 201, json=body)
    assert (key["type"], key["organization"], key["project"]) == ("master", None, None)
    assert (key["scopes"], key["expiresAt"]) == ([], None)
    await Party(app.client, key["key"], None).data("GET", PATH)
    fields = {"organization": "a", "project": "b", "scopes": [], "expiresInDays": 1}
    error = await app.root.error("POST", PATH, 400, json=body | fields)
    assert {field["name"] for field in error["fields"]} == set(fields)


@pytest.mark.parametrize(
    ("changes", "name", "code"),
    [
        ({"name": ""}, "name", "VALUE_INVALID"),
        ({"name": "a\x1bb"}, "name", "CONTROL_CHARACTER"),
        ({"name": "x" * 101}, "name", "VALUE_INVALID"),
        ({"type": "admin"}, "type", "VALUE_INVALID"),
        ({"organization": "Main"}, "organization", "SLUG_INVALID"),
        ({"project": "../x"}, "project", "SLUG_INVALID"),
        ({"scopes": ["image"]}, "scopes", "SCOPE_UNKNOWN"),
        ({"scopes": "images"}, "scopes", "TYPE_INVALID"),
        ({"allowedModels": ["owner/fats"]}, "allowedModels", "UNKNOWN_MODEL"),
        ({"expiresInDays": 0}, "expiresInDays", "VALUE_INVALID"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt", "EXPIRES_AT_INVALID"),
        ({"expiresAt": "2030-01-01T00:00:00"}, "expiresAt", "VALUE_INVALID"),
        ({"expiresAt": None, "expiresInDays": 3}, "expiresAt", "EXPIRES_AT_INVALID"),
        ({"scope": ["images"]}, "scope", "UNKNOWN_FIELD"),
    ],
)
async def test_a_wish_that_cannot_be_met_makes_no_key(
    app: LibraryApp, changes: dict[str, Any], name: str, code: str
) -> None:
    before = (await app.root.get(PATH)).json()["pagination"]["total"]
    error = await app.root.error("POST", PATH, 400, json=draft(app, **changes))
    assert [(field["name"], field["code"]) for field in error["fields"]] == [(name, code)]
    assert (await app.root.get(PATH)).json()["pagination"]["total"] == before


async def test_a_project_key_names_its_project(app: LibraryApp) -> None:
    error = await app.root.error("POST", PATH, 400, json={"name": "shop"})
    assert [field["name"] for field in error["fields"]] == ["organization", "project"]


async def test_the_list_is_windowed(app: LibraryApp) -> None:
    ids = [(await made(app))[0]["id"] for _ in range(3)]
    first = (await app.root.get(f"{PATH}?limit=2")).json()
    assert [key["id"] for key in first["data"]] == [ids[2], ids[1]]
    cursor = first["pagination"]["nextCursor"]
    assert (await app.root.data("GET", f"{PATH}?limit=1&cursor={cursor}"))[0]["id"] == ids[0]
    assert (await app.root.data("GET", f"{PATH}?limit=1&offset=1"))[0]["id"] == ids[1]
    total = first["pagination"]["total"]
    last = (await app.root.get(f"{PATH}?limit=1&offset={total - 1}")).json()
    assert last["pagination"]["hasMore"] is False
    await app.root.error("GET", f"{PATH}?cursor=seven", 400)


async def test_a_revoked_key_stays_revoked(app: LibraryApp) -> None:
    key, holder = await made(app)
    for _ in range(2):
        revoked = await app.root.data("POST", f"{PATH}/{key['id']}/revoke")
        assert revoked["revokedAt"] is not None
        await holder.error("GET", "/images", 401)
    await app.root.error("DELETE", f"{PATH}/{key['id']}", 404)


async def test_deleting_revokes_and_is_done_once(app: LibraryApp) -> None:
    key, holder = await made(app)
    path = f"{PATH}/{key['id']}"
    assert await app.root.data("DELETE", path) == {"id": key["id"]}
    await holder.error("GET", "/images", 401)
    assert (await app.root.error("DELETE", path, 404))["code"] == "KEY_NOT_FOUND"


async def test_rotation_hands_the_rights_on(app: LibraryApp) -> None:
    key, old = await made(app, scopes=["images"])
    path = f"{PATH}/{key['id']}/rotate"
    successor = await app.root.data("POST", path, 201)
    assert (successor["scopes"], successor["name"]) == (key["scopes"], key["name"])
    assert successor["id"] != key["id"]
    for holder in (old, Party(app.client, successor["key"], None)):
        await holder.data("GET", "/images")
    await app.root.data("POST", path, 201, json={"overlapHours": 0})
    await old.error("GET", "/images", 401)
    await app.root.error("POST", path, 400, json={"overlapHours": -1})


@pytest.mark.parametrize("deed", ["rotate", "revoke"])
async def test_a_key_nobody_has_is_not_found(app: LibraryApp, deed: str) -> None:
    for key_id in (NOBODYS, "seven"):
        error = await app.root.error("POST", f"{PATH}/{key_id}/{deed}", 404)
        assert error["code"] == "KEY_NOT_FOUND"
