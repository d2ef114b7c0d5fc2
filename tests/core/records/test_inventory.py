"""The inventory: every picture on record, of every project, for a checker to compare and mend."""

from core.models import Project
from core.records.images import SqlImageLibrary
from core.records.inventory import PictureFacts, SqlInventory
from tests.core.records.samples import a_generation, an_image


async def test_every_picture_of_every_project_is_seen_once(
    inventory: SqlInventory, images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    pictures = [
        an_image(a_generation(owner), slot=f"slot-{number}", stored=number != 3)
        for number, owner in enumerate((project, stranger) * 3)
    ]
    for image in pictures:
        await images.insert(image)
    await images.delete(project.id, pictures[0].id)
    seen = [page async for page in inventory.pages(4)]
    assert [len(page) for page in seen] == [4, 2]
    facts = {one.id: one for page in seen for one in page}
    assert facts == {
        image.id: PictureFacts(
            image.id,
            image.project_id,
            image.slot,
            image.identity,
            image.digest,
            # A live URL has another picture made once its own was deleted: those bytes go.
            stored=image.stored and image is not pictures[0],
            deleted=image is pictures[0],
        )
        for image in pictures
    }
    slots = ["slot-0", "slot-5", "slot-6"]
    assert await inventory.known_slots(slots) == {"slot-0", "slot-5"}
    assert await inventory.known_slots([]) == frozenset()
    second = pictures[0].identity
    assert await inventory.known_slots([second, "0" * 64]) == {second}
    assert await inventory.count() == 6


async def test_records_are_marked_and_removed_within_their_project(
    inventory: SqlInventory, images: SqlImageLibrary, project: Project, stranger: Project
) -> None:
    image = an_image(a_generation(project), alias="@hero", flow_id="f")
    await images.insert(image, flow_alias="@a")
    assert not await inventory.mark(stranger.id, image.id, stored=False)
    assert await inventory.mark(project.id, image.id, stored=False)
    found = await images.find(project.id, image.id)
    assert found is not None
    assert not found.stored
    assert not await inventory.remove(stranger.id, image.id)
    assert await inventory.remove(project.id, image.id)
    assert not await inventory.remove(project.id, image.id)
    assert await images.find(project.id, image.id, include_deleted=True) is None
