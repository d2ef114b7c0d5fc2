"""Who may have a picture made: signatures, scopes, and the switches of the operator."""

import time
from collections.abc import Callable
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import pytest

from tests.edge.header_sets import (
    HIT,
    MISS,
    PRIVATE,
    PUBLIC,
    ensure_error,
    ensure_picture,
)
from tests.edge.live_server import (
    DAY,
    OTHER_MODEL,
    SIGNING_KEYS,
    LiveServer,
    page,
    page_path,
    program,
    signed,
)
from tests.fleet.processes import API_KEY
from tests.servers.process import until
from tests.standins.replicate import ReplicateStandin

NOT_ALLOWED = (403, "SPENDING_NOT_ALLOWED")
WHY_NOT = "spending-not-allowed"


def ensure_made(answer: httpx.Response) -> None:
    at_cdns = {"cdn-cache-control": answer.headers.get("cdn-cache-control", "")}
    ensure_picture(answer, PUBLIC | at_cdns, MISS)


@pytest.mark.parametrize(
    "door",
    [
        page,
        lambda prompt: page(prompt, "sealed"),
        lambda prompt: page(prompt, "closed"),
        lambda prompt: signed(prompt, "closed"),
    ],
)
async def test_a_stranger_reads_but_does_not_spend(
    paid: LiveServer,
    replicate_standin: ReplicateStandin,
    prompt: str,
    door: Callable[[str], str],
) -> None:
    for fields in ({}, {"Referer": "https://shop.example/"}, {"Cache-Control": "no-cache"}):
        answer = paid.client.get(door(prompt), headers=fields)
        ensure_error(answer, *NOT_ALLOWED, detail=WHY_NOT)
    assert await replicate_standin.created() == 0
    paid.make(program(prompt))
    answer = paid.ask(door(prompt))
    ensure_picture(answer, HIT, _kept(answer))


def _kept(answer: httpx.Response) -> dict[str, str]:
    at_cdns = {"cdn-cache-control": answer.headers.get("cdn-cache-control", "")}
    return PUBLIC | at_cdns


@pytest.mark.parametrize("scope", ["page", "sealed", "open"])
async def test_a_signature_may_spend(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str, scope: str
) -> None:
    ensure_made(paid.ask(signed(prompt, scope)))
    ensure_picture(paid.ask(page(prompt)), PUBLIC, HIT)
    assert await replicate_standin.created() == 1


@pytest.mark.parametrize("scope", ["page", "sealed", "open"])
async def test_a_key_may_spend_on_a_page(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str, scope: str
) -> None:
    ensure_picture(paid.ask(page(prompt, scope), key=API_KEY), PRIVATE, MISS)
    assert await replicate_standin.created() == 1


