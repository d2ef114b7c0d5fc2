"""Who may call what: every address with every kind of caller, and pages of other sites never."""

from collections.abc import Iterator

import pytest

from core.models import KEY_SCOPES, LIVE_GENERATE, LIVE_READ
from edge.api.routes import api_addresses
from tests.edge.api.library_app import NOBODYS, LibraryApp

# Without any of these a key opens nothing there.
SCOPES = {
    "generations": {"generations"},
    "images": {"images"},
    "flows": {"flows"},
    "live": {LIVE_READ, LIVE_GENERATE},
    "purge": {"images"},
    "usage": {*KEY_SCOPES},
}
NOT_FOUND = {"images": "IMAGE_NOT_FOUND", "flows": "FLOW_NOT_FOUND"}


def addresses() -> Iterator[tuple[str, str, str]]:
    """Method, path and first word of every address that takes a key."""
    for template, handlers in api_addresses():
        path = template.replace("{id}", NOBODYS).replace("{alias}", "@hero")
        for method in sorted(handlers):
            yield method, path, path.split("/")[1]


ALL = list(addresses())


@pytest.mark.parametrize(("method", "path", "word"), ALL)
async def test_every_address_asks_who_is_there(
    app: LibraryApp, method: str, path: str, word: str
) -> None:
    refusals = {}
    for name, headers in {
        "none": {},
        "unknown": {"x-api-key": "bnt_" + "0" * 64},
        "malformed": {"x-api-key": "secret"},
        "bearer": {"authorization": "Bearer bnt_" + "1" * 64},
    }.items():
        answer = await app.client.request(method, f"/api/v1{path}", headers=headers)
        assert answer.status_code == 401, name
        assert answer.headers["www-authenticate"] == 'ApiKey realm="edge"'
        assert answer.headers["cache-control"] == "private, no-store"
        error = answer.json()["error"]
        del error["requestId"]
        refusals[name] = error
    assert len({str(error) for error in refusals.values()}) == 1
    answer = await app.client.request(method, f"/api/v1{path}?api_key=x")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "KEY_IN_URL")


@pytest.mark.parametrize(("method", "path", "word"), ALL)
async def test_a_key_opens_only_what_it_is_for(
    app: LibraryApp, method: str, path: str, word: str
) -> None:
    if word == "admin":
        await app.ann.error(method, path, 403)
        return
    await app.root.error(method, path, 403)
    others = tuple(scope for scope in KEY_SCOPES if scope not in SCOPES[word])
    narrow = await app.party(scopes=others)
    assert (await narrow.error(method, path, 403))["code"] == "FORBIDDEN"


async def test_a_key_works_as_a_bearer_too_but_two_that_disagree_do_not(app: LibraryApp) -> None:
    bearer = {"authorization": f"Bearer {app.ann.secret}"}
    assert (await app.client.get("/api/v1/flows", headers=bearer)).status_code == 200
    await app.bob.error("GET", "/flows", 400, headers=bearer)


async def test_a_revoked_and_an_expired_key_are_no_keys(app: LibraryApp) -> None:
    party = await app.party()
    (key, *_) = await app.records.keys.listed(app.ann.project.id if app.ann.project else None)
    await party.data("GET", "/flows")
    await app.records.keys.revoke(key.id)
    await party.error("GET", "/flows", 401)


@pytest.mark.parametrize("word", ["images", "flows"])
async def test_anothers_id_answers_like_one_nobody_has(app: LibraryApp, word: str) -> None:
    image = await app.bob.upload(alias="@bobs", flowAlias="@hero")
    foreign = image["id"] if word == "images" else image["flowId"]
    for method, path, first in ALL:
        if first != word or NOBODYS not in path:
            continue
        bodies = {"PUT": {"alias": None} if "alias" in path else {}}
        if path.endswith("/aliases"):
            bodies = {"PUT": {"aliases": {}}}
        answers = []
        for one in (foreign, NOBODYS, "seven", "%00", "x" * 500):
            answer = await app.ann.ask(method, path.replace(NOBODYS, one), json=bodies.get(method))
            error = answer.json()["error"]
            del error["requestId"]
            answers.append((answer.status_code, error, len(answer.headers)))
        assert all(answer == answers[0] for answer in answers), (method, path)
        assert answers[0][0] == 404
        assert answers[0][1]["code"] == NOT_FOUND[word]
    await app.ann.error("GET", "/images/@bobs", 404)


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://edge.test"])
async def test_pages_of_other_sites_get_no_cors(app: LibraryApp, origin: str) -> None:
    headers = {"origin": origin}
    for path in ("/flows", "/images", f"/images/{NOBODYS}"):
        answer = await app.ann.get(path, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        asking = headers | {"access-control-request-method": "GET"}
        preflight = await app.client.options(f"/api/v1{path}", headers=asking)
        assert preflight.status_code == 403
        assert preflight.headers["cache-control"] == "private, no-store"
        assert not [name for name in preflight.headers if name.startswith("access-control")]


async def test_unknown_addresses_and_methods_answer_as_json(app: LibraryApp) -> None:
    for path in ("/nothing", "/images/a/b/c", "/flows/", "/admin", "/"):
        error = await app.ann.error("GET", path, 404)
        assert error["code"] == "NOT_FOUND"
    answer = await app.ann.ask("PATCH", f"/images/{NOBODYS}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD, PUT")
    assert answer.json()["error"]["code"] == "METHOD_NOT_ALLOWED"
    answer = await app.ann.ask("OPTIONS", "/flows")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_every_answer_keeps_out_of_caches_and_sniffers(app: LibraryApp) -> None:
    for answer in (await app.ann.get("/flows"), await app.ann.get("/nothing")):
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["cdn-cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["x-request-id"]


async def test_problem_documents_are_answered_to_those_who_ask(app: LibraryApp) -> None:
    answer = await app.ann.get("/images/seven", headers={"accept": "application/problem+json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "IMAGE_NOT_FOUND"
