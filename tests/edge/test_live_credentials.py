"""Who may come in: keys of every fate, at both doors, and how fast a revoked one is stopped."""

import time

import anyio
import httpx
import pytest

from core.records.records import Records
from tests.edge.header_sets import (
    CLOSED,
    HIT,
    MISS,
    PRIVATE,
    ensure_error,
    ensure_picture,
    envelope_of,
)
from tests.edge.linting import ensure_sound
from tests.edge.live_server import (
    OTHER_MODEL,
    LiveServer,
    page,
    program,
    signed,
)
from tests.edge.server.raw_http import talk
from tests.fleet.processes import API_KEY
from tests.standins.replicate import ReplicateStandin

CHALLENGE = {"www-authenticate": 'ApiKey realm="edge"'}


@pytest.fixture(scope="module")
def stored(paid: LiveServer) -> str:
    text = "a picture everybody may look at"
    paid.make(program(text))
    return text


def refused_keys(server: LiveServer) -> dict[str, str]:
    """Secrets that open nothing."""
    return {
        "unknown": "bnt_" + "0" * 64,
        "revoked": server.keys.revoked,
        "expired": server.keys.expired,
        "another form": "sk-" + "0" * 64,
        "upper case": API_KEY.upper(),
        "too short": API_KEY[:-1],
        "too long": API_KEY + "0",
        "empty": "",
        "full-width digits": "bnt_" + "\uff11" * 64,
    }


@pytest.mark.parametrize("door", [program, page, signed])
def test_every_wrong_key_gets_the_very_same_answer(
    paid: LiveServer, stored: str, door: object
) -> None:
    answers = []
    for secret in refused_keys(paid).values():
        by_scheme = b"Bearer " + (secret.encode() or b"\xff")
        for fields in ({"X-API-Key": secret.encode()}, {"Authorization": by_scheme}):
            answer = paid.client.get(door(stored), headers=fields)
            ensure_sound(answer)
            ensure_error(answer, 401, "UNAUTHORIZED", extra=CHALLENGE)
            answers.append(answer)
    assert len({answer.headers["content-length"] for answer in answers}) == 1
    bodies = {answer.text.replace(answer.headers["x-request-id"], "") for answer in answers}
    assert len(bodies) == 1


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_is_the_same_key(paid: LiveServer, stored: str, scheme: str) -> None:
    answer = paid.ask(program(stored), Authorization=f"{scheme} {API_KEY}")
    ensure_picture(answer, PRIVATE, HIT)
    both = paid.ask(program(stored), key=API_KEY, Authorization=f"{scheme} {API_KEY}")
    ensure_picture(both, PRIVATE, HIT)


def test_another_scheme_is_no_key(paid: LiveServer, stored: str) -> None:
    for value in ("Basic dXNlcjpwYXNz", API_KEY):
        answer = paid.ask(program(stored), Authorization=value)
        ensure_error(answer, 401, "UNAUTHORIZED", extra=CHALLENGE)


def test_two_keys_are_a_mistake(paid: LiveServer, stored: str) -> None:
    other = paid.keys.stranger
    for door in (program, page):
        twice = "".join(f"X-API-Key: {secret}\r\n" for secret in (API_KEY, API_KEY))
        head = f"GET {door(stored)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{twice}\r\n"
        (reply,) = talk(paid.process.port, head.encode())
        assert reply.status == 400
        answers = [
            paid.ask(door(stored), key=API_KEY, Authorization=f"Bearer {other}"),
            httpx.Response(
                reply.status,
                headers=reply.headers,
                content=reply.body,
                request=httpx.Request("GET", "http://a/"),
            ),
        ]
        for answer in answers:
            (field,) = envelope_of(answer)["fields"]
            assert (field["name"], field["code"]) == ("X-API-Key", "CREDENTIALS_CONFLICT")


