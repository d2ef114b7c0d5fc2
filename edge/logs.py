"""Logs: one line per event, JSON or for a terminal, with every secret taken out."""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, Literal, TextIO

import orjson
import structlog

Event = MutableMapping[str, Any]

REDACTED = "[redacted]"
_SECRET_NAMES = re.compile(
    r"authorization|cookie|password|secret|^sig$|signature|token$|"
    r"^(x[-_])?api[-_]?key$|^(database|redis)[-_]url$",
    re.IGNORECASE,
)
# A key's first six digits are its public name; what follows is the secret.
_SECRET_TEXTS = re.compile(
    r"(?P<key>\bbnt_[0-9a-f]{6})[0-9a-f]+"
    r"|(?P<bearer>\bbearer\s+)[^\s\"',;]+"
    r"|(?P<parameter>[?&](?:sig|key|api_?key|token|x-amz-[a-z-]+)=)[^&\s\"']+"
    r"|(?P<login>://[^/\s:@]*:)[^/\s@]+(?=@)"
    r"|(?P<provider>\b(?:r8_|sk-))[A-Za-z0-9_-]{16,}",
    re.IGNORECASE,
)
# These say at info what only matters when it fails, some of them with whole URLs.
_CHATTY = ("httpx", "httpcore", "aiobotocore", "botocore", "alembic", "asyncio", "aiosqlite")


def configure(
    level: str, form: Literal["pretty", "json"] | None, stream: TextIO | None = None
) -> None:
    """Send every log line of this process, ours and the libraries', to ``stream`` (stderr).

    ``form`` None means pretty on a terminal and JSON everywhere else. Call it once per process.
    """
    target = stream if stream is not None else sys.stderr
    pretty = form == "pretty" or (form is None and target.isatty())
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *_ending(pretty),
            _console(target) if pretty else _as_bytes,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(target)
        if pretty
        else structlog.BytesLoggerFactory(target.buffer),
        cache_logger_on_first_use=True,
    )
    _route_libraries(target, number, pretty=pretty)


def redact(_logger: object, _method: str, event: Event) -> Event:
    """A processor that takes secrets out of names and values, however deep."""
    return {name: _redacted(name, value) for name, value in event.items()}


def scrub(text: str) -> str:
    """The text without anything that looks like a credential."""
    return _SECRET_TEXTS.sub(lambda match: f"{match[match.lastgroup or 0]}{REDACTED}", text)


def _redacted(name: str, value: object) -> object:
    if _SECRET_NAMES.search(name):
        return REDACTED
    return _scrubbed(value)


def _scrubbed(value: object) -> object:
    match value:
        # The renderer's numbers end at 64 bits.
        case None | bool() | float() | int() if not isinstance(value, int) or abs(value) < 2**63:
            return value
        case str():
            # JSON has no lone surrogates, and a log line must never raise.
            return scrub(value.encode("utf-8", "backslashreplace").decode())
        case Mapping():
            return {str(name): _redacted(str(name), each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_scrubbed(each) for each in value]
        case bytes():
            return scrub(value.decode("utf-8", "backslashreplace"))
        case _:
            return _scrubbed(str(value))


def _ending(pretty: bool) -> list[Callable[..., Any]]:
    """What every line passes last. Redaction follows the traceback, which may hold a secret."""
    stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S" if pretty else "iso", utc=not pretty)
    return [stamp, structlog.processors.format_exc_info, redact]


def _console(target: TextIO) -> Callable[..., Any]:
    return structlog.dev.ConsoleRenderer(
        colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _as_bytes(_logger: object, _method: str, event: Event) -> bytes:
    return orjson.dumps(event)


def _as_text(_logger: object, _method: str, event: Event) -> str:
    return orjson.dumps(event).decode()


def _route_libraries(target: TextIO, level: int, *, pretty: bool) -> None:
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_ending(pretty),
                _console(target) if pretty else _as_text,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _quieten(_CHATTY, max(level, logging.WARNING))


def _quieten(names: Iterable[str], level: int) -> None:
    for name in names:
        logging.getLogger(name).setLevel(level)
