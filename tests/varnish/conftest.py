"""Fixtures of the tests that put the shipped VCL before a counting origin."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx
import pytest

from tests.nginx.front import LIVE, public
from tests.servers.varnish import TOKEN, StartVarnish, Varnish
from tests.standins.origin import Answer, Asked, Origin, Script

TAGS = "live,k-0123456789abcdef,p-main-site"


class PatientOrigin(Origin):
    """Answers Varnish's probes by itself, so that a script sees the visitors' requests alone."""

    @property
    def visits(self) -> list[Asked]:
        return [one for one in self.asked if one.target != b"/health"]

    def scripted(self, script: Script) -> None:
        self.script = lambda asked: Answer() if asked.target == b"/health" else script(asked)

    def always(self, answer: Answer) -> None:
        self.scripted(lambda _: answer)


@dataclass(frozen=True, slots=True)
class Front:
    """``client`` speaks to ``varnish``, Varnish to ``origin``."""

    varnish: Varnish
    origin: PatientOrigin
    client: httpx.AsyncClient

    async def get(self, target: str = LIVE, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(target, headers=named)

    async def ban(self, tags: str, token: str = TOKEN) -> httpx.Response:
        headers = {"Cache-Tag": tags, "X-Purge-Token": token}
        return await self.client.request("BAN", "/", headers=headers)


@pytest.fixture
async def origin() -> AsyncGenerator[PatientOrigin, None]:
    origin = PatientOrigin()
    origin.always(public(Cache_Tag=TAGS))
    async with origin.listening():
        yield origin


@pytest.fixture
async def front(origin: PatientOrigin, start_varnish: StartVarnish) -> AsyncGenerator[Front, None]:
    varnish = start_varnish(origin.port)
    async with httpx.AsyncClient(base_url=varnish.url, trust_env=False, timeout=30) as client:
        yield Front(varnish, origin, client)
