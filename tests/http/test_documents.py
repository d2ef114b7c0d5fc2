"""The founding requests and our own living ones, each sent in order to an empty server."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import pytest

from tests.edge.api.described import description
from tests.fleet.processes import API_KEY, ServerProcess, fleet
from tests.http.sending import FAILED, FINE, ROOT, Exchange, Sent, installed, send

FOUNDING = ROOT / "tests" / "http" / "founding.http"
LIVING = ROOT / "docs" / "requests.http"
MASTER_KEY = "bnt_" + "6a" * 32
PROMPT = "грузовик едет по горной дороге"


@pytest.fixture(scope="module")
def program() -> Path:
    return installed()


@pytest.fixture
def server(program: Path, tmp_path: Path) -> Iterator[ServerProcess]:
    with fleet(tmp_path / "data", 1, EDGE_BOOTSTRAP_MASTER_KEY=MASTER_KEY) as (process,):
        yield process


def test_the_founding_requests_work_on_an_empty_server(
    server: ServerProcess, program: Path, tmp_path: Path
) -> None:
    sent = sent_to(server, program, FOUNDING, tmp_path)
    assert sent.failures == []
    assert sent.code == FINE
    assert len(sent.exchanges) == 21
    assert misdescribed(sent) == []
    assert sent["picture"].headers["x-cache-status"] == "MISS"
    deleted = [
        f"/flows/{sent['flow'].data['id']}",
        f"/images/{sent['uploaded'].data['id']}",
        f"/generations/{sent['made'].data['id']}",
        f"/images/{sent['made'].data['outputImageId']}",
    ]
    with httpx.Client(base_url=server.base_url, headers={"X-API-Key": API_KEY}) as client:
        assert [client.get(f"/api/v1{path}").status_code for path in deleted] == [404] * 4
        flow = client.get(f"/api/v1/flows/{sent['made'].data['flowId']}").json()["data"]
        assert (flow["generationCount"], flow["imageCount"], flow["aliases"]) == (0, 0, {})
        live = client.get("/api/v1/live", params={"prompt": PROMPT, "aspectRatio": "16:9"})
        assert live.headers["x-cache-status"] == "HIT"


def test_our_own_requests_work_on_an_empty_server_and_leave_out_no_address(
    server: ServerProcess, program: Path, tmp_path: Path
) -> None:
    sent = sent_to(server, program, LIVING, tmp_path)
    assert sent.failures == []
    assert sent.code == FINE
    assert misdescribed(sent) == []
    described = description()
    asked = {(each.method.lower(), described.template(path_of(each))) for each in sent.exchanges}
    every = {
        (method, path)
        for path, item in described.document["paths"].items()
        for method in item
        if path.startswith(("/api/", "/cdn/"))
    }
    assert every - asked == set()


def test_a_wrong_answer_is_noticed(server: ServerProcess, program: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.http"
    wrong.write_text("### Nobody's\nGET {{base}}/api/v1/flows\n\n?? status == 200\n")
    sent = sent_to(server, program, wrong, tmp_path)
    assert sent.code == FAILED
    assert len(sent.failures) == 1


def test_the_clients_lock_names_no_registry() -> None:
    lock = (ROOT / "tests" / "http" / "package-lock.json").read_text("utf-8")
    assert '"integrity": "sha512-' in lock
    assert '"resolved"' not in lock


def sent_to(server: ServerProcess, program: Path, file: Path, folder: Path) -> Sent:
    report = folder / f"{file.stem}.json"
    return send(
        program,
        file,
        report,
        base=server.base_url,
        apiKey=API_KEY,
        masterKey=MASTER_KEY,
    )


def path_of(exchange: Exchange) -> str:
    return unquote(urlsplit(exchange.url).path)


def misdescribed(sent: Sent) -> list[str]:
    described = description()
    return [
        complaint
        for each in sent.exchanges
        for complaint in described.complaints(
            each.method,
            path_of(each),
            each.status,
            each.headers.get("content-type", ""),
            each.body,
        )
    ]
