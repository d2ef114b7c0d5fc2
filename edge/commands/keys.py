"""`keys`: make, list, revoke and rotate API keys."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer

from config.settings import Settings
from core.errors import FieldError, Invalid, NotFound
from core.models import KEY_SCOPES, ApiKey, Project
from core.records.keys import DEFAULT_LIFETIME
from core.records.records import Records, open_records
from edge.api.shapes import key_json
from edge.commands.terminal import print_json, run_or_exit, settings_or_exit, strong
from edge.operations.data_folder import make_data_folder
from edge.operations.first_start import ORGANIZATION, PROJECT

Master = Annotated[bool, typer.Option("--master", help="Master keys instead of project keys.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
Which = Annotated[str, typer.Argument(metavar="KEY", help="Its id, or its prefix: bnt_1a2b3c.")]


def create(
    *,
    name: Annotated[str, typer.Option(help="What it is for.")] = "made by hand",
    organization: Annotated[str, typer.Option("--org")] = ORGANIZATION,
    project: Annotated[str, typer.Option()] = PROJECT,
    scope: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(KEY_SCOPES)}; repeatable, all.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model it may use; repeatable, all.")
    ] = None,
    days: Annotated[
        int, typer.Option(min=0, max=3650, help="How long it lives; 0 for ever.")
    ] = DEFAULT_LIFETIME.days,
    master: Master = False,
    json: Json = False,
) -> None:
    """Make a key. It is shown this once; only its hash is kept. Master keys never expire."""
    settings = settings_or_exit(json=json)
    work = partial(
        _create,
        settings,
        name=name,
        place=None if master else (organization, project),
        scopes=tuple(scope or KEY_SCOPES),
        models=tuple(model) if model else None,
        lifetime=timedelta(days=days) if days else None,
    )
    _show_once(*run_or_exit(work), json=json)


def show(*, master: Master = False, json: Json = False) -> None:
    """List the keys, newest first, with those that expired or were revoked."""
    keys = run_or_exit(_listed, settings_or_exit(json=json), master)
    if json:
        print_json([key_json(key) for key in keys])
    for key in () if json else keys:
        typer.echo(_line(key))


def revoke(key: Which, *, master: Master = False, json: Json = False) -> None:
    """Revoke a key. It is refused everywhere within seconds, for good."""
    revoked = run_or_exit(_revoke, settings_or_exit(json=json), key, master)
    if json:
        print_json(key_json(revoked))
    else:
        typer.echo(f"Revoked {revoked.prefix}… ({revoked.name}).")


def rotate(
    key: Which,
    *,
    overlap: Annotated[
        float | None, typer.Option(min=0, help="Hours until the old key ends; without it, never.")
    ] = None,
    master: Master = False,
    json: Json = False,
) -> None:
    """Make a successor with the same rights. The old key goes on meanwhile."""
    hours = None if overlap is None else timedelta(hours=overlap)
    settings = settings_or_exit(json=json)
    _show_once(*run_or_exit(_rotate, settings, key, master, hours), json=json)


@asynccontextmanager
async def _records(settings: Settings) -> AsyncIterator[Records]:
    make_data_folder(settings.data.folder)
    address = settings.database.url
    url = None if address is None else address.get_secret_value()
    async with open_records(url, settings.data.folder) as records:
        yield records


async def _create(
    settings: Settings,
    *,
    name: str,
    place: tuple[str, str] | None,
    scopes: tuple[str, ...],
    models: tuple[str, ...] | None,
    lifetime: timedelta | None,
) -> tuple[ApiKey, str]:
    _refuse_unknown("scope", scopes, KEY_SCOPES)
    _refuse_unknown("model", models or (), tuple(settings.models))
    async with _records(settings) as records:
        project = None if place is None else await _project(records, *place)
        return await records.keys.create(
            name=name, project=project, scopes=scopes, allowed_models=models, lifetime=lifetime
        )


async def _project(records: Records, organization: str, slug: str) -> Project:
    project = await records.tenants.project(organization, slug)
    if project is None:
        hint = "There is no such project. Start the server once: it makes main/site."
        raise Invalid(fields=[FieldError(f"{organization}/{slug}", "PROJECT_NOT_FOUND", hint)])
    return project


async def _listed(settings: Settings, master: bool) -> list[ApiKey]:
    async with _records(settings) as records:
        keys = await records.keys.listed()
    return [key for key in keys if key.type == "master" or not master]


async def _revoke(settings: Settings, reference: str, master: bool) -> ApiKey:
    async with _records(settings) as records:
        found = _find(await records.keys.listed(), reference, master=master)
        return await records.keys.revoke(found.id)


async def _rotate(
    settings: Settings, reference: str, master: bool, overlap: timedelta | None
) -> tuple[ApiKey, str]:
    async with _records(settings) as records:
        found = _find(await records.keys.listed(), reference, master=master)
        try:
            return await records.keys.rotate(found.id, overlap=overlap)
        except NotFound:
            raise _unfound(reference, "This key is revoked; make a new one.") from None


def _find(keys: Sequence[ApiKey], reference: str, *, master: bool) -> ApiKey:
    """The one key meant. ``master`` is a promise that it is a master key, and is held to it."""
    found = [key for key in keys if reference in {key.id, key.prefix}]
    if not found:
        raise _unfound(reference, "There is no such key; `keys list` shows them.")
    if len(found) > 1:
        raise _unfound(reference, "Several keys begin like this; use the id.")
    if master and found[0].type != "master":
        raise _unfound(reference, "This is a project's key, not a master key.")
    return found[0]


def _unfound(reference: str, message: str) -> Invalid:
    return Invalid(fields=[FieldError(reference, "KEY_NOT_FOUND", message)])


def _refuse_unknown(what: str, words: Sequence[str], known: Sequence[str]) -> None:
    wrong = [word for word in words if word not in known]
    if wrong:
        message = f"Use one of {', '.join(known)}."
        raise Invalid(fields=[FieldError(f"{what} {wrong[0]}", "UNKNOWN", message)])


def _show_once(key: ApiKey, secret: str, *, json: bool) -> None:
    if json:
        print_json(key_json(key) | {"key": secret})
        return
    typer.echo(strong(secret))
    typer.echo(f"{_line(key)}\nShown this once; only its hash is kept.", err=True)


def _line(key: ApiKey) -> str:
    where = "master" if key.project is None else key.project.path
    ends = "never expires" if key.expires_at is None else f"expires {key.expires_at:%Y-%m-%d}"
    state = ends if key.revoked_at is None else f"revoked {key.revoked_at:%Y-%m-%d}"
    return f"{key.id}  {key.prefix}…  {where:<12}  {state:<20}  {key.name}"
