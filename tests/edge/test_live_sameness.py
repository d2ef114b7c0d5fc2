"""Which requests mean the same picture, and that nothing else about them changes a byte of it."""

import random
from itertools import combinations

import httpx
import pytest

from tests.edge.live_server import (
    DEFAULT_MODEL,
    OTHER_MODEL,
    LiveServer,
    page,
    page_path,
    program,
    signed,
)
from tests.edge.server.raw_http import talk
from tests.fleet.processes import API_KEY
from tests.servers.process import until

LIVE = b"/api/v1/live?"

# Of each row, the first is made and every other one is a hit on it. Written as bytes on the wire.
SAME: dict[str, list[bytes]] = {
    "raw UTF-8": [
        "prompt=маяк на скале".encode().replace(b" ", b"+"),
        b"prompt=%D0%BC%D0%B0%D1%8F%D0%BA%20%D0%BD%D0%B0%20%D1%81%D0%BA%D0%B0%D0%BB%D0%B5",
        b"prompt=%d0%bc%d0%b0%d1%8f%d0%ba+%d0%bd%d0%b0+%d1%81%d0%ba%d0%b0%d0%bb%d0%b5",
        "prompt=ма%D1%8Fк+на+скале".encode(),
    ],
    "escapes nobody needs": [b"prompt=a+plain+cup", b"%70rompt=%61%20pl%61in%20cup"],
    "composed and decomposed": [b"prompt=caf%C3%A9", b"prompt=cafe%CC%81"],
    "white space": [
        b"prompt=a+white+space",
        b"prompt=a%20white%20space",
        b"prompt=++a++white+++space+",
        b"prompt=a%09white%0D%0Aspace",
        b"prompt=a%C2%A0white%E3%80%80space",
    ],
    "what nobody sees": [
        b"prompt=an+honest+text",
        b"prompt=an+hon%E2%80%AEest+text",
        b"prompt=%EF%BB%BFan+honest%E2%80%8B+text%E2%81%A9",
    ],
    "spellings of a ratio": [
        b"prompt=a+wide+view&aspectRatio=16:9",
        b"prompt=a+wide+view&aspectRatio=16%3A9",
        b"prompt=a+wide+view&aspectRatio=16x9",
        b"prompt=a+wide+view&aspectRatio=1920:1080",
        b"prompt=a+wide+view&aspectRatio=1920x1080",
        b"ar=16:9&prompt=a+wide+view",
    ],
    "defaults said aloud": [
        b"prompt=a+loud+voice",
        b"prompt=a+loud+voice&aspectRatio=1:1",
        b"prompt=a+loud+voice&autoEnhance=false",
        b"prompt=a+loud+voice&model=" + DEFAULT_MODEL.encode(),
        b"prompt=a+loud+voice&wait=55",
        b"prompt=a+loud+voice&wait=7",
    ],
    "what only follows people around": [
        b"prompt=a+follower",
        b"prompt=a+follower&utm_source=x&utm_medium=%ff",
        b"prompt=a+follower&_=123&fbclid=x&gclid=y",
        b"&&prompt=a+follower&",
    ],
    "base64": [
        "prompt=ein gr%C3%BCner Baum".replace(" ", "+").encode(),
        b"prompt64=ZWluIGdyw7xuZXIgQmF1bQ",
        b"prompt64=ZWluIGdyw7xuZXIgQmF1bQ==",
    ],
}

# Of each row, no two are the same picture.
DIFFERENT: dict[str, list[str]] = {
    "compatibility characters": ["prompt=10%C2%B2", "prompt=102"],
    "ligatures": ["prompt=%EF%AC%81sh", "prompt=fish"],
    "case": ["prompt=Polish", "prompt=polish", "prompt=POLISH"],
    "joiners": ["prompt=%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80", "prompt=%F0%9F%91%A9%F0%9F%9A%80"],
    "what was asked beside it": [
        "prompt=a+crowded+room",
        "prompt=a+crowded+room&aspectRatio=16:9",
        "prompt=a+crowded+room&aspectRatio=9:16",
        "prompt=a+crowded+room&seed=0",
        "prompt=a+crowded+room&seed=1",
        "prompt=a+crowded+room&autoEnhance=true",
        "prompt=a+crowded+room&autoEnhance=true&template=comic",
        f"prompt=a+crowded+room&model={OTHER_MODEL}",
    ],
}


def get(server: LiveServer, target: bytes, *lines: bytes) -> httpx.Response:
    head = [b"GET %s HTTP/1.1" % target, *(lines or [b"Host: localhost"]), b"Connection: close"]
    head.append(f"X-API-Key: {API_KEY}".encode())
    (reply,) = talk(server.process.port, b"\r\n".join(head) + b"\r\n\r\n")
    return httpx.Response(reply.status, headers=reply.headers, content=reply.body)


