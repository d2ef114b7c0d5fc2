"""The pictures of a scope, and how a new one takes its place behind the live URL."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from cache.entry import Key
from core.errors import Invalid
from core.models import Generation, Image, Project
from core.records.database import Database
from core.records.flows import SqlFlowLibrary
from core.records.generations import SqlGenerations
from core.records.images import SqlImageLibrary
from core.records.library import SqlGenerationLibrary
from core.records.live_pictures import SqlLivePictures
from tests.core.records.samples import SetClock, a_generation, an_image

SCOPE = "scope-1"
TODAY = frozenset({("painter", "1")})


@dataclass
class Wall:
    """Where pictures are hung; each call is a minute later."""

    project: Project
    clock: SetClock
    generations: SqlGenerations
    images: SqlImageLibrary
    pictures: SqlLivePictures

    async def hang(self, name: str, **changes: Any) -> tuple[Generation, Image]:
        self.clock.now += timedelta(minutes=1)
        given = {"slot": f"slot-{name}", "identity": f"identity-{name}", "scope_id": SCOPE}
        one = a_generation(self.project, created_at=self.clock.now, **{**given, **changes})
        image = an_image(one, origin=one.origin)
        await self.generations.begin(one)
        await self.generations.succeed(
            self.project.id, one.id, image, cost_micros=0, processing_ms=1
        )
        return one, image

    async def listed(self, cursor: str | None = None, limit: int = 100) -> tuple[list[str], int]:
        found = await self.pictures.of_scope(
            self.project.id, SCOPE, models=TODAY, limit=limit, cursor=cursor
        )
        return [one.image.slot.removeprefix("slot-") for one in found.pictures], found.remaining


@pytest.fixture
def wall(
    database: Database,
    clock: SetClock,
    project: Project,
    generations: SqlGenerations,
    images: SqlImageLibrary,
) -> Wall:
    return Wall(project, clock, generations, images, SqlLivePictures(database, clock))


async def test_a_scopes_pictures_are_those_behind_its_live_urls(
    wall: Wall, library: SqlGenerationLibrary, stranger: Project
) -> None:
    await wall.hang("one")
    await wall.hang("other scope", scope_id="scope-2")
    await wall.hang("no scope", scope_id=None)
    await wall.hang("by rest", origin="rest")
    await wall.hang("old version", model_version="0")
    await wall.hang("other model", model="unknown")
    _, thrown_away = await wall.hang("thrown away")
    await wall.images.delete(wall.project.id, thrown_away.id)
    forgotten, _ = await wall.hang("forgotten")
    await library.delete(wall.project.id, forgotten.id)
    failed = a_generation(wall.project, scope_id=SCOPE)
    await wall.generations.begin(failed)
    await wall.generations.fail(wall.project.id, failed.id, "CODE", "Text.")
    await wall.hang("two")
    assert await wall.listed() == (["two", "one"], 0)
    found = await wall.pictures.of_scope(stranger.id, SCOPE, models=TODAY, limit=100, cursor=None)
    assert found.pictures == ()


async def test_a_long_list_says_what_remains_and_goes_on(wall: Wall) -> None:
    for number in range(5):
        await wall.hang(str(number))
    first = await wall.pictures.of_scope(wall.project.id, SCOPE, models=TODAY, limit=2, cursor=None)
    assert [one.image.slot for one in first.pictures] == ["slot-4", "slot-3"]
    assert first.remaining == 3
    # What is made anew meanwhile is newer than where the list was left.
    await wall.hang("5")
    assert await wall.listed(first.next_cursor, 2) == (["2", "1"], 1)
    with pytest.raises(Invalid):
        await wall.listed("nonsense")


async def test_one_picture_is_found_by_its_image_within_its_scope(
    wall: Wall, stranger: Project
) -> None:
    generation, image = await wall.hang("one")
    _, elsewhere = await wall.hang("other scope", scope_id="scope-2")
    project_id, find = wall.project.id, wall.pictures.one_of_scope
    found = await find(project_id, SCOPE, image.id)
    assert found is not None
    assert (found.image.id, found.generation.id) == (image.id, generation.id)
    assert found.key == Key("slot-one", "identity-one")
    assert await find(project_id, SCOPE, elsewhere.id) is None
    assert await find(stranger.id, SCOPE, image.id) is None


async def test_what_is_under_way_is_told(wall: Wall, library: SqlGenerationLibrary) -> None:
    project_id = wall.project.id
    assert await wall.pictures.under_way(project_id, "identity-a") is None
    waiting = a_generation(wall.project, status="pending", identity="identity-a")
    await library.insert(waiting)
    found = await wall.pictures.under_way(project_id, "identity-a")
    assert found is not None
    assert found.id == waiting.id
    await library.cancel(project_id, waiting.id)
    assert await wall.pictures.under_way(project_id, "identity-a") is None


async def test_the_new_picture_takes_the_old_ones_place_and_names(
    wall: Wall, flows: SqlFlowLibrary
) -> None:
    project_id = wall.project.id
    _, old = await wall.hang("one")
    await wall.images.assign_alias(project_id, old.id, "@hero")
    await flows.ensure(project_id, "f")
    await flows.merge_aliases(project_id, "f", {"@step": old.id})
    _, bystander = await wall.hang("bystander")
    generation, new = await wall.hang("anew", origin="rest")
    place = Key("slot-one", "identity-one")
    for _ in range(2):
        await wall.pictures.take_place(project_id, generation.id, new.id, place)
        image = await wall.images.find(project_id, new.id)
        assert image is not None
        assert (image.slot, image.identity, image.origin) == ("slot-one", "identity-one", "live")
        assert (image.alias, image.deleted_at) == ("@hero", None)
        assert await wall.images.find(project_id, old.id) is None
        row = await wall.generations.get(project_id, generation.id)
        assert row is not None
        assert (row.slot, row.identity, row.origin) == ("slot-one", "identity-one", "live")
        by_flow = await wall.images.by_flow_alias(project_id, "f", "@step")
        assert by_flow == image
        assert await wall.images.find(project_id, bystander.id) == bystander
        assert await wall.listed() == (["one", "bystander"], 0)


async def test_a_strangers_picture_takes_nobodys_place(wall: Wall, stranger: Project) -> None:
    _, old = await wall.hang("one")
    generation, new = await wall.hang("anew", origin="rest")
    place = Key("slot-one", "identity-one")
    await wall.pictures.take_place(stranger.id, generation.id, new.id, place)
    assert await wall.images.find(wall.project.id, old.id) == old
    assert await wall.images.find(wall.project.id, new.id) == new
