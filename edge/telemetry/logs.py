"""Logs: one line per event, JSON or for a terminal, with every secret taken out."""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any, Literal, TextIO

import orjson
import structlog

from edge.telemetry.access_log import JsonLines
from edge.telemetry.redaction import REDACTED, scrub

Event = MutableMapping[str, Any]

_SECRET_NAMES = re.compile(
    r"authorization|cookie|password|secret|^sig$|signature|token$|"
    r"^(x[-_])?api[-_]?key$|^(database|redis)[-_]url$",
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
    pretty = _is_pretty(form, target)
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


def access_log(
    level: str, form: Literal["pretty", "json"] | None, stream: TextIO | None = None
) -> Callable[[dict[str, Any]], None]:
    """What writes the line of each answer; arguments as for ``configure``, which comes first."""
    target = stream if stream is not None else sys.stderr
    if logging.getLevelNamesMapping()[level.upper()] > logging.INFO:
        return lambda _line: None
    if _is_pretty(form, target):
        log = structlog.get_logger("access")
        return lambda line: log.info("request", **line)
    return JsonLines(target.buffer)


def redact(_logger: object, _method: str, event: Event) -> Event:
    """A processor that takes secrets out of names and values, however deep."""
    return {name: _redacted(name, value) for name, value in event.items()}


def _is_pretty(form: Literal["pretty", "json"] | None, target: TextIO) -> bool:
    return form == "pretty" or (form is None and target.isatty())


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
            return scrub(value)
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
