"""`migrate`: bring the records to this version's schema, before a deployment for example."""

from typing import Annotated

import typer

from config.settings import Settings
from core.records.location import locate
from core.records.schema import migrate as apply_missing
from edge.commands.terminal import print_json, run_or_exit, settings_or_exit
from edge.operations.data_folder import make_data_folder


def migrate(
    *,
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Apply the missing revisions of the records' schema; every start does so as well."""
    applied = run_or_exit(_migrate, settings_or_exit(json=json))
    if json:
        print_json({"applied": applied})
    else:
        typer.echo(f"Applied {', '.join(applied)}." if applied else "Nothing to do.")


async def _migrate(settings: Settings) -> list[str]:
    make_data_folder(settings.data.folder)
    address = settings.database.url
    url = None if address is None else address.get_secret_value()
    return await apply_missing(locate(url, settings.data.folder))
