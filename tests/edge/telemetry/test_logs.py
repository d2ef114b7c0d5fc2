"""Log lines: their form, their sources, and what must never be in them."""

import io
import json
import logging

import pytest
import structlog

from edge.telemetry.logs import REDACTED, configure

CANARY = "bnt_" + "c0ffee" + "a" * 58


@pytest.fixture(autouse=True)
def _logging_as_before():
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


class Terminal(io.TextIOWrapper):
    def isatty(self):
        return True


def configured(form=None, level="info", kind=io.TextIOWrapper):
    stream = kind(io.BytesIO(), encoding="utf-8", write_through=True)
    configure(level=level, form=form, stream=stream)

    def lines():
        return stream.buffer.getvalue().decode().splitlines()

    return lines


def test_away_from_a_terminal_every_line_is_json():
    lines = configured()
    structlog.get_logger().info("picture stored", slot="ab12", bytes=3)
    line = json.loads(lines()[0])
    assert line["event"] == "picture stored"
    assert line["level"] == "info"
    assert line["bytes"] == 3
    assert line["timestamp"].endswith("Z")


def test_on_a_terminal_lines_are_for_people():
    lines = configured(kind=Terminal)
    structlog.get_logger().info("picture stored", slot="ab12")
    assert "picture stored" in lines()[0]
    assert not lines()[0].startswith("{")


def test_the_format_can_be_forced_either_way():
    lines = configured(form="json", kind=Terminal)
    structlog.get_logger().info("one")
    assert json.loads(lines()[0])["event"] == "one"
    lines = configured(form="pretty")
    structlog.get_logger().info("two")
    assert "two" in lines()[0]
    assert "\x1b" not in lines()[0]


def test_lines_below_the_level_are_dropped_from_us_and_from_libraries():
    lines = configured(level="warning")
    structlog.get_logger().info("ours")
    logging.getLogger("uvicorn.error").info("theirs")
    structlog.get_logger().warning("loud")
    assert [json.loads(line)["event"] for line in lines()] == ["loud"]


def test_lines_of_libraries_have_the_same_form():
    lines = configured()
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    line = json.loads(lines()[0])
    assert line["event"] == "Started server process [7]"
    assert line["logger"] == "uvicorn.error"
    assert line["level"] == "info"


def test_a_library_that_names_every_url_at_info_is_quiet():
    lines = configured()
    logging.getLogger("httpx").info("HTTP Request: GET https://example.com/?token=x")
    assert lines() == []


def failure():
    try:
        raise ValueError(f"refused {CANARY}")
    except ValueError as error:
        return error


@pytest.mark.parametrize("form", ["json", "pretty"])
@pytest.mark.parametrize(
    "fields",
    [
        {"note": f"came with {CANARY} today"},
        {"headers": {"X-API-Key": CANARY, "accept": "*/*"}},
        {"headers": [("authorization", f"Bearer {CANARY}")]},
        {"url": f"/api/v1/live?prompt=a&key={CANARY}"},
        {"raw": CANARY.encode()},
        {"deep": {"deeper": [{"deepest": CANARY}]}},
        {"reason": ValueError(CANARY)},
        {"exc_info": failure()},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_key_never_reaches_a_line(form, fields):
    lines = configured(form=form)
    structlog.get_logger().warning("request", **fields)
    logging.getLogger("library").warning("request %s", fields)
    text = "\n".join(lines())
    assert CANARY not in text
    assert "a" * 20 not in text
    assert REDACTED in text


@pytest.mark.parametrize(
    "name", ["authorization", "X-API-Key", "api_key", "sig", "token", "replicate_token", "password"]
)
def test_a_value_under_a_secret_name_never_reaches_a_line(name):
    lines = configured()
    structlog.get_logger().info("request", **{name: "canary"})
    assert json.loads(lines()[0])[name] == REDACTED


@pytest.mark.parametrize(
    "text",
    [
        "GET /cdn/main/site/live/page?prompt=x&sig=canarycanarycanary&exp=5",
        "redis://mirage:canarycanarycanary@cache:6379/0",
        "postgresql://mirage:canarycanarycanary@db/mirage",
        "Authorization: Bearer canarycanarycanary",
        "token r8_canarycanarycanary is wrong",
    ],
)
def test_a_secret_inside_a_text_never_reaches_a_line(text):
    lines = configured()
    logging.getLogger("library").error(text)
    assert "canary" not in lines()[0]
    assert REDACTED in lines()[0]


def test_the_public_name_of_a_key_may_be_read():
    lines = configured()
    structlog.get_logger().info("key used", prefix="bnt_1a2b3c")
    assert json.loads(lines()[0])["prefix"] == "bnt_1a2b3c"


def test_a_line_that_json_cannot_hold_is_still_a_line():
    lines = configured()
    structlog.get_logger().info("odd", text="\udcff", number=2**80, thing=object)
    assert json.loads(lines()[0])["number"] == str(2**80)
