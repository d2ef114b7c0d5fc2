"""POST /api/v1/images/upload: what gets in, what does not, and where it is cut off."""

import json
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from PIL import Image as Pixels

from cache.errors import TierUnavailable
from tests.edge.api.library_app import MAX_BYTES, NOBODYS, LibraryApp, png

PATH = "/images/upload"
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    """The parts (name, filename, content) between boundaries."""
    lines = []
    for name, filename, content in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        lines.append(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode()
            + content
            + b"\r\n"
        )
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


async def refused(app: LibraryApp, status: int, *parts: tuple[str, str | None, bytes]) -> set[str]:
    """The codes of the bad fields, or the code of the error."""
    error = await app.ann.error("POST", PATH, status, content=form(*parts), headers=FORM)
    assert not app.store.entries
    assert await app.ann.data("GET", "/images") == []
    return {field["code"] for field in error.get("fields", [error])}


async def test_the_form_a_browser_sends_becomes_an_image(app: LibraryApp) -> None:
    flow = NOBODYS.replace("0199", "019a")
    parts = (
        ("file", "C:\\..\\evil\x00.svg", png()),
        ("alias", None, b"@product-hero"),
        ("flowId", None, flow.upper().encode()),
        ("flowAlias", None, b"@hero"),
        ("meta", None, b'{"tags": ["demo"]}'),
    )
    image = await app.ann.data("POST", PATH, 201, content=form(*parts), headers=FORM)
    assert (image["source"], image["alias"], image["flowId"]) == ("uploaded", "@product-hero", flow)
    assert image["meta"] == {"tags": ["demo"]}
    assert (await app.ann.data("GET", f"/flows/{flow}"))["aliases"] == {"@hero": image["id"]}
    shown = await app.client.get(image["url"])
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")


async def test_a_flow_alias_without_a_flow_makes_one(app: LibraryApp) -> None:
    image = await app.ann.upload(flowAlias="@hero")
    flow = await app.ann.data("GET", f"/flows/{image['flowId']}")
    assert (flow["aliases"], flow["imageCount"]) == ({"@hero": image["id"]}, 1)


async def test_what_a_form_leaves_empty_is_absent(app: LibraryApp) -> None:
    image = await app.ann.upload(alias="", flowId="", meta="")
    assert (image["alias"], image["flowId"], image["meta"]) == (None, None, {})


async def test_the_same_bytes_are_stored_once_and_recorded_twice(app: LibraryApp) -> None:
    one, two = await app.ann.upload(), await app.ann.upload()
    assert one["id"] != two["id"]
    assert one["hash"] == two["hash"]
    assert len(app.store.entries) == 1
    await app.bob.upload()
    assert len(app.store.entries) == 2


async def test_the_type_comes_from_the_bytes(app: LibraryApp) -> None:
    for kind, mime in (("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("AVIF", "image/avif")):
        assert (await app.ann.upload(png("green", (16, 16), kind)))["mimeType"] == mime


@pytest.mark.parametrize(
    "content",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<!doctype html><script>alert(1)</script>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"GIF89a\x01\x00\x01\x00/*=1;alert(1)//",
        b"BM" + bytes(60),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60),
        b"x",
    ],
)
async def test_what_is_no_picture_of_ours_is_refused_by_its_bytes(
    app: LibraryApp, content: bytes
) -> None:
    assert await refused(app, 415, ("file", "a.png", content)) == {"IMAGE_TYPE_UNSUPPORTED"}


