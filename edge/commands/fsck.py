"""`fsck`: compare the records with the stored pictures."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from cache.errors import TierUnavailable
from config.settings import Settings
from core.storage.checking import Checker, Problem, Report
from edge import parts
from edge.commands.terminal import give_up, print_json, run_or_exit, settings_or_exit
from edge.operations.data_folder import make_data_folder
from edge.operations.exits import ExitCode

_MEANINGS = {
    "missing": "is not in the store",
    "corrupt": "is damaged in the store",
    "foreign": "has given its place to another picture",
}


def fsck(
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="Note in the records which pictures are (not) stored.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Read every picture on record from the store and compare; safe beside running servers.

    Exit status 1 when a picture is missing, damaged or another one. Nothing is ever deleted.
    """
    report = run_or_exit(_check, settings_or_exit(json=json), fix, json)
    if json:
        print_json(_report_json(report))
    for line in () if json else _lines(report, fixed=fix):
        typer.echo(line)
    if report.problems:
        raise typer.Exit(ExitCode.FAILED)


async def _check(settings: Settings, fix: bool, quiet: bool) -> Report:
    make_data_folder(settings.data.folder)
    try:
        async with parts.records(settings) as records, parts.bare_store(settings) as store:
            checker = Checker(records.inventory, store, fix=fix)
            with _progress(await records.inventory.count(), quiet=quiet) as advance:
                return await checker.check(advance)
    except TierUnavailable as error:
        give_up(f"Stopped: {error}. No answer is no absence; `python -m edge check` tells more.")


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Callable[[int], object]]:
    """A bar on the terminal, on standard error; elsewhere nothing."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    with typer.progressbar(length=total, label="pictures", file=sys.stderr) as bar:
        yield bar.update


def _lines(report: Report, *, fixed: bool) -> Iterator[str]:
    yield from (_line(problem) for problem in report.problems)
    looked_at = report.sound + report.arrived + report.waiting + len(report.problems)
    wrong = f"{len(report.problems)} wrong" if report.problems else "none wrong"
    yield f"{looked_at} pictures compared, {wrong}."
    if report.waiting:
        yield f"{report.waiting} are not stored, as their records say."
    if report.arrived:
        known = "their records say so now" if fixed else "--fix tells their records"
        yield f"{report.arrived} have reached the store meanwhile; {known}."
    if report.unrecorded:
        yield f"{report.unrecorded} stored pictures are on no record; they are served as before."
    if not fixed and any(problem.damage == "missing" for problem in report.problems):
        yield "--fix notes in the records which are missing."


def _line(problem: Problem) -> str:
    noted = "; its record says so now" if problem.marked else ""
    place = f"slot {problem.picture.slot}"
    return f"{problem.picture.id}  {_MEANINGS[problem.damage]} ({place}){noted}."


def _report_json(report: Report) -> dict[str, Any]:
    return {
        "ok": not report.problems,
        "sound": report.sound,
        "deleted": report.deleted,
        "waiting": report.waiting,
        "arrived": report.arrived,
        "unrecorded": report.unrecorded,
        "problems": [
            {
                "damage": problem.damage,
                "imageId": problem.picture.id,
                "projectId": problem.picture.project_id,
                "slot": problem.picture.slot,
                "marked": problem.marked,
            }
            for problem in report.problems
        ],
    }
