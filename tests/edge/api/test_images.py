"""/api/v1/images: found, named, described, deleted."""

import pytest

from cache.errors import TierUnavailable
from tests.edge.api.library_app import NOBODYS, ORIGIN, LibraryApp, png


async def test_an_image_is_shown_with_everything_the_contract_names(app: LibraryApp) -> None:
    image = await app.ann.upload(alias="@hero", meta='{"by":"Ann"}')
    shown = await app.ann.data("GET", f"/images/{image['id']}")
    assert shown == image
    assert list(shown) == [
        "id", "source", "url", "alias", "flowId", "generationId", "mimeType", "fileSize", "width",
        "height", "focalPoint", "thumbHash", "dominantColor", "hash", "origin", "meta",
        "createdAt", "updatedAt", "deletedAt",
    ]  # fmt: skip
    assert shown["url"] == f"{ORIGIN}/cdn/{app.ann.path}/img/{image['id']}"
    assert (shown["source"], shown["origin"], shown["alias"]) == ("uploaded", "rest", "@hero")
    assert (shown["mimeType"], shown["width"], shown["height"]) == ("image/png", 8, 6)
    assert shown["focalPoint"] == {"x": 0.5, "y": 0.5}
    assert shown["meta"] == {"by": "Ann"}
    assert len(shown["createdAt"]) == len("2026-01-01T00:00:00.000Z")
    assert shown["createdAt"].endswith("Z")
    assert await app.ann.data("GET", "/images/@hero") == image
    assert await app.ann.data("GET", f"/images/{image['id'].upper()}") == image


async def test_a_list_is_filtered_and_windowed(app: LibraryApp) -> None:
    ids = [(await app.ann.upload(png(color), alias=f"@{color}"))["id"] for color in ("red", "blue")]
    await app.bob.upload()
    answer = (await app.ann.get("/images?limit=1")).json()
    assert [image["id"] for image in answer["data"]] == ids[1:]
    cursor = answer["pagination"].pop("nextCursor")
    assert answer["pagination"] == {"total": 2, "limit": 1, "offset": 0, "hasMore": True}
    answer = (await app.ann.get(f"/images?limit=1&cursor={cursor}")).json()
    assert [image["id"] for image in answer["data"]] == ids[:1]
    assert answer["pagination"]["hasMore"] is False
    assert "nextCursor" not in answer["pagination"]
    assert [row["id"] for row in await app.ann.data("GET", "/images?alias=@red")] == ids[:1]
    assert await app.ann.data("GET", "/images?source=generated") == []
    assert await app.ann.data("GET", f"/images?flowId={NOBODYS}") == []
    await app.ann.data("DELETE", f"/images/{ids[0]}")
    assert [row["id"] for row in await app.ann.data("GET", "/images")] == ids[1:]
    rows = await app.ann.data("GET", "/images?includeDeleted=true")
    assert [row["deletedAt"] is None for row in rows] == [True, False]


@pytest.mark.parametrize(
    "bad", ["hero", "@", "@../../x", "@a b", "@" + "x" * 50, "@\uff21\uff22", "@last"]
)
async def test_a_bad_alias_is_refused_wherever_it_is_given_away(app: LibraryApp, bad: str) -> None:
    image = await app.ann.upload()
    for path in (f"/images/{image['id']}", f"/images/{image['id']}/alias"):
        error = await app.ann.error("PUT", path, 400, json={"alias": bad})
        assert error["code"] == "VALIDATION_ERROR"
        assert [field["name"] for field in error["fields"]] == ["alias"]
        assert bad not in error["fields"][0]["message"] or bad in {"@", "@last"}
    assert (await app.ann.data("GET", f"/images/{image['id']}"))["alias"] is None


async def test_everything_wrong_is_said_at_once(app: LibraryApp) -> None:
    image = await app.ann.upload()
    body = {"alias": "x", "focalPoint": {"x": 1.5, "z": 0}, "meta": [], "focalpoint": 1}
    error = await app.ann.error("PUT", f"/images/{image['id']}", 400, json=body)
    fields = {field["name"]: (field["code"], field.get("suggestion")) for field in error["fields"]}
    assert fields == {
        "alias": ("ALIAS_INVALID", None),
        "focalPoint.x": ("VALUE_INVALID", None),
        "focalPoint.y": ("FIELD_MISSING", None),
        "focalPoint.z": ("UNKNOWN_FIELD", None),
        "meta": ("TYPE_INVALID", None),
        "focalpoint": ("UNKNOWN_FIELD", "focalPoint"),
    }


@pytest.mark.parametrize(
    "point", [{"x": 1.5, "y": 0}, {"x": -0.1, "y": 0}, {"x": "0.5", "y": 0}, {"x": 0.5}, 0.5]
)
async def test_a_focal_point_lies_within_the_picture(app: LibraryApp, point: object) -> None:
    image = await app.ann.upload()
    path = f"/images/{image['id']}"
    await app.ann.error("PUT", path, 400, json={"focalPoint": point})
    right = await app.ann.data("PUT", path, json={"focalPoint": {"x": 0, "y": 0.25}})
    assert right["focalPoint"] == {"x": 0, "y": 0.25}
    assert (await app.ann.data("PUT", path, json={"focalPoint": None}))["focalPoint"]["x"] == 0.5


