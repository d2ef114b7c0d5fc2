"""The command line: `python -m edge …`, every command on one screen."""

import typer

from edge.commands import keys, scopes
from edge.commands.check import check
from edge.commands.fsck import fsck
from edge.commands.migrate import migrate
from edge.commands.openapi import openapi
from edge.commands.purge import purge
from edge.commands.serve import serve
from edge.commands.sign import sign
from edge.commands.warm import warm
from edge.operations.exits import EXPLAINED


def command_line() -> typer.Typer:
    """The whole command line, built anew."""
    line = typer.Typer(
        name="python -m edge",
        help="Mirage: put a prompt in an <img src>, and the picture is there.",
        epilog=EXPLAINED,
        no_args_is_help=True,
        add_completion=False,
        # Its tracebacks would show local variables, and secrets among them.
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    line.command("serve")(serve)
    line.command("check")(check)
    line.add_typer(_keys(), name="keys")
    line.add_typer(_scopes(), name="scopes")
    line.command("sign")(sign)
    line.command("migrate")(migrate)
    line.command("fsck")(fsck)
    line.command("purge")(purge)
    line.command("warm")(warm)
    line.command("openapi")(openapi)
    return line


def _keys() -> typer.Typer:
    line = typer.Typer(
        help="Make, list, revoke and rotate API keys.", no_args_is_help=True, rich_markup_mode=None
    )
    line.command("create")(keys.create)
    line.command("list")(keys.show)
    line.command("revoke")(keys.revoke)
    line.command("rotate")(keys.rotate)
    return line


def _scopes() -> typer.Typer:
    line = typer.Typer(
        help="List, make, show, change and delete the scopes of public pages.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    line.command("list")(scopes.show_all)
    line.command("create")(scopes.create)
    line.command("show")(scopes.show)
    line.command("update")(scopes.update)
    line.command("delete")(scopes.delete)
    return line
