"""Asks a running server, over HTTP, to have pictures made before anybody looks."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

# A call works for 50 s, and may wait that long once more for what it has begun.
_PATIENCE = 130.0
_ADDRESS = "/api/v1/live/warm"


@dataclass(frozen=True, slots=True)
class WarmOrder:
    """What is wanted of every URL beside itself. ``budget`` is decimal dollars."""

    sizes: Sequence[int] = ()
    formats: Sequence[str] = ()
    dry_run: bool = False
    budget: str | None = None


class WarmFailed(Exception):
    """The server cannot be reached or refuses; the text says which, for people."""


class WarmClient:
    """Talks to the server with a project's key."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def warm(self, urls: Sequence[str], order: WarmOrder) -> list[Mapping[str, Any]]:
        """What became of each: ``url``, ``state``, ``cost``, ``code``. Raises WarmFailed."""
        body: dict[str, Any] = {
            "urls": list(urls),
            "sizes": list(order.sizes),
            "formats": list(order.formats),
            "dryRun": order.dry_run,
        }
        if order.budget is not None:
            body["budget"] = order.budget
        try:
            answer = self._client.post(_ADDRESS, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            where = self._client.base_url
            raise WarmFailed(f"{where} cannot be reached ({error}). Is it running?") from error
        if answer.status_code != httpx.codes.OK:
            raise WarmFailed(_told(answer))
        items: list[Mapping[str, Any]] = answer.json()["data"]["items"]
        return items


@contextmanager
def warm_client(server: str, key: str) -> Iterator[WarmClient]:
    """``server`` is ``http://host:port``, without a path. Raises WarmFailed."""
    try:
        client = httpx.Client(
            base_url=server, headers={"X-API-Key": key}, timeout=_PATIENCE, trust_env=False
        )
    except (httpx.InvalidURL, UnicodeEncodeError) as error:
        raise WarmFailed(f"Neither address nor key may hold that ({error}).") from error
    with client:
        yield WarmClient(client)


def _told(answer: httpx.Response) -> str:
    """The server's own words, where it is one of ours."""
    try:
        error = answer.json()["error"]
        fields = [f"{field['name']}: {field['message']}" for field in error.get("fields", ())]
        return " ".join([error["message"], *fields])
    except (ValueError, KeyError, TypeError):
        return f"{answer.request.url} answered {answer.status_code}; is this a Mirage server?"
