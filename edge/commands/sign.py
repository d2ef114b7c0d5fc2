"""`sign`: a URL that may have its picture made, for a page that strangers see."""

import re
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from core.errors import FieldError, Invalid
from core.prompt import checked_prompt
from core.ratio import canonical_ratio
from core.signing import Signer, expires_at_for
from edge.api.shapes import iso
from edge.commands.terminal import explained, print_json, settings_or_exit
from edge.operations.addresses import live_path, own_origin, signed_target
from edge.operations.data_folder import ensure_signing_keys, make_data_folder
from edge.operations.first_start import ORGANIZATION, PROJECT, SCOPE

_SLUG = re.compile(r"[a-z0-9_-]{1,64}")


def sign(
    *,
    prompt: Annotated[str, typer.Option(help="What the picture shows.")],
    aspect_ratio: Annotated[str | None, typer.Option(help="16:9, for example.")] = None,
    scope: Annotated[str, typer.Option(help="The scope of the public page.")] = SCOPE,
    organization: Annotated[str, typer.Option("--org")] = ORGANIZATION,
    project: Annotated[str, typer.Option()] = PROJECT,
    parameter: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, any further parameter; repeatable.")
    ] = None,
    expires_in: Annotated[int, typer.Option(help="Seconds, up to one year.")] = 86_400,
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Print a signed URL. It stays valid until it expires or its signing key is removed."""
    settings = settings_or_exit(json=json)
    with explained():
        path = live_path(*_slugs(organization, project, scope))
        parameters = {**_named(parameter or []), "prompt": checked_prompt(prompt)}
        if aspect_ratio is not None:
            parameters["aspectRatio"] = canonical_ratio(aspect_ratio)
        expires_at = expires_at_for(time.time(), expires_in)
        make_data_folder(settings.data.folder)
        keys = [(key.kid, key.secret) for key in ensure_signing_keys(settings)]
        target = signed_target(Signer(keys), path, parameters, expires_at)
    url = own_origin(settings) + target
    if json:
        ends = iso(datetime.fromtimestamp(expires_at, UTC))
        print_json({"url": url, "path": target, "expiresAt": ends})
    else:
        typer.echo(url)


def _slugs(*slugs: str) -> tuple[str, ...]:
    for slug in slugs:
        if _SLUG.fullmatch(slug) is None:
            raise Invalid(fields=[FieldError(slug, "SLUG_INVALID", "Use [a-z0-9_-], up to 64.")])
    return slugs


def _named(parameters: list[str]) -> dict[str, str]:
    named = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not name or not equals:
            message = "Write it as NAME=VALUE."
            raise Invalid(fields=[FieldError(parameter, "PARAMETER_INVALID", message)])
        named[name] = value
    return named