async def test_a_scope_may_be_open_to_everybody(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    ensure_picture(paid.ask(page(prompt, "open")), PUBLIC, MISS)
    assert await replicate_standin.created() == 1


async def test_a_scope_may_allow_some_models_only(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    for target in (page(prompt, "dev"), signed(prompt, "dev")):
        ensure_error(paid.ask(target), 403, "FORBIDDEN")
    assert await replicate_standin.created() == 0
    ensure_picture(paid.ask(page(prompt, "dev", model=OTHER_MODEL)), PUBLIC, MISS)
    assert await replicate_standin.created() == 1


def test_as_long_as_pictures_are_free_a_page_needs_no_signature(
    painter: LiveServer, prompt: str
) -> None:
    made = painter.ask(page(prompt))
    assert (made.status_code, made.headers["x-cache-status"]) == (200, "MISS")
    for scope in ("sealed", "closed"):
        answer = painter.ask(page(f"{prompt}, {scope}", scope))
        ensure_error(answer, *NOT_ALLOWED, detail=WHY_NOT)


def changed(target: str, **given: str) -> str:
    """The signed URL with some parameters replaced, and the signature as it was."""
    parts = urlsplit(target)
    return f"{parts.path}?{urlencode(dict(parse_qsl(parts.query)) | given)}"


def without(target: str, name: str) -> str:
    parts = urlsplit(target)
    return f"{parts.path}?{urlencode([p for p in parse_qsl(parts.query) if p[0] != name])}"


def end_in(seconds: int) -> str:
    return str(int(time.time()) + seconds)


FORGERIES: dict[str, Callable[[str], str]] = {
    "another prompt": lambda url: changed(url, prompt="a lighthouse with one more letter"),
    "another case": lambda url: url.replace("lighthouse", "Lighthouse"),
    "another ratio": lambda url: changed(url, aspectRatio="9:16"),
    "another seed": lambda url: changed(url, seed="8"),
    "one parameter more": lambda url: changed(url, autoEnhance="true"),
    "one parameter less": lambda url: without(url, "seed"),
    "a later end": lambda url: changed(url, exp=end_in(90 * DAY)),
    "an end in another spelling": lambda url: changed(url, exp="0" + dict_of(url)["exp"]),
    "another scope": lambda url: url.replace("/live/page?", "/live/open?"),
    "another project": lambda url: url.replace("/main/site/", "/main/hidden/"),
    "the other key's name": lambda url: changed(url, kid="old"),
    "an unknown key": lambda url: changed(url, kid="nobodys"),
    "no key": lambda url: without(url, "kid"),
    "no end": lambda url: without(url, "exp"),
    "no signature": lambda url: without(url, "sig"),
    "an empty signature": lambda url: changed(url, sig=""),
    "a shorter signature": lambda url: changed(url, sig=dict_of(url)["sig"][:-1]),
    "a padded signature": lambda url: changed(url, sig=dict_of(url)["sig"] + "="),
    "a signature beyond ASCII": lambda url: changed(url, sig="ä" * 43),
    "a signature in capitals": lambda url: changed(url, sig=dict_of(url)["sig"].swapcase()),
}


def dict_of(target: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(target).query))


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_signature_gets_nothing(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str, name: str
) -> None:
    honest = signed(prompt, seed="7", aspectRatio="16:9")
    forged = FORGERIES[name](honest)
    assert forged != honest
    ensure_error(paid.ask(forged), 403, "SIGNATURE_INVALID")
    paid.make(program(prompt, seed="7", aspectRatio="16:9"))
    ensure_error(paid.ask(forged), 403, "SIGNATURE_INVALID")
    assert await replicate_standin.created() == 1


def test_a_signature_comes_before_every_other_check(paid: LiveServer) -> None:
    for target in (
        changed(signed("x"), nonsense="1"),
        changed(signed("x"), prompt=""),
        changed(signed("x", "nobodys"), seed="1"),
        changed(signed("x", project="nobodys"), seed="1"),
    ):
        ensure_error(paid.ask(target), 403, "SIGNATURE_INVALID")
    bad = signed("x", nonsense="1")
    ensure_error(paid.ask(bad), 400, "VALIDATION_ERROR")


async def test_a_signature_ends(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    paid.make(program(prompt))
    over = signed(prompt, expires_in=-1)
    ensure_error(paid.ask(over), 410, "URL_EXPIRED")
    ensure_error(paid.ask(changed(over, seed="1")), 403, "SIGNATURE_INVALID")
    too_far = signed(prompt, expires_in=367 * DAY)
    ensure_error(paid.ask(too_far), 403, "SIGNATURE_INVALID")
    for text in (prompt, f"{prompt}, another"):
        ensure_error(paid.ask(signed(text, expires_in=-DAY)), 410, "URL_EXPIRED")
    assert await replicate_standin.created() == 1


def test_a_hot_signed_url_ends_on_time(paid: LiveServer, prompt: str) -> None:
    paid.make(program(prompt))
    target = signed(prompt, expires_in=2)
    end = int(dict_of(target)["exp"])
    seen = set()

    def over() -> bool:
        asked = time.time()
        status = paid.ask(target).status_code
        assert status == 200 or time.time() >= end
        assert status == 410 or asked < end
        seen.add(status)
        return asked >= end

    until(over, "the end of the signature")
    assert seen == {200, 410}


async def test_the_key_before_a_rotation_still_signs(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    ensure_made(paid.ask(signed(prompt, keys=SIGNING_KEYS[1:])))
    strange = signed(prompt, keys=(("new", b"\x99" * 32),))
    ensure_error(paid.ask(strange), 403, "SIGNATURE_INVALID")
    assert await replicate_standin.created() == 1


async def test_a_signature_survives_being_written_differently(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    text = f"{prompt} über  dem Fluß"
    honest = signed(text, aspectRatio="16:9")
    first = paid.ask(honest)
    assert first.status_code == 200
    given = dict_of(honest)
    reordered = "&".join(
        f"{name}={quote(value, safe='')}" for name, value in reversed(given.items())
    )
    decomposed = given["prompt"].replace("ü", "u\u0308")
    for query in (
        reordered,
        reordered.replace("%C3%BC", "%c3%bc"),
        reordered + "&utm_source=newsletter",
        urlencode(given | {"prompt": f"  {decomposed} \u200b"}),
    ):
        answer = paid.ask(f"{page_path()}?{query}")
        assert answer.headers["x-image-id"] == first.headers["x-image-id"]
    assert await replicate_standin.created() == 1


@pytest.mark.parametrize("fields", [{"Cache-Control": "no-cache"}, {"Pragma": "no-cache"}])
async def test_nobody_has_a_picture_made_again(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str, fields: dict[str, str]
) -> None:
    paid.make(program(prompt))
    for target in (program(prompt), signed(prompt), page(prompt, "open")):
        answer = paid.client.get(target, headers=fields | {"X-API-Key": API_KEY})
        assert answer.headers["x-cache-status"] == "HIT"
    assert await replicate_standin.created() == 1
