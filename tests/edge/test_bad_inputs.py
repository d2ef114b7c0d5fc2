"""Whatever is thrown at the live endpoint gets the right refusal, and never buys a picture.

The requests are written byte by byte: clients mend what must arrive broken.
"""

from urllib.parse import quote

import httpx
import pytest

from tests.edge.header_sets import ensure_error
from tests.edge.live_server import KEY_LINE, LiveServer, exact, page_path, program
from tests.standins.replicate import ReplicateStandin

CANARY = "canarybird"
KEYED = "/api/v1/live"
# Anybody may spend here, so only the refusal itself keeps a picture from being bought.
OPEN = page_path("open")

QUERIES: list[tuple[str, dict[str, str]]] = [
    ("", {"prompt": "PROMPT_MISSING"}),
    ("aspectRatio=16:9", {"prompt": "PROMPT_MISSING"}),
    ("prompt", {"prompt": "PROMPT_EMPTY"}),
    ("prompt=", {"prompt": "PROMPT_EMPTY"}),
    ("prompt=%20+%09%0A", {"prompt": "PROMPT_EMPTY"}),
    ("prompt=%E2%80%8B", {"prompt": "PROMPT_EMPTY"}),
    ("prompt=%E2%80%8D%EF%B8%8F", {"prompt": "PROMPT_EMPTY"}),
    ("prompt64=", {"prompt": "PROMPT_EMPTY"}),
    (f"prompt={CANARY}{'a' * 991}", {"prompt": "PROMPT_TOO_LONG"}),
    (f"prompt={quote(CANARY + '🗼' * 991)}", {"prompt": "PROMPT_TOO_LONG"}),
    ("prompt=%ff%fe", {"prompt": "INVALID_ENCODING"}),
    ("prompt=%c0%af", {"prompt": "INVALID_ENCODING"}),
    ("prompt=%ed%a0%80", {"prompt": "INVALID_ENCODING"}),
    ("prompt=%f4%90%80%80", {"prompt": "INVALID_ENCODING"}),
    (f"prompt={CANARY}&%ff=1", {"query": "INVALID_ENCODING"}),
    (f"prompt={CANARY}%zz", {"prompt": "INVALID_PERCENT_ENCODING"}),
    (f"prompt={CANARY}%", {"prompt": "INVALID_PERCENT_ENCODING"}),
    (f"prompt={CANARY}%4", {"prompt": "INVALID_PERCENT_ENCODING"}),
    (f"prompt={CANARY}%EF%BF%BD", {"prompt": "INVALID_CHARACTER"}),
    (f"prompt={CANARY}%EF%BF%BF", {"prompt": "INVALID_CHARACTER"}),
    (f"prompt={CANARY}%F0%9F%BF%BE", {"prompt": "INVALID_CHARACTER"}),
    (f"prompt={CANARY}%00", {"prompt": "CONTROL_CHARACTER"}),
    (f"prompt={CANARY}%1b[31m", {"prompt": "CONTROL_CHARACTER"}),
    (f"prompt={CANARY}%7f", {"prompt": "CONTROL_CHARACTER"}),
    (f"prompt={CANARY}%C2%9B", {"prompt": "CONTROL_CHARACTER"}),
    ("prompt64=_", {"prompt64": "INVALID_BASE64"}),
    ("prompt64=YS+v", {"prompt64": "INVALID_BASE64"}),
    ("prompt64=_w", {"prompt64": "INVALID_ENCODING"}),
    (f"prompt={CANARY}&prompt=b", {"prompt": "DUPLICATE_PARAMETER"}),
    (f"prompt={CANARY}&prompt={CANARY}", {"prompt": "DUPLICATE_PARAMETER"}),
    (f"prompt={CANARY}&prompt64=YQ", {"prompt64": "DUPLICATE_PARAMETER"}),
    (f"prompt={CANARY}&ar=1:1&aspectRatio=1:1", {"ar": "DUPLICATE_PARAMETER"}),
    (f"prompt={CANARY}&seed=1&seed=1", {"seed": "DUPLICATE_PARAMETER"}),
    (f"prompt={CANARY}&aspectratio=16:9", {"aspectratio": "UNKNOWN_PARAMETER"}),
    (f"prompt={CANARY}&aspect_ratio=16:9", {"aspect_ratio": "UNKNOWN_PARAMETER"}),
    (f"Prompt={CANARY}", {"Prompt": "UNKNOWN_PARAMETER", "prompt": "PROMPT_MISSING"}),
    (f"prompt={CANARY}&<script>=1", {"query": "UNKNOWN_PARAMETER"}),
    (f"prompt={CANARY}&=1", {"query": "UNKNOWN_PARAMETER"}),
    (f"prompt={CANARY}&aspectRatio=", {"aspectRatio": "ASPECT_RATIO_INVALID"}),
    (f"prompt={CANARY}&ar=", {"aspectRatio": "ASPECT_RATIO_INVALID"}),
    *(
        (f"prompt={CANARY}&aspectRatio={ratio}", {"aspectRatio": "ASPECT_RATIO_UNSUPPORTED"})
        for ratio in ("17:9", "0:0", "-1:1", "1e9:1", "nan", "16:9:1", "16", "016:9", "%EF%BC%91:1")
    ),
    *(
        (f"prompt={CANARY}&seed={seed}", {"seed": "SEED_INVALID"})
        for seed in ("", "-1", "2147483648", "1e3", "0x10", "%EF%BC%91", "9" * 5000)
    ),
    *(
        (f"prompt={CANARY}&wait={wait}", {"wait": "WAIT_INVALID"})
        for wait in ("", "-1", "56", "1.5", "soon")
    ),
    (f"prompt={CANARY}&autoEnhance=yes", {"autoEnhance": "AUTO_ENHANCE_INVALID"}),
    (f"prompt={CANARY}&template=comic", {"template": "TEMPLATE_WITHOUT_AUTO_ENHANCE"}),
    (f"prompt={CANARY}&autoEnhance=true&template=comics", {"template": "TEMPLATE_UNSUPPORTED"}),
    (f"prompt={CANARY}&model=", {"model": "MODEL_INVALID"}),
    (f"prompt={CANARY}&model=nobody/knows-it", {"model": "UNKNOWN_MODEL"}),
    (f"prompt={CANARY}{'&x=1' * 32}", {"query": "TOO_MANY_PARAMETERS"}),
    (f"prompt={CANARY}{'&a' * 5000}", {"query": "TOO_MANY_PARAMETERS"}),
    (
        "prompt=%00&aspectRatio=17:9&seed=x&wait=99&lens=wide",
        {
            "prompt": "CONTROL_CHARACTER",
            "aspectRatio": "ASPECT_RATIO_UNSUPPORTED",
            "seed": "SEED_INVALID",
            "wait": "WAIT_INVALID",
            "lens": "UNKNOWN_PARAMETER",
        },
    ),
]

