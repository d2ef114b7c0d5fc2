"""Every outcome without a picture: its status, its lines, and that nothing was made or paid."""

from collections.abc import Iterator

import pytest

from tests.edge.header_sets import MISS, PRIVATE, ensure_error, ensure_picture, ensure_png
from tests.edge.live_server import (
    LiveServer,
    live_server,
    page,
    paid_settings,
    program,
    signed,
)
from tests.fleet.crowd import until
from tests.fleet.processes import API_KEY
from tests.standins.replicate import ReplicateStandin

RETRY = {"retry-after"}


@pytest.fixture(scope="module")
def limited(
    tmp_path_factory: pytest.TempPathFactory, replicate_process: ReplicateStandin
) -> Iterator[LiveServer]:
    """A server with money for two pictures, and little patience with its provider."""
    settings = paid_settings(replicate_process) | {
        "EDGE_DAILY_BUDGET": "0.006",
        "EDGE_GENERATION_DEADLINE": "2.5",
        "EDGE__GENERATOR__CALL_TIMEOUT": "2",
    }
    with live_server(tmp_path_factory.mktemp("limited"), **settings) as server:
        yield server


def test_without_a_key_a_program_is_told_which_one_to_bring(paid: LiveServer, prompt: str) -> None:
    for target in (program(prompt), program(prompt, nonsense="1"), "/api/v1/live"):
        answer = paid.ask(target)
        challenge = {"www-authenticate": 'ApiKey realm="edge"'}
        ensure_error(answer, 401, "UNAUTHORIZED", extra=challenge)


def test_a_bad_request_lists_its_bad_fields(paid: LiveServer) -> None:
    answer = paid.ask(program("", aspectRatio="17:9", sed="7", wait="99"), key=API_KEY)
    error = ensure_error(answer, 400, "VALIDATION_ERROR")
    assert {(field["name"], field["code"]) for field in error["fields"]} == {
        ("prompt", "PROMPT_EMPTY"),
        ("aspectRatio", "ASPECT_RATIO_UNSUPPORTED"),
        ("sed", "UNKNOWN_PARAMETER"),
        ("wait", "WAIT_INVALID"),
    }
    suggested = {field["name"]: field.get("suggestion") for field in error["fields"]}
    assert suggested["sed"] == "seed"
    assert suggested["aspectRatio"] == "16:9"


async def test_who_may_only_read_cannot_have_one_made(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    answer = paid.ask(program(prompt), key=paid.keys.reader)
    ensure_error(answer, 403, "FORBIDDEN")
    stranger = paid.ask(page(prompt))
    ensure_error(stranger, 403, "SPENDING_NOT_ALLOWED", detail="spending-not-allowed")
    forged = paid.ask(signed(prompt)[:-2] + "AA")
    ensure_error(forged, 403, "SIGNATURE_INVALID")
    assert await replicate_standin.created() == 0


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (page("x", "nobody-made-this"), "SCOPE_NOT_FOUND"),
        (page("x", "Not%20A%20Slug"), "SCOPE_NOT_FOUND"),
        (page("x", "page%00"), "SCOPE_NOT_FOUND"),
        (page("x", project="nobodys"), "PROJECT_NOT_FOUND"),
        (page("x", project="si%00te"), "PROJECT_NOT_FOUND"),
        (page("x", project="hidden"), "PROJECT_NOT_FOUND"),
        (page("x", "nobody-made-this", project="hidden"), "PROJECT_NOT_FOUND"),
        ("/cdn/nobody/site/live/page?prompt=x", "PROJECT_NOT_FOUND"),
        ("/cdn/main/site/live?prompt=x", "NOT_FOUND"),
        ("/cdn/main/site/live/page/?prompt=x", "NOT_FOUND"),
        ("/cdn/main/site/live/page/more?prompt=x", "NOT_FOUND"),
    ],
)
def test_what_is_not_there_is_not_there(paid: LiveServer, target: str, code: str) -> None:
    ensure_error(paid.ask(target), 404, code)


@pytest.mark.parametrize("target", ["/api/v1/live/?prompt=x", "/api/v1/nothing", "/nothing"])
def test_other_addresses_are_read_by_nobody_else(paid: LiveServer, target: str) -> None:
    reading = {"cross-origin-resource-policy": "same-origin"}
    ensure_error(paid.ask(target, key=API_KEY), 404, "NOT_FOUND", reading=reading)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_only_reading_methods_are_taken(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str, method: str
) -> None:
    for target in (program(prompt), signed(prompt)):
        answer = paid.ask(
            target, key=API_KEY, method=method, X_HTTP_Method_Override="GET", X_Method="GET"
        )
        allow = {"allow": "GET, HEAD, OPTIONS"}
        ensure_error(answer, 405, "METHOD_NOT_ALLOWED", extra=allow)
    assert await replicate_standin.created() == 0


