"""The options of the `scopes` commands, and the fields of the API they stand for."""

from typing import Annotated, Any

import orjson
import typer

_NONE = "none"

Json = Annotated[bool, typer.Option("--json", help="For scripts.")]
Where = Annotated[str, typer.Option("--project", metavar="ORG/PROJECT", help="Whose scopes.")]
Slug = Annotated[str, typer.Argument(metavar="SLUG", help="The scope's name in URLs.")]
Allow = Annotated[
    bool | None, typer.Option("--allow/--no-allow", help="Whether new pictures are made at all.")
]
Signature = Annotated[
    str | None, typer.Option(metavar="auto|true|false", help="auto: as soon as pictures cost.")
]
Limit = Annotated[int | None, typer.Option(help="New pictures in all.")]
Amount = Annotated[str | None, typer.Option(help='Dollars per window, like "1.00", or none.')]
Period = Annotated[str | None, typer.Option(metavar="hour|day|month")]
Origins = Annotated[
    list[str] | None,
    typer.Option("--origin", help="https://shop.example.com; repeatable, or none."),
]
Models = Annotated[
    list[str] | None, typer.Option("--model", help="A model it may use; repeatable, or none: all.")
]
PerAddress = Annotated[
    str | None, typer.Option(help="Unsigned pictures an hour for one address, or none.")
]
Meta = Annotated[str | None, typer.Option(help="A JSON object.")]


def given_fields(
    *,
    allow: bool | None,
    signature: str | None,
    limit: int | None,
    budget: tuple[str | None, str | None],
    origins: list[str] | None,
    models: list[str] | None,
    per_address: str | None,
    meta: str | None,
) -> dict[str, Any]:
    """The options that were named, as the API's fields; what is wrong there is refused there."""
    amount, window = budget
    signed = {"true": True, "false": False}.get(signature or "", signature)
    given = {
        "allowNewGenerations": allow,
        "requireSignature": signed,
        "newGenerationsLimit": limit,
        "budgetAmount": amount,
        "budgetWindow": window,
        "allowedOrigins": [] if origins == [_NONE] else origins,
        "allowedModels": _NONE if models == [_NONE] else models,
        "perAddressLimit": _whole(per_address),
        "meta": None if meta is None else _object(meta),
    }
    named = {name: value for name, value in given.items() if value is not None}
    return {name: None if value == _NONE else value for name, value in named.items()}


def _whole(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else text


def _object(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise typer.BadParameter("Write --meta as a JSON object.") from None
