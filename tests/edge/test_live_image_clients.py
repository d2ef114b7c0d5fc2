"""Where a picture was asked for, even a refusal is one; everybody else reads text."""

from collections.abc import Callable
from http import HTTPStatus
from io import BytesIO

import httpx
import pytest
from PIL import Image

from core.ratio import RATIOS
from tests.edge.header_sets import UUID, ensure_error, ensure_png, envelope_of
from tests.edge.live_server import LiveServer, page, program, signed
from tests.fleet.processes import API_KEY

CHROMIUM = "image/jxl,image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
FIREFOX = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
NAVIGATION = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

IMAGE_CLIENTS: list[dict[str, str]] = [
    {"Sec-Fetch-Dest": "image"},
    {"Sec-Fetch-Dest": "IMAGE", "Accept": "*/*"},
    {"Sec-Fetch-Dest": "image", "Accept": "application/json"},
    {"Sec-Fetch-Dest": "image", "Accept": "application/problem+json"},
    {"Accept": CHROMIUM},
    {"Accept": FIREFOX},
    {"Accept": "image/png"},
    {"Accept": "image/*"},
    {"Accept": "application/json;q=0.4, IMAGE/WEBP;q=0.5"},
    {"Accept": "*/*, image/*"},
]
READERS: list[dict[str, str]] = [
    {"Accept": "*/*"},
    {"Accept": "application/json"},
    {"Accept": NAVIGATION},
    {"Accept": "image/png;q=0.4, application/json;q=0.5"},
    {"Accept": "image/png;q=0, */*"},
    {"Accept": ""},
    {"Accept": "nonsense"},
    {"Accept": CHROMIUM, "Sec-Fetch-Dest": "empty"},
    {"Accept": NAVIGATION, "Sec-Fetch-Dest": "document"},
]


def get(server: LiveServer, target: str, **fields: str) -> httpx.Response:
    """With no Accept line but the given one."""
    request = server.client.build_request("GET", target)
    del request.headers["Accept"]
    request.headers.update(fields)
    return server.client.send(request)


@pytest.mark.parametrize("fields", IMAGE_CLIENTS, ids=str)
def test_an_image_client_gets_a_picture_of_the_error(
    paid: LiveServer, fields: dict[str, str]
) -> None:
    answer = get(paid, page("a view", "nobodys", aspectRatio="16:9"), **fields)
    ensure_error(answer, 404, "SCOPE_NOT_FOUND")
    ensure_png(answer, "16:9")


@pytest.mark.parametrize("fields", [*READERS, {}], ids=str)
def test_everybody_else_reads_what_is_wrong(paid: LiveServer, fields: dict[str, str]) -> None:
    answer = get(paid, page("a view", "nobodys"), **fields)
    error = ensure_error(answer, 404, "SCOPE_NOT_FOUND")
    assert error["message"] == "There is nothing here."


@pytest.mark.parametrize("fields", [*READERS, *IMAGE_CLIENTS, {}], ids=str)
def test_a_picture_that_is_there_is_the_same_to_all(
    paid: LiveServer, fields: dict[str, str]
) -> None:
    made = paid.make(program("a picture for every client"))
    answer = get(paid, page("a picture for every client"), **fields)
    assert (answer.status_code, answer.content) == (200, made.content)
    assert "vary" not in answer.headers


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_picture_of_an_error_has_the_ratio_that_was_asked(paid: LiveServer, ratio: str) -> None:
    for given in ({"aspectRatio": ratio}, {"ar": ratio.replace(":", "x")}):
        answer = paid.ask(page("never made", **given), Sec_Fetch_Dest="image")
        ensure_error(answer, 403, "SPENDING_NOT_ALLOWED", detail="spending-not-allowed")
        ensure_png(answer, ratio)


REFUSALS: list[tuple[Callable[[], str], str | None, int, str, str]] = [
    (lambda: program(""), API_KEY, 400, "VALIDATION_ERROR", "1:1"),
    (lambda: program("", aspectRatio="9:16"), API_KEY, 400, "VALIDATION_ERROR", "9:16"),
    (lambda: program("x", aspectRatio="17:9"), API_KEY, 400, "VALIDATION_ERROR", "1:1"),
    (lambda: program("x", aspectRatio=""), API_KEY, 400, "VALIDATION_ERROR", "1:1"),
    (lambda: program("x", aspectRatio="3:2", sed="1"), API_KEY, 400, "VALIDATION_ERROR", "3:2"),
    (lambda: program("x", aspectRatio="3:2", key="1"), API_KEY, 400, "KEY_IN_URL", "3:2"),
    (lambda: program("x", aspectRatio="3:2"), None, 401, "UNAUTHORIZED", "3:2"),
    (lambda: page("x", aspectRatio="4:5", sig="a"), None, 403, "SIGNATURE_INVALID", "4:5"),
    (lambda: page("x", "none", ar="4:5"), None, 404, "SCOPE_NOT_FOUND", "4:5"),
    (lambda: page("x", project="none", ar="4:5"), None, 404, "PROJECT_NOT_FOUND", "4:5"),
    (lambda: signed("x", ar="21:9", expires_in=-9), None, 410, "URL_EXPIRED", "21:9"),
    (lambda: "/nothing?ar=5:4", None, 404, "NOT_FOUND", "5:4"),
]


@pytest.mark.parametrize("row", range(len(REFUSALS)))
def test_every_refusal_has_its_picture_and_its_honest_status(paid: LiveServer, row: int) -> None:
    door, key, status, code, ratio = REFUSALS[row]
    answer = paid.ask(door(), key=key, Sec_Fetch_Dest="image")
    assert (answer.status_code, answer.headers["x-error-code"]) == (status, code)
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["content-length"] == str(len(answer.content))
    ensure_png(answer, ratio)
    head = paid.ask(door(), key=key, method="HEAD", Sec_Fetch_Dest="image")
    assert (head.status_code, head.content) == (status, b"")
    assert head.headers["content-length"] == answer.headers["content-length"]


def test_a_picture_of_an_error_shows_its_code(paid: LiveServer) -> None:
    """Two codes, two pictures: whoever builds the page sees which it is."""
    pictures = {
        code: paid.ask(target, Sec_Fetch_Dest="image").content
        for code, target in (("404", page("x", "none")), ("401", program("x")))
    }
    assert len(set(pictures.values())) == 2
    for picture in pictures.values():
        with Image.open(BytesIO(picture)) as image:
            assert len(image.convert("L").getcolors()) > 2


@pytest.mark.parametrize(
    "accept", ["application/problem+json", "application/problem+json, application/json;q=0.5"]
)
@pytest.mark.parametrize("row", range(len(REFUSALS)))
def test_a_problem_document_on_request(paid: LiveServer, accept: str, row: int) -> None:
    door, key, status, code, _ = REFUSALS[row]
    answer = paid.ask(door(), key=key, Accept=accept)
    plain = envelope_of(paid.ask(door(), key=key))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert UUID.fullmatch(document.pop("requestId"))
    assert document == {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": plain["message"],
        "success": False,
        "code": code,
        "message": plain["message"],
        **({"fields": plain["fields"]} if "fields" in plain else {}),
    }
