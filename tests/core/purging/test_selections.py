"""What a purge may be asked for, and what each selection finds."""

import pytest

from core.errors import EdgeError, Invalid
from core.live_request import LiveRequest
from core.models import Project
from core.purging.service import (
    ByAlias,
    ByFlow,
    ByImage,
    ByPrompt,
    ByScope,
    ByTag,
    Selection,
)
from core.purging.tags import key_tag
from tests.core.purge_bench import Fleet, Process, entry, live_key
from tests.core.records.samples import a_generation, an_image, new_id

NOBODYS = "01920000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("selection", "code"),
    [
        (ByImage(NOBODYS), "IMAGE_NOT_FOUND"),
        (ByAlias("@nobody"), "ALIAS_NOT_FOUND"),
        (ByFlow(NOBODYS), "FLOW_NOT_FOUND"),
        (ByScope("nowhere"), "SCOPE_NOT_FOUND"),
        (ByTag(f"i-{NOBODYS}"), "IMAGE_NOT_FOUND"),
        (ByAlias("no alias"), "VALIDATION_ERROR"),
        (ByTag("p-main-other"), "VALIDATION_ERROR"),
        (ByTag("k-123"), "VALIDATION_ERROR"),
        (ByTag("anything"), "VALIDATION_ERROR"),
        (ByPrompt(LiveRequest("a", "1:1", model="none/such")), "VALIDATION_ERROR"),
        (ByPrompt(LiveRequest("a", "21:9")), "VALIDATION_ERROR"),
    ],
)
async def test_what_names_nothing_is_refused_and_purges_nothing(
    fleet: Fleet, processes: list[Process], project: Project, selection: Selection, code: str
) -> None:
    with pytest.raises(EdgeError) as refusal:
        await processes[0].purging.purge(project, selection, tombstone=True)
    assert refusal.value.code == code
    assert await fleet.records.purges.number() == 0


async def test_every_tag_of_an_answer_finds_its_picture(
    fleet: Fleet, processes: list[Process], project: Project
) -> None:
    scope = await fleet.records.tenants.scope(project.id, "page")
    assert scope is not None
    key = live_key(project)
    tags = [key_tag(key.slot), "p-main-site", "a-main-site-hero", "s-main-site-page", "live"]
    for tag in [*tags, "i-"]:
        made = a_generation(
            project, id=new_id(), slot=key.slot, identity=key.identity, scope_id=scope.id
        )
        await fleet.records.generations.begin(made)
        image = an_image(made, alias="@hero")
        await fleet.records.images.insert(image)
        fleet.store.held[key.slot] = entry(key, image.id)
        name = f"i-{image.id}" if tag == "i-" else tag
        purged = await processes[0].purging.purge(project, ByTag(name), tombstone=False)
        assert (purged.masters, fleet.store.held) == (1, {}), tag


@pytest.mark.parametrize("by_tag", [False, True])
async def test_a_picture_that_went_before_takes_its_successor_along_only_for_good(
    fleet: Fleet, processes: list[Process], project: Project, by_tag: bool
) -> None:
    key = live_key(project)

    async def made() -> str:
        row = a_generation(project, id=new_id(), slot=key.slot, identity=key.identity)
        await fleet.records.generations.begin(row)
        image = an_image(row)
        await fleet.records.images.insert(image)
        fleet.store.held[key.slot] = entry(key, image.id)
        return str(image.id)

    purging, old = processes[0].purging, await made()
    selection = ByTag(f"i-{old}") if by_tag else ByImage(old)
    assert (await purging.purge(project, selection, tombstone=False)).masters == 1
    new = await made()
    standing = dict(fleet.store.held)
    purged = await purging.purge(project, selection, tombstone=False)
    assert (purged.masters, purged.derivatives, purged.tags) == (0, 0, (f"i-{old}",))
    assert fleet.store.held == standing
    assert await fleet.records.images.find(project.id, new) is not None
    assert (await purging.purge(project, selection, tombstone=True)).masters == 1
    assert fleet.store.held == {}


async def test_a_name_nobody_has_any_more_is_still_told_to_cdns(
    processes: list[Process], project: Project
) -> None:
    for tag in ("a-main-site-gone", "s-main-site-gone"):
        purged = await processes[0].purging.purge(project, ByTag(tag), tombstone=False)
        assert (purged.masters, purged.tags) == (0, (tag,))
    assert processes[0].told.tags == [("a-main-site-gone",), ("s-main-site-gone",)]


async def test_an_unknown_model_names_the_field(processes: list[Process], project: Project) -> None:
    with pytest.raises(Invalid) as refusal:
        await processes[0].purging.purge(
            project, ByPrompt(LiveRequest("a", "21:9")), tombstone=False
        )
    assert [field.name for field in refusal.value.fields] == ["aspectRatio"]