def ensure_hit(answer: httpx.Response, first: httpx.Response) -> None:
    assert answer.status_code == 200
    assert answer.headers["x-cache-status"] == "HIT"
    for name in ("etag", "x-image-id"):
        assert answer.headers[name] == first.headers[name]
    assert picture_tag(answer) == picture_tag(first)
    assert answer.content == first.content


def picture_tag(answer: httpx.Response) -> str:
    """The other tags are the door's."""
    return answer.headers["cache-tag"].split(",")[1]


@pytest.mark.parametrize("row", SAME)
def test_they_mean_the_same_picture(paid: LiveServer, row: str) -> None:
    first, *others = (get(paid, LIVE + query) for query in SAME[row])
    assert first.headers["x-cache-status"] == "MISS"
    assert others
    for answer in others:
        ensure_hit(answer, first)


@pytest.mark.parametrize("row", DIFFERENT)
def test_they_mean_different_pictures(paid: LiveServer, row: str) -> None:
    answers = [paid.ask(f"/api/v1/live?{query}", key=API_KEY) for query in DIFFERENT[row]]
    for one, other in combinations(answers, 2):
        for name in ("etag", "x-image-id", "cache-tag"):
            assert one.headers[name] != other.headers[name]


def test_one_projects_picture_is_not_anothers(paid: LiveServer, prompt: str) -> None:
    ours = paid.make(program(prompt))
    theirs = paid.ask(program(prompt), key=paid.keys.stranger)
    assert theirs.headers["x-cache-status"] == "MISS"
    assert theirs.headers["x-image-id"] != ours.headers["x-image-id"]
    assert theirs.headers["cache-tag"] != ours.headers["cache-tag"]


def test_every_door_of_a_project_leads_to_the_same_picture(paid: LiveServer, prompt: str) -> None:
    first = paid.make(program(prompt))
    for target in (page(prompt), page(prompt, "closed"), page(prompt, "sealed"), signed(prompt)):
        ensure_hit(paid.ask(target), first)
    ensure_hit(paid.ask(page(prompt), key=paid.keys.stranger), first)
    ensure_hit(paid.ask(program(prompt), Authorization=f"Bearer {API_KEY}"), first)


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.1:3000", b"[::1]:80", b"pics.example"])
def test_the_name_of_the_host_means_nothing(paid: LiveServer, host: bytes) -> None:
    first = paid.make("/api/v1/live?prompt=a+house+with+many+names")
    target = LIVE + b"prompt=a+house+with+many+names"
    ensure_hit(get(paid, target, b"Host: " + host), first)
    ensure_hit(get(paid, b"http://" + host + target, b"Host: " + host), first)


# Fields that caches and frameworks have been poisoned with, and the everyday ones.
FIELDS = {
    "X-Forwarded-For": ["203.0.113.9", "127.0.0.1, unknown"],
    "X-Forwarded-Host": ["evil.example", "localhost"],
    "X-Forwarded-Proto": ["https", "gopher"],
    "X-Forwarded-Prefix": ["/elsewhere"],
    "Forwarded": ['for="[::1]";host=evil.example;proto=https'],
    "X-Original-URL": ["/api/v1/live?prompt=other"],
    "X-Rewrite-URL": ["/health"],
    "X-HTTP-Method-Override": ["DELETE", "HEAD"],
    "X-Host": ["evil.example"],
    "X-Real-IP": ["203.0.113.9"],
    "X-Request-Id": ["chosen-by-the-caller"],
    "Accept": ["image/avif,image/*;q=0.8", "text/html", "application/json", "*/*;q=0", "nonsense"],
    "Accept-Encoding": ["gzip, br, zstd", "identity;q=0"],
    "Accept-Language": ["ru", "*"],
    "Accept-Charset": ["utf-7"],
    "Cookie": ["session=1", "prompt=other"],
    "Origin": ["https://evil.example", "null"],
    "Referer": ["https://evil.example/page"],
    "User-Agent": ["Mozilla/5.0", "Twitterbot/1.0", ""],
    "Cache-Control": ["no-cache", "max-age=0", "no-store", "only-if-cached"],
    "Pragma": ["no-cache"],
    "Sec-Fetch-Dest": ["image", "document"],
    "Sec-Purpose": ["prefetch"],
    "DPR": ["3"],
    "Sec-CH-DPR": ["2.0"],
    "Save-Data": ["on"],
    "Viewport-Width": ["320"],
    "Prefer": ["respond-async", "wait=0"],
    "TE": ["trailers"],
    "Via": ["1.1 somewhere"],
    "If-Match": ['"another"'],
    "If-Unmodified-Since": ["Mon, 01 Jan 2001 00:00:00 GMT"],
    "Range": ["bytes=abc"],
}