async def test_a_change_leaves_alone_what_it_does_not_name(app: LibraryApp) -> None:
    image = await app.ann.upload(alias="@hero", meta='{"a":1}')
    path = f"/images/{image['id']}"
    changed = await app.ann.data("PUT", path, json={"meta": {"b": 2}})
    assert (changed["alias"], changed["meta"]) == ("@hero", {"b": 2})
    assert (await app.ann.data("PUT", path))["meta"] == {"b": 2}
    changed = await app.ann.data("PUT", path, json={"alias": None})
    assert (changed["alias"], changed["meta"]) == (None, {"b": 2})


async def test_a_taken_alias_moves_unless_that_is_forbidden(app: LibraryApp) -> None:
    first, second = await app.ann.upload(alias="@hero"), await app.ann.upload(png("blue"))
    path = f"/images/{second['id']}"
    for refused in (f"{path}?onConflict=fail", f"{path}/alias?onConflict=fail"):
        body = {"alias": "@hero"}
        assert (await app.ann.error("PUT", refused, 409, json=body))["code"] == "ALIAS_CONFLICT"
    assert (await app.ann.data("GET", "/images/@hero"))["id"] == first["id"]
    await app.ann.data("PUT", f"{path}/alias", json={"alias": "@hero"})
    assert (await app.ann.data("GET", "/images/@hero"))["id"] == second["id"]
    assert (await app.ann.data("GET", f"/images/{first['id']}"))["alias"] is None
    await app.ann.data("PUT", f"{path}/alias?onConflict=fail", json={"alias": "@hero"})


async def test_aliases_resolve_in_the_flow_before_the_project(app: LibraryApp) -> None:
    flow = (await app.ann.data("POST", "/flows", 201))["id"]
    shared = await app.ann.upload(alias="@hero")
    own = await app.ann.upload(png("blue"), flowId=flow, flowAlias="@hero")
    path = "/images/resolve/@hero"
    found = await app.ann.data("GET", path)
    assert (found["scope"], found["imageId"], found["flowId"]) == ("project", shared["id"], None)
    found = await app.ann.data("GET", f"{path}?flowId={flow}")
    assert (found["scope"], found["imageId"], found["flowId"]) == ("flow", own["id"], flow)
    assert found["image"] == own
    found = await app.ann.data("GET", f"/images/resolve/@upload?flowId={flow}")
    assert (found["scope"], found["imageId"]) == ("technical", own["id"])
    assert (await app.ann.data("GET", f"/images/@hero?flowId={flow}"))["id"] == own["id"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/images/resolve/@nobody", 404, "ALIAS_NOT_FOUND"),
        ("/images/@nobody", 404, "ALIAS_NOT_FOUND"),
        ("/images/resolve/@last", 400, "VALIDATION_ERROR"),
        ("/images/resolve/hero", 400, "VALIDATION_ERROR"),
        ("/images/@", 400, "VALIDATION_ERROR"),
        (f"/images/resolve/@hero?flowId={NOBODYS}", 404, "FLOW_NOT_FOUND"),
    ],
)
async def test_a_name_nobody_has_is_told_from_one_nobody_can_have(
    app: LibraryApp, path: str, status: int, code: str
) -> None:
    assert (await app.ann.error("GET", path, status))["code"] == code


async def test_deleting_is_soft_and_frees_the_alias(app: LibraryApp) -> None:
    image = await app.ann.upload(alias="@hero")
    path = f"/images/{image['id']}"
    assert await app.ann.data("DELETE", path) == {"id": image["id"]}
    assert (await app.ann.error("DELETE", path, 404))["code"] == "IMAGE_NOT_FOUND"
    await app.ann.error("GET", path, 404)
    await app.ann.error("GET", "/images/@hero", 404)
    assert len(app.store.entries) == 1
    assert (await app.ann.upload(alias="@hero"))["alias"] == "@hero"


async def test_erasing_takes_the_bytes_once_nobody_stands_on_them(app: LibraryApp) -> None:
    one, two = await app.ann.upload(), await app.ann.upload()
    await app.ann.data("DELETE", f"/images/{one['id']}?hard=true")
    assert len(app.store.entries) == 1
    assert (await app.client.get(two["url"])).status_code == 200
    await app.ann.data("DELETE", f"/images/{two['id']}")
    await app.ann.data("DELETE", f"/images/{two['id']}?hard=true")
    assert not app.store.entries
    await app.ann.error("DELETE", f"/images/{two['id']}?hard=true", 404)
    assert await app.ann.data("GET", "/images?includeDeleted=true") == []


async def test_a_store_that_does_not_answer_leaves_something_to_try_again(app: LibraryApp) -> None:
    path = f"/images/{(await app.ann.upload())['id']}"
    app.store.failure = TierUnavailable("away")
    error = await app.ann.error("DELETE", f"{path}?hard=true", 503)
    assert error["code"] == "STORE_UNAVAILABLE"
    app.store.failure = None
    await app.ann.data("DELETE", f"{path}?hard=true")
    assert not app.store.entries
