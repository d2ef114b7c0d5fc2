"""`purge`: take pictures away everywhere, beside running servers or without one."""

from dataclasses import replace
from typing import Annotated, Any

import typer
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from config.settings import Settings
from core.errors import FieldError, Invalid
from core.purging.service import Selection
from edge.api.bad_fields import bad_fields
from edge.api.purge import RECEIPT_WAIT, PurgeBody, purged_json, selection_of
from edge.app import application
from edge.commands.terminal import print_json, run_or_exit, settings_or_exit
from edge.operations.data_folder import make_data_folder
from edge.operations.first_start import ORGANIZATION, PROJECT
from edge.wiring import lifespan_of

_RECEIPTS = {
    "delivered": "The CDN has been told.",
    "pending": "The CDN has not taken it yet; a running server goes on telling it for a day.",
    "failed": "The CDN could not be told.",
}


def purge(
    *,
    image_id: Annotated[str | None, typer.Option(help="One image.")] = None,
    alias: Annotated[str | None, typer.Option(help="The image called @alias.")] = None,
    flow_id: Annotated[str | None, typer.Option(help="Every image of a flow.")] = None,
    scope: Annotated[str | None, typer.Option(help="All that was made through a scope.")] = None,
    prompt: Annotated[str | None, typer.Option(help="The picture of a live URL.")] = None,
    aspect_ratio: Annotated[str | None, typer.Option(help="Goes with --prompt.")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE, any further live parameter of --prompt; repeatable."),
    ] = None,
    tag: Annotated[str | None, typer.Option(help="Whatever carries this Cache-Tag.")] = None,
    project: Annotated[bool, typer.Option("--project", help="The whole project.")] = False,
    of: Annotated[
        str, typer.Option(metavar="ORG/PROJECT", help="Whose pictures.")
    ] = f"{ORGANIZATION}/{PROJECT}",
    tombstone: Annotated[
        bool, typer.Option("--tombstone", help="For good: they are never made again.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Take pictures away from every tier, every server and the CDN. Live URLs make theirs anew."""
    settings = settings_or_exit(json=json)
    given = {
        "imageId": image_id,
        "alias": alias,
        "flowId": flow_id,
        "scope": scope,
        "prompt": prompt,
        "aspectRatio": aspect_ratio,
        "tag": tag,
        "project": project or None,
    }
    told = run_or_exit(_purge, settings, given, parameter or [], of, tombstone)
    if json:
        print_json(told)
    for line in () if json else _lines(told):
        typer.echo(line)


async def _purge(
    settings: Settings, given: dict[str, Any], further: list[str], place: str, tombstone: bool
) -> dict[str, Any]:
    selection = _selection(given | _named(further))
    organization, _, slug = place.partition("/")
    make_data_folder(settings.data.folder)
    services = lifespan_of(settings, CollectorRegistry(), alone=False)
    async with services(application(settings)) as state:
        found = await state["credentials"].project(organization, slug)
        if found is None:
            message = "There is no such project."
            raise Invalid(fields=[FieldError(f"--of {place}", "PROJECT_NOT_FOUND", message)])
        purged = await state["purging"].purge(found, selection, tombstone=tombstone)
        receipts = await state["receipts"].receipts(found, purged.number, wait=RECEIPT_WAIT)
    return purged_json(purged, receipts)


def _selection(given: dict[str, Any]) -> Selection:
    """Raises Invalid with every bad option."""
    try:
        body = PurgeBody.model_validate(given | _switches(given))
    except ValidationError as refusal:
        raise Invalid(fields=bad_fields(refusal, PurgeBody)) from None
    try:
        return selection_of(body, [])
    except Invalid as refusal:
        fields = [replace(one, name=one.name.replace("body", "purge")) for one in refusal.fields]
        raise Invalid(fields=fields) from None


def _named(further: list[str]) -> dict[str, str]:
    named = {}
    for one in further:
        name, equals, value = one.partition("=")
        if not name or not equals:
            raise Invalid(fields=[FieldError(one, "PARAMETER_INVALID", "Write it as NAME=VALUE.")])
        named[name] = value
    return named


def _switches(given: dict[str, Any]) -> dict[str, bool]:
    """What is text on a command line and a switch in a body."""
    enhance = given.get("autoEnhance")
    return {"autoEnhance": enhance == "true"} if enhance in {"true", "false"} else {}


def _lines(told: dict[str, Any]) -> list[str]:
    masters, derivatives = told["purged"]["masters"], told["purged"]["derivatives"]
    lines = [f"{masters} pictures and {derivatives} sizes and formats of them are gone."]
    states = dict.fromkeys(one["state"] for one in told["receipts"])
    return lines + [_RECEIPTS[state] for state in states]
