"""`check`: one line about every part of the installation."""

from dataclasses import asdict
from typing import Annotated

import typer

from edge.commands.terminal import print_json, run_or_exit, settings_or_exit
from edge.operations.check import examine
from edge.operations.exits import ExitCode
from edge.operations.findings import Finding

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def check(
    *,
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Try every configured part, and say how to mend what does not work."""
    settings = settings_or_exit(json=json)
    findings = run_or_exit(examine, settings)
    failed = any(finding.state == "fail" for finding in findings)
    if json:
        print_json({"ok": not failed, "findings": [asdict(finding) for finding in findings]})
    for finding in () if json else findings:
        typer.echo(_line(finding))
    if failed:
        raise typer.Exit(ExitCode.FAILED)


def _line(finding: Finding) -> str:
    # typer.echo drops the colour where nobody would see it.
    state = typer.style(f"{finding.state:<4}", fg=_COLOURS[finding.state])
    return f"{state}  {finding.part:<9}  {finding.message}"
