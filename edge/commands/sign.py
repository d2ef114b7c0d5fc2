"""`sign`: a URL that may have its picture made, for a page that strangers see."""

import re
import time
from typing import Annotated

import anyio
import typer

from config.settings import Settings
from core.catalog import Catalog
from core.errors import FieldError, Invalid, RecordsUnavailable
from core.records.location import SqliteFile, locate
from core.records.outages import RecordsUnusable
from core.records.records import open_records
from core.signing import Signer
from edge import providers
from edge.api.shapes import iso
from edge.commands.terminal import explained, print_json, settings_or_exit
from edge.live_urls import live_path, signed_target, wanted_url
from edge.operations.addresses import own_origin
from edge.operations.data_folder import ensure_signing_keys, make_data_folder
from edge.operations.first_start import ORGANIZATION, PROJECT, SCOPE
from edge.query import Parameters

_SLUG = re.compile(r"[a-z0-9_-]{1,64}")
_UNCHECKED = "The records cannot be read, so nobody knows whether this page exists; signed anyway."


def sign(
    *,
    prompt: Annotated[
        str | None, typer.Option(help="What the picture shows; or --parameter prompt64=…")
    ] = None,
    aspect_ratio: Annotated[str | None, typer.Option(help="16:9, for example.")] = None,
    scope: Annotated[str, typer.Option(help="The scope of the public page.")] = SCOPE,
    organization: Annotated[str, typer.Option("--org")] = ORGANIZATION,
    project: Annotated[str, typer.Option()] = PROJECT,
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE, any further one of live URLs: seed, w, fm…; repeatable."),
    ] = None,
    expires_in: Annotated[int, typer.Option(help="Seconds, up to one year.")] = 86_400,
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Print a signed URL. It stays valid until it expires or its signing key is removed."""
    settings = settings_or_exit(json=json)
    with explained():
        path = live_path(*_slugs(organization, project, scope))
        given = _given(prompt, aspect_ratio, parameter or [])
        wanted = wanted_url(given, expires_in, time.time())
        _catalog(settings).resolve(wanted.query.request.model)
        anyio.run(_ensure_there, settings, organization, project, scope)
        make_data_folder(settings.data.folder)
        keys = [(key.kid, key.secret) for key in ensure_signing_keys(settings)]
        target = signed_target(Signer(keys), path, wanted.parameters, wanted.expires_at)
    url = own_origin(settings) + target
    if json:
        print_json({"url": url, "path": target, "expiresAt": iso(wanted.ends)})
    else:
        typer.echo(url)


def _slugs(*slugs: str) -> tuple[str, ...]:
    for slug in slugs:
        if _SLUG.fullmatch(slug) is None:
            raise Invalid(fields=[FieldError(slug, "SLUG_INVALID", "Use [a-z0-9_-], up to 64.")])
    return slugs


async def _ensure_there(settings: Settings, organization: str, project: str, scope: str) -> None:
    """Raises Invalid for a page nobody has. A warning is enough where the records cannot be read,
    or are not here yet: what is signed needs the key alone."""
    try:
        known = await _known(settings, organization, project, scope)
    except (RecordsUnavailable, RecordsUnusable, OSError):
        known = None
    if known is None:
        typer.echo(_UNCHECKED, err=True)
    elif not known:
        path = f"{organization}/{project}"
        message = f"There is no such scope in {path}; `scopes list --project {path}` shows them."
        raise Invalid(fields=[FieldError(f"--scope {scope}", "SCOPE_NOT_FOUND", message)])


async def _known(settings: Settings, organization: str, project: str, scope: str) -> bool | None:
    """None where there are no records, and none shall be made for this."""
    address = settings.database.url
    url = None if address is None else address.get_secret_value()
    location = locate(url, settings.data.folder)
    if isinstance(location, SqliteFile) and not location.path.exists():
        return None
    async with open_records(url, settings.data.folder) as records:
        found = await records.tenants.project(organization, project)
        return found is not None and await records.tenants.scope(found.id, scope) is not None


def _given(prompt: str | None, aspect_ratio: str | None, further: list[str]) -> Parameters:
    """All parameters; what is wrong with their form waits for the reader of their meaning."""
    pairs = [("prompt", prompt), ("aspectRatio", aspect_ratio)]
    pairs += [_pair(parameter) for parameter in further]
    decoded: dict[str, str] = {}
    problems = []
    for name, value in pairs:
        if value is None:
            continue
        if name in decoded:
            problems.append(FieldError(name, "DUPLICATE_PARAMETER", "Give every parameter once."))
        decoded[name] = value
    if not decoded.keys() & {"prompt", "prompt64"}:
        message = "Say what the picture shows: --prompt 'a red lighthouse'."
        problems.append(FieldError("prompt", "PROMPT_MISSING", message))
    return Parameters(decoded, tuple(problems))


def _pair(parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not name or not equals:
        message = "Write it as NAME=VALUE."
        raise Invalid(fields=[FieldError(parameter, "PARAMETER_INVALID", message)])
    return name, value


def _catalog(settings: Settings) -> Catalog:
    rows, painter = providers.models(settings)
    return Catalog(rows, painter, generator=settings.generator_name, default=settings.default_model)
