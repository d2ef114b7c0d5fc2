"""A scope of a bench, and who makes its pictures anew."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from cache.entry import Key
from core.catalog import Catalog
from core.live import Answer
from core.live_request import LiveRequest
from core.models import Generation, Picture, Project, Scope
from core.scopes.ports import LivePicture, LivePictureLibrary, LivePictures
from core.scopes.remaking import Remade, Remaking, Wanted
from core.spending.permission import Spending
from core.spending.visitor import Visitor
from tests.core.generation_bench import PAID, PLAIN, Bench

EVERYTHING = Wanted()


@dataclass
class Neighbours:
    """Hears of every exchange, and may refuse to; ``seen`` is what was on record just then."""

    bench: Bench
    told: list[Key] = field(default_factory=list)
    seen: list[list[str]] = field(default_factory=list)
    failure: Exception | None = None

    async def replaced(self, project: Project, key: Key) -> None:
        if self.failure is not None:
            raise self.failure
        self.told.append(key)
        self.seen.append([row.status for row in await self.bench.rows()])


class Watch:
    """A journal in which purges are written by the test."""

    def __init__(self) -> None:
        self.purged: list[str] = []

    async def number(self) -> int:
        return len(self.purged)

    async def purged_since(self, project_id: str, master_slot: str, number: int) -> bool:
        return master_slot in self.purged[number:]


@dataclass
class Overtaken:
    """Live pictures among which something happens right after they were listed."""

    pictures: LivePictureLibrary
    then: Callable[[], Awaitable[object]] | None = None

    async def of_scope(
        self,
        project_id: str,
        scope_id: str,
        *,
        models: frozenset[tuple[str, str]],
        limit: int,
        cursor: str | None,
    ) -> LivePictures:
        listed = await self.pictures.of_scope(
            project_id, scope_id, models=models, limit=limit, cursor=cursor
        )
        then, self.then = self.then, None
        if then is not None:
            await then()
        return listed

    async def one_of_scope(
        self, project_id: str, scope_id: str, image_id: str
    ) -> LivePicture | None:
        return await self.pictures.one_of_scope(project_id, scope_id, image_id)

    async def under_way(self, project_id: str, identity: str) -> Generation | None:
        return await self.pictures.under_way(project_id, identity)

    async def take_place(
        self, project_id: str, generation_id: str, image_id: str, key: Key
    ) -> None:
        await self.pictures.take_place(project_id, generation_id, image_id, key)


@dataclass
class Studio:
    """A scope of a bench, and who makes its pictures anew."""

    bench: Bench
    scope: Scope
    watch: Watch
    neighbours: Neighbours
    pictures: Overtaken
    remaking: Remaking

    def visitor(self) -> Visitor:
        return Visitor(self.bench.project, key=self.bench.owner.key, scope=self.scope)

    def key(self, prompt: str = "a lighthouse") -> Key:
        """Where the page's picture stands."""
        return self.bench.live.decide(self.visitor(), LiveRequest(prompt, "1:1")).key

    async def look(self, prompt: str = "a lighthouse", seed: int | None = None) -> Picture:
        """What the page shows."""
        ask = self.bench.live.decide(self.visitor(), LiveRequest(prompt, "1:1", seed=seed))
        answer = await self.bench.live.fetch(ask, wait=30)
        assert isinstance(answer, Answer)
        return answer.picture

    async def regenerate(self, wanted: Wanted = EVERYTHING) -> Remade:
        remade = await self.remaking.regenerate(self.bench.owner, self.scope, wanted)
        await self.bench.work.settle()
        return remade

    async def row(self, generation: Generation) -> Generation:
        return await self.bench.row(generation)


def studio_of(bench: Bench, scope: Scope) -> Studio:
    watch, neighbours = Watch(), Neighbours(bench)
    pictures = Overtaken(bench.records.live_pictures)
    models = {"paid": PAID, "plain": PLAIN}
    remaking = Remaking(
        cache=bench.cache,
        live=bench.live,
        catalog=Catalog(models, PAID, generator="replicate", default="paid"),
        spending=Spending(enabled=True, policy=bench.policy),
        foresight=bench.foresight,
        work=bench.work,
        library=bench.records.library,
        pictures=pictures,
        replacements=neighbours,
        purges=watch,
        version=bench.workshop.enhancer.version,
    )
    return Studio(bench, scope, watch, neighbours, pictures, remaking)
