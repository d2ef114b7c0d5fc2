"""Flows as a service: only what is there can be named, and what is not is said by name."""

from typing import Any

import pytest

from core.errors import AliasConflict, Invalid, NotFound
from core.library.flows import Flows
from core.listing import Listing, Window
from core.models import Generation
from tests.core.fakes import open_generation
from tests.core.rest_fakes_images import PROJECT_ID, Shelf, image


class NotedGenerations:
    """A library of one generation that remembers which flow it was asked about."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Window, dict[str, Any]]] = []

    async def listed(self, project_id: str, window: Window, **filters: Any) -> Listing[Generation]:
        self.asked.append((project_id, window, filters))
        return Listing((open_generation("i", "s"),), 1, total_is_exact=True, next_cursor=None)


def bench() -> tuple[Shelf, NotedGenerations, Flows]:
    shelf, generations = Shelf(), NotedGenerations()
    return shelf, generations, Flows(shelf.flows, generations, shelf.images)  # type: ignore[arg-type]  # one method of the port is asked


async def test_each_flow_has_an_id_of_its_own() -> None:
    _, _, flows = bench()
    one, two = [await flows.create(PROJECT_ID, {"name": name}) for name in "ab"]
    assert one.id < two.id
    assert (await flows.find(PROJECT_ID, one.id)).meta == {"name": "a"}
    listing = await flows.listed(PROJECT_ID, Window())
    assert [flow.id for flow in listing.rows] == [two.id, one.id]


async def test_a_flow_nobody_has_is_not_found_whatever_is_asked_of_it() -> None:
    _, generations, flows = bench()
    flow = await flows.create("other", {})
    for ask in (
        lambda: flows.find(PROJECT_ID, flow.id),
        lambda: flows.generations(PROJECT_ID, flow.id, Window()),
        lambda: flows.images(PROJECT_ID, flow.id, Window()),
        lambda: flows.merge_aliases(PROJECT_ID, flow.id, {}),
        lambda: flows.remove_alias(PROJECT_ID, flow.id, "@hero"),
        lambda: flows.delete(PROJECT_ID, flow.id),
    ):
        with pytest.raises(NotFound) as refusal:
            await ask()
        assert refusal.value.code == "FLOW_NOT_FOUND"
    assert not generations.asked


async def test_lists_are_asked_for_this_flow_alone() -> None:
    shelf, generations, flows = bench()
    flow, window = await flows.create(PROJECT_ID, {}), Window(limit=3)
    await flows.generations(PROJECT_ID, flow.id, window)
    assert generations.asked == [(PROJECT_ID, window, {"flow_id": flow.id})]
    await shelf.images.insert(image("in", flow_id=flow.id))
    await shelf.images.insert(image("out"))
    rows = (await flows.images(PROJECT_ID, flow.id, window)).rows
    assert [row.id for row in rows] == ["in"]


async def test_aliases_are_merged_and_conflicts_are_left_alone_when_asked() -> None:
    shelf, _, flows = bench()
    flow = await flows.create(PROJECT_ID, {})
    for name in ("one", "two"):
        await shelf.images.insert(image(name))
    await flows.merge_aliases(PROJECT_ID, flow.id, {"@a": "one", "@b": "one"})
    with pytest.raises(AliasConflict):
        await flows.merge_aliases(PROJECT_ID, flow.id, {"@a": "two", "@c": "two"}, move=False)
    assert (await flows.find(PROJECT_ID, flow.id)).aliases == {"@a": "one", "@b": "one"}
    await flows.merge_aliases(PROJECT_ID, flow.id, {"@a": "one", "@c": "two"}, move=False)
    moved = await flows.merge_aliases(PROJECT_ID, flow.id, {"@a": "two"})
    assert moved.aliases == {"@a": "two", "@b": "one", "@c": "two"}
    left = await flows.remove_alias(PROJECT_ID, flow.id, "@a")
    assert left.aliases == {"@b": "one", "@c": "two"}


async def test_every_alias_without_an_image_is_named_and_none_is_given() -> None:
    shelf, _, flows = bench()
    flow = await flows.create(PROJECT_ID, {})
    await shelf.images.insert(image("own"))
    await shelf.images.insert(image("foreign", project_id="other"))
    wish = {"@own": "own", "@foreign": "foreign", "@nobody": "nobody"}
    with pytest.raises(Invalid) as refusal:
        await flows.merge_aliases(PROJECT_ID, flow.id, wish)
    assert [field.name for field in refusal.value.fields] == ["aliases.@foreign", "aliases.@nobody"]
    assert (await flows.find(PROJECT_ID, flow.id)).aliases == {}


async def test_a_deleted_flow_leaves_its_images() -> None:
    shelf, _, flows = bench()
    flow = await flows.create(PROJECT_ID, {})
    await shelf.images.insert(image("one", flow_id=flow.id), flow_alias="@hero")
    await flows.delete(PROJECT_ID, flow.id)
    row = await shelf.images.find(PROJECT_ID, "one")
    assert row is not None
    assert row.flow_id is None
    with pytest.raises(NotFound):
        await flows.delete(PROJECT_ID, flow.id)