async def test_a_key_and_a_signature_of_different_projects_are_a_mistake(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    answer = paid.ask(signed(prompt), key=paid.keys.stranger)
    (field,) = ensure_error(answer, 400, "VALIDATION_ERROR", reading=CLOSED)["fields"]
    assert field["code"] == "CREDENTIALS_CONFLICT"
    assert await replicate_standin.created() == 0


@pytest.mark.parametrize("door", [program, page])
def test_a_wrong_signature_spoils_a_right_key(paid: LiveServer, stored: str, door: object) -> None:
    target = door(stored) + "&kid=new&exp=4000000000&sig=AAAA"
    ensure_error(paid.ask(target, key=API_KEY), 403, "SIGNATURE_INVALID")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_master_key_has_no_business_with_pictures(
    paid: LiveServer, replicate_standin: ReplicateStandin, stored: str, prompt: str, method: str
) -> None:
    for text in (stored, prompt):
        answer = paid.ask(program(text), key=paid.keys.master, method=method)
        ensure_error(answer, 403, "FORBIDDEN")
    if method == "GET":
        ensure_picture(paid.ask(page(stored), key=paid.keys.master), PRIVATE, HIT)
        absent = paid.ask(page(prompt), key=paid.keys.master)
        ensure_error(absent, 403, "SPENDING_NOT_ALLOWED", detail="spending-not-allowed")
    hidden = paid.ask(page(stored, project="hidden"), key=paid.keys.master, method=method)
    ensure_error(hidden, 404, "PROJECT_NOT_FOUND")
    assert await replicate_standin.created() == 0


@pytest.mark.parametrize("door", [program, page])
async def test_a_reading_key_reads(
    paid: LiveServer,
    replicate_standin: ReplicateStandin,
    stored: str,
    prompt: str,
    door: object,
) -> None:
    ensure_picture(paid.ask(door(stored), key=paid.keys.reader), PRIVATE, HIT)
    ensure_error(paid.ask(door(prompt), key=paid.keys.reader), 403, "FORBIDDEN")
    assert paid.ask(door(prompt), key=paid.keys.reader, method="HEAD").status_code == 200
    assert await replicate_standin.created() == 0


async def test_a_generating_key_reads_and_has_pictures_made(
    paid: LiveServer, replicate_standin: ReplicateStandin, stored: str, prompt: str
) -> None:
    ensure_picture(paid.ask(program(stored), key=paid.keys.maker), PRIVATE, HIT)
    ensure_picture(paid.ask(program(prompt), key=paid.keys.maker), PRIVATE, MISS)
    assert await replicate_standin.created() == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_key_for_other_things_sees_no_live_picture(
    paid: LiveServer, stored: str, method: str
) -> None:
    answer = paid.ask(program(stored), key=paid.keys.images_only, method=method)
    ensure_error(answer, 403, "FORBIDDEN")


async def test_a_key_for_one_model_gets_no_other(
    paid: LiveServer, replicate_standin: ReplicateStandin, stored: str, prompt: str
) -> None:
    for text in (stored, prompt):
        ensure_error(paid.ask(program(text), key=paid.keys.one_model), 403, "FORBIDDEN")
    assert await replicate_standin.created() == 0
    allowed = paid.ask(program(prompt, model=OTHER_MODEL), key=paid.keys.one_model)
    ensure_picture(allowed, PRIVATE, MISS)
    (create,) = (await replicate_standin.calls())["creates"]
    assert create["model"] == OTHER_MODEL


def test_a_private_project_is_not_there_for_strangers(paid: LiveServer, prompt: str) -> None:
    target = page(prompt, project="hidden")
    paid.ask(target, key=paid.keys.stranger)
    for key in (None, API_KEY, paid.keys.reader):
        for scope in ("page", "none"):
            hidden = paid.ask(page(prompt, scope, project="hidden"), key=key)
            nobodys = paid.ask(page(prompt, scope, project="nobodys"), key=key)
            ensure_error(hidden, 404, "PROJECT_NOT_FOUND")
            ensure_error(nobodys, 404, "PROJECT_NOT_FOUND")
            assert without_id(hidden) == without_id(nobodys)
    head = paid.ask(target, method="HEAD")
    ensure_error(head, 404, "PROJECT_NOT_FOUND")


def without_id(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    own = answer.headers["x-request-id"]
    changing = {"x-request-id": "", "date": ""}
    return answer.text.replace(own, ""), dict(answer.headers) | changing


async def test_a_private_project_opens_to_its_signature_and_its_key(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    by_signature = paid.ask(signed(prompt, project="hidden"))
    ensure_picture(by_signature, PRIVATE, MISS, reading=CLOSED)
    assert paid.ask(page(prompt, project="hidden")).status_code == 404
    by_key = paid.ask(page(prompt, project="hidden"), key=paid.keys.stranger)
    ensure_picture(by_key, PRIVATE, HIT, reading=CLOSED)
    by_program = paid.ask(program(prompt), key=paid.keys.stranger)
    ensure_picture(by_program, PRIVATE, HIT, reading=CLOSED)
    not_modified = paid.ask(
        page(prompt, project="hidden"), key=paid.keys.stranger, If_None_Match="*"
    )
    assert "access-control-allow-origin" not in not_modified.headers
    absent = paid.ask(page("x", "none", project="hidden"), key=paid.keys.stranger)
    ensure_error(absent, 404, "SCOPE_NOT_FOUND", reading=CLOSED)
    assert await replicate_standin.created() == 1


def test_a_private_projects_errors_are_not_for_other_sites(paid: LiveServer) -> None:
    for target, key in (
        (page("", project="hidden"), paid.keys.stranger),
        (program(""), paid.keys.stranger),
    ):
        ensure_error(paid.ask(target, key=key), 400, "VALIDATION_ERROR", reading=CLOSED)


async def test_a_revoked_key_is_stopped_within_five_seconds(
    paid: LiveServer, stored: str, prompt: str
) -> None:
    """Also on a URL so hot that nobody parses it any more."""

    async def create(records: Records) -> tuple[str, str]:
        project = await records.tenants.project("main", "site")
        key, secret = await records.keys.create(name="soon revoked", project=project)
        return key.id, secret

    key_id, secret = await paid.records(create)
    for target in (program(stored), page(stored)):
        for _ in range(3):
            assert paid.ask(target, key=secret).status_code == 200
    await paid.records(lambda records: records.keys.revoke(key_id))
    revoked = time.monotonic()
    # The last one is cold: nobody remembers an answer to it.
    for target in (program(stored), page(stored), program(prompt)):
        while paid.ask(target, key=secret, Cache_Control="only-if-cached").status_code != 401:
            assert time.monotonic() - revoked < 5, target
            await anyio.sleep(0.02)
    for target in (program(stored), page(stored), program(prompt)):
        ensure_error(paid.ask(target, key=secret), 401, "UNAUTHORIZED", extra=CHALLENGE)


def test_a_key_that_may_not_read_opens_what_is_open_to_strangers(
    paid: LiveServer, stored: str
) -> None:
    ensure_picture(paid.ask(page(stored), key=paid.keys.images_only), PRIVATE, HIT)


def test_a_bad_query_is_told_before_an_unknown_scope(paid: LiveServer) -> None:
    ensure_error(paid.ask(page("", "none")), 400, "VALIDATION_ERROR")
    ensure_error(paid.ask(page("x", "none")), 404, "SCOPE_NOT_FOUND")
