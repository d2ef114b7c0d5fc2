"""What `serve` tells whoever started it: the key, an address to open, a line to try."""

import shlex
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from config.settings import Settings
from core.signing import Signer, expires_at_for
from edge.live_urls import live_path, signed_target
from edge.operations.addresses import own_origin
from edge.operations.first_start import ORGANIZATION, PROJECT, SCOPE, Prepared

_PROMPT = "a red lighthouse"
_DAY = 86_400

Emphasis = Callable[[str], str]


def greeting(settings: Settings, prepared: Prepared, *, port: int, strong: Emphasis = str) -> str:
    """The text, several lines. ``strong`` marks what is worth copying."""
    origin = own_origin(settings, port=port)
    return "\n".join(
        [
            "",
            f"  Mirage on {strong(origin)}",
            "",
            *_key_lines(prepared, strong),
            f"  Open      {strong(origin + _page(settings, prepared))}",
            f"  Or try    {_curl(settings, prepared, origin)}",
            "",
            f"  Pictures  {_generator(settings)}",
            f"  Data      {settings.data.folder.resolve()}",
            "",
        ]
    )


def _key_lines(prepared: Prepared, strong: Emphasis) -> Iterator[str]:
    if prepared.first_key is not None:
        yield f"  Key       {strong(prepared.first_key)}"
        yield f"            shown this once, and kept in {prepared.key_file}"
        yield ""


def _page(settings: Settings, prepared: Prepared) -> str:
    """A picture of the public page, signed where it costs money and strangers may not order it."""
    path = live_path(ORGANIZATION, PROJECT, SCOPE)
    if settings.generator_name == settings.painter.generator:
        return f"{path}?{urlencode({'prompt': _PROMPT})}"
    signer = Signer([(key.kid, key.secret) for key in prepared.signing_keys])
    ends = expires_at_for(time.time(), _DAY)
    return signed_target(signer, path, {"prompt": _PROMPT}, ends)


def _curl(settings: Settings, prepared: Prepared, origin: str) -> str:
    if settings.bootstrap.api_key is not None:
        key = "$EDGE_BOOTSTRAP_API_KEY"
    elif prepared.key_file is not None:
        key = f"$(cat {shlex.quote(str(prepared.key_file))})"
    else:
        key = "$KEY"
    return (
        f'curl -o lighthouse.png -H "X-API-Key: {key}" -G {origin}/api/v1/live '
        f"--data-urlencode 'prompt={_PROMPT}'"
    )


def _generator(settings: Settings) -> str:
    if settings.generator_name == settings.painter.generator:
        return "painter: offline and free. REPLICATE_API_TOKEN brings the real ones."
    price = settings.models[settings.default_model].price / 1_000_000
    return (
        f"{settings.generator_name}, {settings.default_model}, ${price:g} each{_limit(settings)}."
    )


def _limit(settings: Settings) -> str:
    if not settings.spending.enabled:
        return "; spending is off, so only stored ones answer"
    if settings.spending.daily_budget is None:
        return ", without a budget"
    return f", at most ${settings.spending.daily_budget / 1_000_000:.2f} a day"