async def test_what_does_not_decode_is_corrupt(app: LibraryApp) -> None:
    whole = png("red", (64, 64))
    assert await refused(app, 422, ("file", "a", whole[: len(whole) // 2])) == {"IMAGE_CORRUPT"}


async def test_too_many_pixels_are_refused_before_they_are_decoded(app: LibraryApp) -> None:
    body = BytesIO()
    Pixels.new("1", (20_000, 20_000)).save(body, "PNG")
    assert await refused(app, 422, ("file", "a", body.getvalue())) == {"IMAGE_TOO_LARGE"}


async def test_a_film_is_no_picture(app: LibraryApp) -> None:
    frames, body = [Pixels.new("L", (4, 4), shade) for shade in range(3)], BytesIO()
    frames[0].save(body, "PNG", save_all=True, append_images=frames[1:])
    assert await refused(app, 422, ("file", "a", body.getvalue())) == {"IMAGE_TOO_LARGE"}


async def test_a_file_of_the_largest_size_is_read_and_one_byte_more_is_not(app: LibraryApp) -> None:
    whole = png()
    for size, status, code in (
        (MAX_BYTES, 201, None),
        (MAX_BYTES + 1, 413, "CONTENT_TOO_LARGE"),
    ):
        content = form(("file", "a", whole + bytes(size - len(whole))))
        for body in (content, _pieces(content)):
            answer = await app.ann.ask("POST", PATH, content=body, headers=FORM)
            assert (answer.status_code, answer.json().get("error", {}).get("code")) == (
                status,
                code,
            )
    assert answer.headers["connection"] == "close"


async def test_a_body_without_end_is_cut_off(app: LibraryApp) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield form(("file", "a", b"")).rpartition(b"\r\n--")[0]
        while True:
            sent += 65_536
            yield bytes(65_536)

    await app.ann.error("POST", PATH, 413, content=endless(), headers=FORM)
    assert sent < MAX_BYTES + 500_000


async def test_a_length_that_cannot_fit_is_refused_unread(app: LibraryApp) -> None:
    async def unread() -> AsyncIterator[bytes]:
        pytest.fail("it was read")
        yield b""

    headers = FORM | {"content-length": "6000000"}
    await app.ann.error("POST", PATH, 413, content=unread(), headers=headers)


async def test_there_is_exactly_one_file(app: LibraryApp) -> None:
    file = ("file", "a", png())
    assert await refused(app, 400, ("alias", None, b"@a")) == {"FIELD_MISSING"}
    assert await refused(app, 400, file, file) == {"DUPLICATE_FIELD"}
    assert await refused(app, 400, ("file", "a", b"")) == {"FILE_EMPTY"}
    assert await refused(app, 400, ("file", None, png())) == {"TYPE_INVALID"}
    assert await refused(app, 400, ("image", "a", png())) == {"UNKNOWN_FIELD", "FIELD_MISSING"}
    assert await refused(app, 400, file, file, file) == {"MULTIPART_INVALID"}


async def test_every_bad_field_is_named(app: LibraryApp) -> None:
    parts = (
        ("alias", None, b"@last"),
        ("flowId", None, b"seven"),
        ("flowAlias", None, "@\uff21\uff22".encode()),
        ("meta", None, b"[]"),
        ("flowid", None, b""),
    )
    content = form(*parts)
    error = await app.ann.error("POST", PATH, 400, content=content, headers=FORM)
    codes = {field["name"]: field["code"] for field in error["fields"]}
    assert codes == {
        "alias": "ALIAS_RESERVED",
        "flowId": "ID_INVALID",
        "flowAlias": "ALIAS_INVALID",
        "meta": "TYPE_INVALID",
        "flowid": "UNKNOWN_FIELD",
        "file": "FIELD_MISSING",
    }


@pytest.mark.parametrize(
    "meta",
    [
        b"{",
        b'{"a": NaN}',
        b'{"a\\u0000": 1}',
        b'{"a": "' + b"x" * 17_000 + b'"}',
        b'{"a":' * 33 + b"1" + b"}" * 33,
    ],
)
async def test_meta_is_a_small_shallow_object(app: LibraryApp, meta: bytes) -> None:
    codes = await refused(app, 400, ("file", "a", png()), ("meta", None, meta))
    assert len(codes) == 1


async def test_a_form_that_is_none_is_refused(app: LibraryApp) -> None:
    file = ("file", "a", png())
    many = [(f"f{index}", None, b"") for index in range(10_000)]
    assert await refused(app, 400, *many) == {"MULTIPART_INVALID"}
    assert await refused(app, 400, file, ("meta", None, bytes(5_000_000))) == {"MULTIPART_INVALID"}
    whole = form(file)
    for boundary in ("", "; boundary=", "; boundary=" + "x" * 300, "; boundary=other"):
        headers = {"content-type": f"multipart/form-data{boundary}"}
        error = await app.ann.error("POST", PATH, 400, content=whole, headers=headers)
        assert error["code"] == "VALIDATION_ERROR"
    await app.ann.error("POST", PATH, 400, content=whole[:-40], headers=FORM)
    for kind in ("application/json", "application/x-www-form-urlencoded", "image/png"):
        headers = {"content-type": kind}
        answer = await app.ann.ask("POST", PATH, content=whole, headers=headers)
        assert (answer.status_code, answer.headers["accept-post"]) == (415, "multipart/form-data")


async def test_a_store_that_refuses_leaves_no_record(app: LibraryApp) -> None:
    app.store.failure = TierUnavailable("away")
    content = form(("file", "a", png()))
    error = await app.ann.error("POST", PATH, 503, content=content, headers=FORM)
    assert error["code"] == "STORE_UNAVAILABLE"
    app.store.failure = None
    assert await app.ann.data("GET", "/images") == []


async def test_a_taken_alias_is_left_alone_when_asked(app: LibraryApp) -> None:
    held = await app.ann.upload(alias="@hero")
    content = form(("file", "a", png("blue")), ("alias", None, b"@hero"))
    path = f"{PATH}?onConflict=fail"
    error = await app.ann.error("POST", path, 409, content=content, headers=FORM)
    assert error["code"] == "ALIAS_CONFLICT"
    assert (await app.ann.data("GET", "/images/@hero"))["id"] == held["id"]
    await app.ann.data("POST", PATH, 201, content=content, headers=FORM)
    assert (await app.ann.data("GET", "/images/@hero"))["id"] != held["id"]


async def test_an_idempotency_key_makes_one_image(app: LibraryApp) -> None:
    headers = FORM | {"idempotency-key": "one"}
    content = form(("file", "a", png()))
    first = await app.ann.ask("POST", PATH, content=content, headers=headers)
    again = await app.ann.ask("POST", PATH, content=content, headers=headers)
    assert json.loads(first.content) == json.loads(again.content)
    assert first.status_code == again.status_code == 201
    other = form(("file", "a", png("blue")))
    error = await app.ann.error("POST", PATH, 422, content=other, headers=headers)
    assert error["code"] == "IDEMPOTENCY_MISMATCH"
    assert len(await app.ann.data("GET", "/images")) == 1


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 100_000):
        yield content[start : start + 100_000]