SECRET = "bnt_" + "ab" * 32
KEYS_IN_URLS = [
    f"prompt={CANARY}&{given}"
    for given in (
        f"api_key={SECRET}",
        f"key={SECRET}",
        f"apikey={SECRET}",
        f"X-API-Key={SECRET}",
        f"access_token={SECRET}",
        f"token={SECRET}",
        "api%5Fkey=hunter2",
        "key=",
        f"seed={SECRET}",
        f"seed={SECRET.upper()}",
        f"seed={SECRET.replace('_', '%5F')}",
    )
] + [f"prompt=my+key+is+{SECRET}", f"prompt=%ff&key={SECRET}"]


def ask(port: int, path: str, query: str, *lines: bytes) -> httpx.Response:
    """GET of exactly these bytes, as the linters see it."""
    head = b"GET %s?%s HTTP/1.1\r\n" % (path.encode(), query.encode())
    more = b"".join(line + b"\r\n" for line in lines)
    answer = exact(port, head + b"Host: localhost\r\nConnection: close\r\n" + more + b"\r\n")
    for text in (CANARY, SECRET):
        assert text.encode() not in answer.content
    return answer


@pytest.mark.parametrize(("query", "blamed"), QUERIES, ids=[query[:40] for query, _ in QUERIES])
def test_a_bad_query_is_told_what_is_wrong_with_it(
    paid: LiveServer, query: str, blamed: dict[str, str]
) -> None:
    by_key = ask(paid.process.port, KEYED, query, KEY_LINE)
    by_page = ask(paid.process.port, OPEN, query)
    for answer in (by_key, by_page):
        error = ensure_error(answer, 400, "VALIDATION_ERROR")
        told = [(field["name"], field["code"]) for field in error["fields"]]
        assert sorted(told) == sorted(blamed.items())
    fields = by_key.json()["error"]["fields"]
    assert fields == by_page.json()["error"]["fields"]


@pytest.mark.parametrize(
    ("query", "suggestion"),
    [
        ("prompt=a&aspectratio=16:9", "aspectRatio"),
        ("prompt=a&aspect_ratio=16:9", "aspectRatio"),
        ("promt=a", "prompt"),
        ("prompt=a&aspectRatio=17:9", "16:9"),
        ("prompt=a&autoEnhance=true&template=comics", "comic"),
        ("prompt=a&model=flux-schnell", "black-forest-labs/flux-schnell"),
    ],
)
def test_the_nearest_right_word_is_suggested(paid: LiveServer, query: str, suggestion: str) -> None:
    error = ensure_error(ask(paid.process.port, KEYED, query, KEY_LINE), 400, "VALIDATION_ERROR")
    assert suggestion in [field.get("suggestion") for field in error["fields"]]


def test_a_long_prompt_is_told_the_limit_and_the_way_out(paid: LiveServer) -> None:
    answer = ask(paid.process.port, KEYED, f"prompt={'a' * 1001}", KEY_LINE)
    (field,) = ensure_error(answer, 400, "VALIDATION_ERROR")["fields"]
    for part in ("1000", "1001", "POST /api/v1/generations"):
        assert part in field["message"]


@pytest.mark.parametrize("query", KEYS_IN_URLS)
def test_a_key_in_the_url_is_refused_before_anything_else(paid: LiveServer, query: str) -> None:
    for path, lines in ((KEYED, [KEY_LINE]), (KEYED, []), (OPEN, []), (page_path("none"), [])):
        answer = ask(paid.process.port, path, query, *lines)
        assert "fields" not in ensure_error(answer, 400, "KEY_IN_URL")


async def test_none_of_it_buys_a_picture(
    paid: LiveServer, replicate_standin: ReplicateStandin, prompt: str
) -> None:
    """The good request at the end passes the same way, so it comes after all of them."""
    flights = paid.process.metric("edge_cache_flights_total")
    port = paid.process.port
    for query in [*(query for query, _ in QUERIES), *KEYS_IN_URLS]:
        ask(port, KEYED, query, KEY_LINE)
        ask(port, OPEN, query)
    paid.make(program(prompt))
    assert await replicate_standin.created() == 1
    assert paid.process.metric("edge_cache_flights_total") == flights + 1
