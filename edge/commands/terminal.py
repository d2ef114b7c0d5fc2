"""What all commands share: reading settings, running, and telling a person or a script."""

import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

import anyio
import orjson
import typer

from config.loading import load_environment
from config.mistakes import SettingsError
from config.settings import Settings
from core.errors import EdgeError, Invalid
from core.records.outages import RecordsUnusable
from edge.operations.exits import ExitCode
from edge.telemetry import logs

Result = TypeVar("Result")


def settings_or_exit(*, json: bool = False) -> Settings:
    """The settings, with logging set up by them; all mistakes are printed, exit status 2."""
    try:
        settings = load_environment()
    except SettingsError as error:
        if json:
            print_json({"ok": False, "mistakes": list(error.mistakes)})
        for mistake in () if json else error.mistakes:
            typer.echo(mistake, err=True)
        raise typer.Exit(ExitCode.MISUSED) from None
    logs.configure(settings.log.level, settings.log.format)
    return settings


def run_or_exit(work: Callable[..., Awaitable[Result]], *arguments: object) -> Result:
    """Run ``work(*arguments)`` on an event loop of its own, explained."""
    with explained():
        return anyio.run(work, *arguments)


@contextmanager
def explained() -> Iterator[None]:
    """What an operator can mend ends in one sentence: 1 for a failure, 2 for wrong arguments."""
    try:
        yield
    except Invalid as error:
        mistakes = [f"{field.name}: {field.message}" for field in error.fields]
        give_up("\n".join(mistakes), ExitCode.MISUSED)
    except EdgeError as error:
        give_up(error.message)
    except (RecordsUnusable, ValueError) as error:
        give_up(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        give_up(f"{where}{error.strerror or error}. Check EDGE_DATA_DIR and its permissions.")


def give_up(sentence: str, code: ExitCode = ExitCode.FAILED) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def strong(text: str) -> str:
    """Bold on a terminal, plain everywhere else."""
    return typer.style(text, bold=True) if sys.stdout.isatty() else text
