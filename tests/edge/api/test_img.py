"""/cdn/…/img: stored pictures, for pages, by id and by name."""

import time

import pytest

from cache.errors import TierUnavailable
from core.signing import Signer
from tests.edge.api.library_app import NOBODYS, LibraryApp, png


def place(app: LibraryApp, reference: str) -> str:
    return f"/cdn/{app.ann.path}/img/{reference}"


async def test_a_page_shows_it_without_a_key(app: LibraryApp) -> None:
    image = await app.ann.upload()
    answer = await app.client.get(image["url"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert len(answer.content) == image["fileSize"] == int(answer.headers["content-length"])
    assert answer.headers["etag"] == f'"sha256-{image["hash"][:32]}"'
    assert answer.headers["x-image-id"] == image["id"]
    assert answer.headers["x-image-thumbhash"] == image["thumbHash"]
    assert answer.headers["cache-control"].startswith("public, max-age=86400, stale-")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-status"].startswith("edge; hit")
    assert "x-request-id" not in answer.headers


async def test_head_conditions_and_ranges_work_as_everywhere(app: LibraryApp) -> None:
    url = (await app.ann.upload())["url"]
    whole = await app.client.get(url)
    head = await app.client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == whole.headers
    known = {"if-none-match": whole.headers["etag"]}
    assert (await app.client.get(url, headers=known)).status_code == 304
    part = await app.client.get(url, headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, whole.content[:4])
    late = await app.client.get(url, headers={"range": "bytes=999999-"})
    assert (late.status_code, late.headers["cache-control"]) == (416, "private, no-store")


async def test_a_name_is_believed_for_half_a_minute(app: LibraryApp) -> None:
    one, two = await app.ann.upload(alias="@hero"), await app.ann.upload(png("blue"))
    answer = await app.client.get(place(app, "@hero"))
    assert answer.headers["x-image-id"] == one["id"]
    assert answer.headers["cache-control"] == "public, max-age=30"
    assert answer.headers["cdn-cache-control"] == "max-age=30"
    await app.ann.data("PUT", f"/images/{two['id']}/alias", json={"alias": "@hero"})
    again = await app.client.get(place(app, "@hero"), headers={"if-none-match": "x"})
    assert again.headers["x-image-id"] == two["id"]


async def test_equal_uploads_are_told_apart(app: LibraryApp) -> None:
    one, two = await app.ann.upload(), await app.ann.upload()
    assert (await app.client.get(two["url"])).headers["x-image-id"] == two["id"]
    await app.ann.data("DELETE", f"/images/{one['id']}")
    assert (await app.client.get(one["url"])).status_code == 404
    assert (await app.client.get(two["url"])).status_code == 200


async def test_what_is_not_there_is_not_found(app: LibraryApp) -> None:
    foreign = await app.bob.upload()
    for reference, code in (
        (NOBODYS, "IMAGE_NOT_FOUND"),
        ("seven", "IMAGE_NOT_FOUND"),
        ("%00", "IMAGE_NOT_FOUND"),
        (foreign["id"], "IMAGE_NOT_FOUND"),
        ("@nobody", "ALIAS_NOT_FOUND"),
        ("@last", "ALIAS_NOT_FOUND"),
        ("@", "ALIAS_NOT_FOUND"),
    ):
        answer = await app.client.get(place(app, reference))
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)
        assert answer.headers["cache-control"] == "private, no-store"
    for path in ("/cdn/nobody/site/img/x", f"/cdn/{app.ann.path}x/img/x"):
        answer = await app.client.get(path)
        assert answer.json()["error"]["code"] == "PROJECT_NOT_FOUND"


async def test_an_image_client_gets_a_picture_even_of_an_error(app: LibraryApp) -> None:
    headers = {"sec-fetch-dest": "image"}
    answer = await app.client.get(place(app, NOBODYS), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "image/png")
    assert answer.headers["x-error-code"] == "IMAGE_NOT_FOUND"


async def test_bytes_that_are_gone_are_not_found_and_a_silent_store_is_no_proof(
    app: LibraryApp,
) -> None:
    url = (await app.ann.upload())["url"]
    app.store.entries.clear()
    async with app.elsewhere() as client:
        assert (await client.get(url)).status_code == 404
        app.store.failure = TierUnavailable("away")
        answer = await client.get(url)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "STORE_UNAVAILABLE")


@pytest.mark.parametrize("query", ["w=0", "widht=3", "q=1&q=2", "fm=jpg", "prompt=x"])
async def test_parameters_are_read_strictly(app: LibraryApp, query: str) -> None:
    image = await app.ann.upload()
    answer = await app.client.get(f"{image['url']}?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert (await app.client.get(f"{image['url']}?utm_source=x")).status_code == 200
    answer = await app.client.get(f"{image['url']}?key=x")
    assert answer.json()["error"]["code"] == "KEY_IN_URL"


async def test_a_private_projects_picture_is_for_its_keys_and_signatures(app: LibraryApp) -> None:
    url = (await app.mia.upload())["url"]
    assert (await app.client.get(url)).json()["error"]["code"] == "PROJECT_NOT_FOUND"
    for stranger, status in ((app.bob.secret, 404), (app.root.secret, 404), ("bnt_x", 401)):
        answer = await app.client.get(url, headers={"x-api-key": stranger})
        assert answer.status_code == status
    own = await app.client.get(url, headers={"x-api-key": app.mia.secret})
    assert own.headers["cache-control"] == "private, max-age=86400"
    assert own.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in own.headers
    path = url.removeprefix("http://edge.test")
    signer, end = Signer([("k1", b"0123456789abcdef")]), int(time.time()) + 60
    signed = await app.client.get(url, params=signer.sign(path, {}, end))
    assert signed.status_code == 200
    seconds = int(signed.headers["cache-control"].rpartition("=")[2])
    assert seconds <= 60
    wrong = await app.client.get(url, params=signer.sign(f"{path}x", {}, end))
    assert wrong.json()["error"]["code"] == "SIGNATURE_INVALID"


async def test_a_keyed_answer_of_a_public_project_is_private(app: LibraryApp) -> None:
    url = (await app.ann.upload())["url"]
    answer = await app.client.get(url, headers={"x-api-key": app.ann.secret})
    assert answer.headers["cache-control"] == "private, max-age=86400"
    narrow = await app.party(scopes=("generations",))
    stranger = await app.client.get(url, headers={"x-api-key": narrow.secret})
    # Reading a public project is open: a key without rights is no more than none.
    assert stranger.status_code == 200
    assert stranger.headers["cache-control"] == "private, max-age=86400"


async def test_pages_may_ask_before_but_not_write(app: LibraryApp) -> None:
    answer = await app.client.options(place(app, NOBODYS))
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    answer = await app.client.post(place(app, NOBODYS))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_a_hot_picture_answers_the_same_again(app: LibraryApp) -> None:
    url = (await app.ann.upload())["url"]
    first, second = await app.client.get(url), await app.client.get(url)
    assert first.headers == second.headers
    assert first.content == second.content
