"""`warm`: have the pictures of pages made before the first visitor comes."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from config.settings import Settings
from core.errors import FieldError, Invalid
from core.hooks.warm_client import WarmClient, WarmFailed, WarmOrder, warm_client
from core.spending.money import dollars, micros_of
from edge.api.shapes import money
from edge.commands.page_sources import urls_of
from edge.commands.terminal import explained, give_up, print_json, settings_or_exit
from edge.operations.addresses import own_origin
from edge.operations.data_folder import API_KEY_FILE
from edge.operations.exits import ExitCode

# So many addresses go in one call, each with its sizes: little enough for a bar that moves.
_AT_ONCE = 20
# What is no success, and what stops it all: asking on would only be refused again.
_BAD = ("refused", "failed", "over_budget", "pending")
_USED_UP = {"RATE_LIMIT_EXCEEDED", "BUDGET_EXHAUSTED"}


Source = Annotated[
    list[str],
    typer.Argument(
        help="Files of HTML, sitemaps, or lists of URLs; - for standard input; or live URLs."
    ),
]
Server = Annotated[
    str | None, typer.Option(help="http://host:port; this installation's own by default.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="Holds the API key; else EDGE_API_KEY, else the data folder's first."),
]
Sizes = Annotated[
    list[int] | None, typer.Option(min=1, help="A width each shall have as well; repeatable.")
]
Formats = Annotated[
    list[str] | None,
    typer.Option("--format", help="png, jpeg, webp, avif or auto, as well; repeatable."),
]


def warm(
    source: Source,
    *,
    server: Server = None,
    key_file: KeyFile = None,
    key: Annotated[str | None, typer.Option(envvar="EDGE_API_KEY", hidden=True)] = None,
    size: Sizes = None,
    format_: Formats = None,
    budget: Annotated[str | None, typer.Option(help="Dollars, for example 1.00.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it costs.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Have a running server make the pictures of pages; run it again to go on.

    What is there already is free. Exit status 1 when some could not be made.
    """
    settings = settings_or_exit(json=json)
    with explained():
        urls = urls_of(source)
        order = WarmOrder(size or (), format_ or (), dry_run, _checked(budget))
        secret = _key(settings, key_file, key)
    try:
        with (
            warm_client(server or own_origin(settings), secret) as client,
            _progress(len(urls), quiet=json) as bar,
        ):
            tally = _all(client, urls, order, bar)
    except WarmFailed as error:
        give_up(str(error))
    _tell(tally, json=json)
    if any(item["state"] in _BAD for item in tally.items.values()):
        raise typer.Exit(ExitCode.FAILED)


@dataclass(slots=True)
class _Tally:
    """What became of every address, by the last answer about it, and the sum of all costs."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    cost_micros: int = 0

    def note(self, item: dict[str, Any]) -> None:
        cost = micros_of(item["cost"]["amount"])
        self.cost_micros += cost
        before = self.items.get(item["url"])
        if before is not None:
            cost += micros_of(before["cost"]["amount"])
            made = before["state"] in {"generated", "derived"} or (
                before["state"] == "pending" and cost > 0
            )
            if item["state"] == "hit" and made:
                item["state"] = "derived" if before["state"] == "derived" else "generated"
        self.items[item["url"]] = item | {"cost": money(cost)}


def _all(client: WarmClient, urls: Sequence[str], order: WarmOrder, bar: "_Bar") -> _Tally:
    tally = _Tally()
    for start in range(0, len(urls), _AT_ONCE):
        part = urls[start : start + _AT_ONCE]
        going = True
        while going:
            items = client.warm(part, _left(order, tally))
            for item in items:
                tally.note(dict(item))
            going = not order.dry_run and any(item["state"] == "pending" for item in items)
        if not order.dry_run and any(item["code"] in _USED_UP for item in items):
            for url in urls[start + _AT_ONCE :]:
                tally.note({"url": url, "state": "pending", "cost": money(0), "code": None})
            break
        bar.update(len(part))
    return tally


def _left(order: WarmOrder, tally: _Tally) -> WarmOrder:
    if order.budget is None:
        return order
    return replace(order, budget=dollars(max(0, micros_of(order.budget) - tally.cost_micros)))


class _Bar:
    """Where nobody watches."""

    def update(self, steps: int) -> object:
        del steps
        return None


@contextmanager
def _progress(total: int, *, quiet: bool) -> Iterator[Any]:
    """A bar on the terminal, on standard error; elsewhere nothing."""
    if quiet or not sys.stderr.isatty():
        yield _Bar()
        return
    with typer.progressbar(length=total, label="pictures", file=sys.stderr) as bar:
        yield bar


def _checked(budget: str | None) -> str | None:
    if budget is None:
        return None
    try:
        micros_of(budget)
    except ValueError:
        message = "Use an amount in dollars like 1.00."
        raise Invalid(fields=[FieldError("--budget", "AMOUNT_INVALID", message)]) from None
    return budget


def _key(settings: Settings, file: Path | None, given: str | None) -> str:
    own = settings.data.folder / API_KEY_FILE
    if file is None and given is not None:
        return given.strip()
    if file is not None or own.is_file():
        return (file or own).read_text("utf-8").strip()
    if settings.bootstrap.api_key is not None:
        return settings.bootstrap.api_key.get_secret_value()
    message = "Set EDGE_API_KEY, or name a file that holds a key with live:generate."
    raise Invalid(fields=[FieldError("--key-file", "KEY_MISSING", message)])


def _tell(tally: _Tally, *, json: bool) -> None:
    items = list(tally.items.values())
    states = Counter(item["state"] for item in items)
    if json:
        cost = money(tally.cost_micros)
        total = {"items": len(items), "states": dict(states), "cost": cost}
        print_json({"items": items, "total": total})
        return
    for item in items:
        if item["state"] in _BAD:
            why = f" ({item['code']})" if item["code"] else ""
            typer.echo(f"{item['state']}{why}  {item['url']}")
    counts = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in states.items())
    spent = dollars(tally.cost_micros)
    typer.echo(f"{len(items)} addresses: {counts or 'no pictures'}. {spent} dollars.")
