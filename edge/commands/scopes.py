"""`scopes`: list, make, show, change and delete the scopes of a project's public pages."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import orjson
import typer
from pydantic import ValidationError

from config.settings import Settings
from core.errors import FieldError, Invalid, NotFound
from core.listing import Window
from core.models import Project
from core.records.records import Records, open_records
from core.scopes.ports import ScopeRecord
from core.scopes.service import Scopes
from edge.api.bad_fields import bad_fields
from edge.api.scope_bodies import ScopeChanges, ScopeDraft, ensure_sound
from edge.api.shapes import scope_json
from edge.commands.scope_options import (
    Allow,
    Amount,
    Json,
    Limit,
    Meta,
    Models,
    Origins,
    PerAddress,
    Period,
    Signature,
    Slug,
    Where,
    given_fields,
)
from edge.commands.terminal import print_json, run_or_exit, settings_or_exit
from edge.operations.data_folder import make_data_folder
from edge.operations.first_start import ORGANIZATION, PROJECT

_PAGE = 100

_HERE = f"{ORGANIZATION}/{PROJECT}"


def show_all(*, project: Where = _HERE, json: Json = False) -> None:
    """List the scopes, newest first."""
    records = run_or_exit(_with_scopes, settings_or_exit(json=json), project, _listed)
    if json:
        print_json([scope_json(record) for record in records])
    for record in () if json else records:
        typer.echo(_line(record))


def create(
    slug: Slug,
    *,
    project: Where = _HERE,
    allow: Allow = None,
    require_signature: Signature = None,
    limit: Limit = None,
    budget_amount: Amount = None,
    budget_window: Period = None,
    origin: Origins = None,
    model: Models = None,
    per_address: PerAddress = None,
    meta: Meta = None,
    json: Json = False,
) -> None:
    """Make a scope: a named door of public pages, with what it may spend."""
    given = given_fields(
        allow=allow,
        signature=require_signature,
        limit=limit,
        budget=(budget_amount, budget_window),
        origins=origin,
        models=model,
        per_address=per_address,
        meta=meta,
    )
    work = partial(_create, given={**given, "slug": slug})
    _show(run_or_exit(_with_scopes, settings_or_exit(json=json), project, work), json=json)


def show(slug: Slug, *, project: Where = _HERE, json: Json = False) -> None:
    """Show a scope, with what was made through it so far."""
    work = partial(_find, slug=slug)
    _show(run_or_exit(_with_scopes, settings_or_exit(json=json), project, work), json=json)


def update(
    slug: Slug,
    *,
    project: Where = _HERE,
    allow: Allow = None,
    require_signature: Signature = None,
    limit: Limit = None,
    budget_amount: Amount = None,
    budget_window: Period = None,
    origin: Origins = None,
    model: Models = None,
    per_address: PerAddress = None,
    meta: Meta = None,
    json: Json = False,
) -> None:
    """Change a scope. What is not named stays; none takes away what can be absent."""
    given = given_fields(
        allow=allow,
        signature=require_signature,
        limit=limit,
        budget=(budget_amount, budget_window),
        origins=origin,
        models=model,
        per_address=per_address,
        meta=meta,
    )
    work = partial(_update, slug=slug, given=given)
    _show(run_or_exit(_with_scopes, settings_or_exit(json=json), project, work), json=json)


def delete(slug: Slug, *, project: Where = _HERE, json: Json = False) -> None:
    """Delete a scope: its pages are gone within seconds, its pictures remain."""
    work = partial(_delete, slug=slug)
    scope_id = run_or_exit(_with_scopes, settings_or_exit(json=json), project, work)
    if json:
        print_json({"id": scope_id})
    else:
        typer.echo(f"Deleted {slug}.")


@asynccontextmanager
async def _records(settings: Settings) -> AsyncIterator[Records]:
    make_data_folder(settings.data.folder)
    address = settings.database.url
    url = None if address is None else address.get_secret_value()
    async with open_records(url, settings.data.folder) as records:
        yield records


async def _with_scopes(settings: Settings, where: str, work: Any) -> Any:
    """What ``work(scopes, project)`` returns. Raises Invalid for a project or scope nobody has."""
    organization, slash, slug = where.partition("/")
    async with _records(settings) as records:
        project = await records.tenants.project(organization, slug) if slash else None
        if project is None:
            hint = "There is no such project. Write it as organization/project, like main/site."
            raise Invalid(fields=[FieldError("--project", "PROJECT_NOT_FOUND", hint)])
        try:
            return await work(Scopes(records.scopes, tuple(settings.models)), project)
        except NotFound:
            hint = f"There is no such scope in {project.path}; `scopes list` shows them."
            raise Invalid(fields=[FieldError("scope", "SCOPE_NOT_FOUND", hint)]) from None


async def _listed(scopes: Scopes, project: Project) -> list[ScopeRecord]:
    records: list[ScopeRecord] = []
    window = Window(limit=_PAGE)
    while True:
        part = await scopes.listed(project.id, window)
        records.extend(part.rows)
        if part.next_cursor is None:
            return records
        window = Window(limit=_PAGE, cursor=part.next_cursor)


async def _find(scopes: Scopes, project: Project, *, slug: str) -> ScopeRecord:
    return await scopes.find(project.id, slug)


async def _create(scopes: Scopes, project: Project, *, given: Mapping[str, Any]) -> ScopeRecord:
    draft = _understood(ScopeDraft, given, scopes)
    return await scopes.create(project.id, draft.slug, draft.given())


async def _update(
    scopes: Scopes, project: Project, *, slug: str, given: Mapping[str, Any]
) -> ScopeRecord:
    changes = _understood(ScopeChanges, given, scopes)
    return await scopes.edit(project.id, slug, changes.given())


async def _delete(scopes: Scopes, project: Project, *, slug: str) -> str:
    return await scopes.delete(project.id, slug)


def _understood(
    model: type[ScopeChanges], given: Mapping[str, Any], scopes: Scopes
) -> ScopeChanges:
    try:
        body = model.model_validate_json(orjson.dumps(given))
    except ValidationError as refusal:
        raise Invalid(fields=bad_fields(refusal, model)) from None
    ensure_sound(body, [], scopes)
    return body


def _show(record: ScopeRecord, *, json: bool) -> None:
    if json:
        print_json(scope_json(record))
        return
    for name, value in scope_json(record).items():
        typer.echo(
            f"{name:<20} {value if isinstance(value, str) else orjson.dumps(value).decode()}"
        )


def _line(record: ScopeRecord) -> str:
    scope = record.scope
    state = "open" if scope.allow_new_generations else "closed"
    made = f"{record.current_generations}/{scope.new_generations_limit}"
    return f"{scope.slug:<24} {state:<7} signature {scope.require_signature:<6} {made} pictures"