def test_an_error_to_head_has_the_lines_of_the_one_to_get(paid: LiveServer) -> None:
    got, headed = (
        paid.ask(program("x", nonsense="1"), key=API_KEY, method=method)
        for method in ("GET", "HEAD")
    )
    assert headed.content == b""
    changing = {"date": "", "x-request-id": ""}
    assert dict(headed.headers) | changing == dict(got.headers) | changing


# What the provider does; the status, code and detail it becomes; the seconds it is remembered.
FAILURES: dict[str, tuple[dict[str, str], int, str, str, int]] = {
    name: ({"on": on, "do": do}, status, code, detail, pause)
    for name, on, do, status, code, detail, pause in (
        ("a failed job", "outcome", "failed", 502, "GENERATOR_FAILED", "generator-error", 5),
        ("no output", "outcome", "empty", 502, "GENERATOR_FAILED", "generator-error", 5),
        ("a sick provider", "create", "500", 502, "GENERATOR_FAILED", "generator-error", 5),
        ("a web page", "file", "html", 502, "GENERATOR_FAILED", "generator-error", 30),
        ("half a picture", "file", "half", 502, "GENERATOR_FAILED", "generator-error", 30),
        ("a refusal", "outcome", "nsfw", 422, "CONTENT_REFUSED", "content-refused", 600),
    )
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure_is_told_to_everybody_for_a_while(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str, name: str
) -> None:
    step, status, code, detail, pause = FAILURES[name]
    await replicate_standin.script(step)
    first = paid.ask(program(prompt), key=API_KEY)
    ensure_error(first, status, code, detail=detail, also=RETRY)
    assert pause - 2 <= int(first.headers["retry-after"]) <= pause
    tried = await replicate_standin.created()
    again = paid.ask(signed(prompt))
    ensure_error(again, status, code, detail=detail, also=RETRY)
    at_once = paid.ask(program(prompt, wait="0"), key=API_KEY)
    ensure_error(at_once, status, code, detail=detail, also=RETRY)
    shown = paid.ask(signed(prompt, wait="0"), Sec_Fetch_Dest="image")
    ensure_error(shown, status, code, detail=detail, also=RETRY)
    ensure_png(shown, "1:1")
    assert await replicate_standin.created() == tried


async def test_a_busy_provider_is_left_alone_and_then_asked_again(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    await replicate_standin.script({"on": "create", "do": "429", "retry_after": 2})
    first = paid.ask(program(prompt), key=API_KEY)
    ensure_error(first, 503, "GENERATOR_BUSY", detail="generator-busy", also=RETRY)
    assert 2 <= int(first.headers["retry-after"]) <= 3
    other = paid.ask(program(f"{prompt}, another one"), key=API_KEY)
    ensure_error(other, 503, "GENERATOR_BUSY", detail="generator-busy", also=RETRY)
    assert await replicate_standin.created() == 0
    await until(
        lambda: paid.ask(program(prompt), key=API_KEY).status_code == 200, what="the picture"
    )
    assert await replicate_standin.created() == 1


async def test_a_generation_past_its_deadline_is_cancelled(
    limited: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    await replicate_standin.script({"on": "outcome", "do": "never"})
    answer = limited.ask(program(prompt), key=API_KEY)
    ensure_error(answer, 504, "GENERATION_TIMEOUT", detail="generation-deadline", also=RETRY)
    assert 28 <= int(answer.headers["retry-after"]) <= 30
    assert answer.elapsed.total_seconds() >= 2.5
    counted = await replicate_standin.calls()
    assert (counted["created"], counted["cancels"]) == (1, 1)


async def test_beyond_the_budget_only_stored_pictures_answer(
    limited: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    answers = [limited.ask(program(f"{prompt} {n}"), key=API_KEY) for n in range(3)]
    refused = answers[-1]
    ensure_error(refused, 429, "BUDGET_EXHAUSTED", detail="budget", also=RETRY)
    assert 1 <= int(refused.headers["retry-after"]) <= 86_400
    made = [answer for answer in answers if answer.status_code == 200]
    assert await replicate_standin.created() == len(made)
    for answer in made:
        ensure_picture(answer, PRIVATE, MISS)
        assert limited.ask(str(answer.request.url), key=API_KEY).content == answer.content
    elsewhere = limited.ask(signed(f"{prompt} 2"), Sec_Fetch_Dest="image")
    ensure_error(elsewhere, 429, "BUDGET_EXHAUSTED", detail="budget", also=RETRY)
    ensure_png(elsewhere, "1:1")
    assert await replicate_standin.created() == len(made)
