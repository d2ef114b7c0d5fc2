"""/api/v1/flows: made, filled, named, deleted."""

import pytest

from tests.edge.api.library_app import NOBODYS, LibraryApp, Party, png


async def new_flow(party: Party) -> str:
    flow = await party.data("POST", "/flows", 201)
    return str(flow["id"])


async def test_a_flow_begins_with_what_is_said_of_it(app: LibraryApp) -> None:
    meta = {"name": "Product Images Campaign"}
    flow = await app.ann.data("POST", "/flows", 201, json={"meta": meta})
    assert list(flow) == [
        "id", "meta", "aliases", "generationCount", "imageCount", "createdAt", "updatedAt",
    ]  # fmt: skip
    assert (flow["meta"], flow["aliases"]) == (meta, {})
    assert (flow["generationCount"], flow["imageCount"]) == (0, 0)
    assert await app.ann.data("GET", f"/flows/{flow['id']}") == flow
    assert await app.ann.data("GET", "/flows") == [flow]
    assert (await app.ann.data("POST", "/flows", 201))["meta"] == {}


async def test_counts_and_lists_leave_deleted_images_out(app: LibraryApp) -> None:
    flow = await new_flow(app.ann)
    one = await app.ann.upload(flowId=flow)
    two = await app.ann.upload(png("blue"), flowId=flow)
    await app.ann.upload(png("green"))
    path = f"/flows/{flow}"
    assert (await app.ann.data("GET", path))["imageCount"] == 2
    assert await app.ann.data("GET", f"{path}/images?limit=20") == [two, one]
    await app.ann.data("DELETE", f"/images/{two['id']}")
    assert (await app.ann.data("GET", path))["imageCount"] == 1
    assert await app.ann.data("GET", f"{path}/images") == [one]
    assert await app.ann.data("GET", f"{path}/generations?limit=20") == []


async def test_aliases_are_merged(app: LibraryApp) -> None:
    flow = await new_flow(app.ann)
    one, two = await app.ann.upload(), await app.ann.upload(png("blue"))
    path = f"/flows/{flow}/aliases"
    body = {"aliases": {"@hero": one["id"], "@back": one["id"]}}
    await app.ann.data("PUT", path, json=body)
    changed = await app.ann.data("PUT", path, json={"aliases": {"@hero": two["id"]}})
    assert changed["aliases"] == {"@hero": two["id"], "@back": one["id"]}
    assert (await app.ann.data("PUT", path, json={"aliases": {}}))["aliases"] == changed["aliases"]
    refusing = f"{path}?onConflict=fail"
    error = await app.ann.error("PUT", refusing, 409, json=body)
    assert error["code"] == "ALIAS_CONFLICT"
    same = {"aliases": {"@hero": two["id"], "@new": two["id"]}}
    assert "@new" in (await app.ann.data("PUT", refusing, json=same))["aliases"]


async def test_only_images_of_the_project_can_be_named(app: LibraryApp) -> None:
    flow, own = await new_flow(app.ann), await app.ann.upload()
    foreign, deleted = await app.bob.upload(), await app.ann.upload(png("blue"))
    await app.ann.data("DELETE", f"/images/{deleted['id']}")
    aliases = {
        "@own": own["id"],
        "@foreign": foreign["id"],
        "@deleted": deleted["id"],
        "@nobody": NOBODYS,
        "@word": "image-uuid-here",
    }
    path = f"/flows/{flow}/aliases"
    error = await app.ann.error("PUT", path, 400, json={"aliases": aliases})
    assert error["code"] == "VALIDATION_ERROR"
    named = [field["name"] for field in error["fields"]]
    assert named == ["aliases.@foreign", "aliases.@deleted", "aliases.@nobody", "aliases.@word"]
    assert len({(field["code"], field["message"]) for field in error["fields"]}) == 1
    assert (await app.ann.data("GET", f"/flows/{flow}"))["aliases"] == {}


@pytest.mark.parametrize(
    "bad", ["@last", "@first", "@upload", "hero", "@", "@a b", "@\uff21\uff22"]
)
async def test_a_name_that_cannot_be_given_is_refused(app: LibraryApp, bad: str) -> None:
    flow, image = await new_flow(app.ann), await app.ann.upload()
    body = {"aliases": {bad: image["id"], "@good": image["id"]}}
    error = await app.ann.error("PUT", f"/flows/{flow}/aliases", 400, json=body)
    (field,) = error["fields"]
    assert field["code"] in {"ALIAS_INVALID", "ALIAS_RESERVED"}
    assert field["name"] in {f"aliases.{bad}", "aliases"}
    assert (await app.ann.data("GET", f"/flows/{flow}"))["aliases"] == {}


async def test_one_alias_is_removed_and_then_unknown(app: LibraryApp) -> None:
    flow, image = await new_flow(app.ann), await app.ann.upload()
    path = f"/flows/{flow}/aliases"
    await app.ann.data("PUT", path, json={"aliases": {"@a": image["id"], "@b": image["id"]}})
    left = await app.ann.data("DELETE", f"{path}/@a")
    assert (left["id"], left["aliases"]) == (flow, {"@b": image["id"]})
    assert (await app.ann.error("DELETE", f"{path}/@a", 404))["code"] == "ALIAS_NOT_FOUND"
    assert (await app.ann.error("DELETE", f"{path}/a", 400))["code"] == "VALIDATION_ERROR"


async def test_deleting_a_flow_leaves_its_images(app: LibraryApp) -> None:
    image = await app.ann.upload(flowAlias="@hero")
    flow = image["flowId"]
    assert await app.ann.data("DELETE", f"/flows/{flow}") == {"id": flow}
    for method in ("GET", "DELETE"):
        error = await app.ann.error(method, f"/flows/{flow}", 404)
        assert error["code"] == "FLOW_NOT_FOUND"
    assert (await app.ann.data("GET", f"/images/{image['id']}"))["flowId"] is None
    assert await app.ann.data("GET", "/flows") == []


async def test_an_idempotency_key_makes_one_flow(app: LibraryApp) -> None:
    headers = {"idempotency-key": "one"}
    first = await app.ann.data("POST", "/flows", 201, headers=headers, json={"meta": {}})
    again = await app.ann.data("POST", "/flows", 201, headers=headers, json={"meta": {}})
    assert first == again
    body = {"meta": {"a": 1}}
    error = await app.ann.error("POST", "/flows", 422, headers=headers, json=body)
    assert error["code"] == "IDEMPOTENCY_MISMATCH"