@pytest.mark.parametrize("door", ["program", "page"])
def test_no_other_field_changes_a_byte(paid: LiveServer, prompt: str, door: str) -> None:
    paid.make(program(prompt))
    target, key = (program(prompt), API_KEY) if door == "program" else (page(prompt), None)
    first = paid.ask(target, key=key)
    dice = random.Random(20)
    for turn in range(100):
        names = dice.sample(sorted(FIELDS), dice.randint(1, 8))
        fields = {name: dice.choice(FIELDS[name]) for name in names}
        # In turns past the memo and through it: each asks for other answers to be prepared.
        other = paid.client.get(target, headers=fields | ({"X-API-Key": key} if key else {}))
        assert other.status_code == 200, (turn, fields, other.text)
        assert other.content == first.content, fields
        assert lines_of(other) == lines_of(first), fields


def lines_of(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


@pytest.mark.parametrize(
    "fields",
    [
        {"X-Forwarded-Host": "evil.example", "Accept": "image/webp", "Cookie": "prompt=other"},
        {"X-Original-URL": "/health", "Accept-Language": "ru", "Origin": "https://evil.example"},
        {"User-Agent": "Mozilla/5.0", "DPR": "3", "Range": "bytes=0-9"},
    ],
)
def test_whoever_has_it_made_decides_nothing_about_it(
    paid: LiveServer, prompt: str, fields: dict[str, str]
) -> None:
    key = {"X-API-Key": API_KEY}
    made = paid.client.get(program(prompt), headers=key | fields)
    assert made.headers["x-cache-status"] == "MISS"
    whole = paid.ask(program(prompt), key=API_KEY)
    assert whole.headers["etag"] == made.headers["etag"]
    assert whole.content.startswith(made.content)


def test_a_hot_url_answers_as_its_first_hit_did(paid: LiveServer, prompt: str) -> None:
    paid.make(program(prompt))
    for target, key in ((program(prompt), API_KEY), (page(prompt), None), (signed(prompt), None)):
        first, *hot = (paid.ask(target, key=key) for _ in range(6))
        assert first.headers["x-cache-status"] == "HIT"
        for answer in hot:
            ensure_hit(answer, first)
            if "sig=" not in target:
                assert lines_of(answer) == lines_of(first)


def test_a_hot_url_is_counted_and_logged_like_any_other(paid: LiveServer, prompt: str) -> None:
    paid.make(program(prompt))
    # Two routes in turns, so that each is answered hot between the other's requests.
    route = "/cdn/{organization}/{project}/live/{scope}"
    counted = {name: served(paid, name) for name in ("/api/v1/live", route, "unmatched")}
    for _ in range(5):
        paid.ask(program(prompt), key=API_KEY)
        paid.ask(page(prompt))
    # Counted once an answer has left, which may be a moment after it arrived.
    for name, more in (("/api/v1/live", 5), (route, 5), ("unmatched", 0)):
        until(lambda: served(paid, name) == counted[name] + more, f"the count of {name}")  # noqa: B023 - used at once
    lines = [line for line in paid.events() if line.get("event") == "request"]
    by_key = [line["key"] for line in lines if line["route"] == "/api/v1/live"][-5:]
    assert len(set(by_key)) == 1
    assert by_key[0] is not None
    assert [line["key"] for line in lines if line["route"] == route][-5:] == [None] * 5


def served(server: LiveServer, route: str) -> float:
    return server.process.metric("edge_requests_total", route=route)


def test_a_memo_serves_nobody_else(paid: LiveServer, prompt: str) -> None:
    paid.make(program(prompt))
    for _ in range(3):
        assert paid.ask(program(prompt), key=API_KEY).status_code == 200
        assert paid.ask(program(prompt)).status_code == 401
        assert paid.ask(program(prompt), key=paid.keys.revoked).status_code == 401
        assert paid.ask(program(prompt), key=API_KEY, Authorization="Bearer x").status_code == 400
        assert paid.ask(program(prompt), key=paid.keys.images_only).status_code == 403
        assert paid.ask(program(prompt), key=API_KEY, method="HEAD").content == b""
        etag = paid.ask(program(prompt), key=API_KEY).headers["etag"]
        assert paid.ask(program(prompt), key=API_KEY, If_None_Match=etag).status_code == 304
        assert paid.ask(program(prompt), key=API_KEY, Range="bytes=0-3").status_code == 206
        assert paid.ask(page_path() + program(prompt)[12:]).headers["cache-control"][:6] == "public"
