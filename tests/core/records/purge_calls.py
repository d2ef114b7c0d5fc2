"""Every call on the journal of purges, one after the other."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from cache.entry import Key
from core.models import Project
from core.purging.ports import Everything, Flow, Place, Slots, Struck, Through
from core.records.records import Records
from tests.core.records.samples import NOON, a_generation, an_image

Call = Callable[[], Awaitable[object]]


def calls_on_purges(records: Records, project: Project) -> dict[str, Call]:
    purges = records.purges
    one = a_generation(project, scope_id="s", flow_id="f", status="pending")
    image, key = an_image(one, alias="@hero"), Key(one.slot, one.identity)
    later = NOON + timedelta(days=1)

    async def write() -> None:
        await records.library.insert(one)
        await records.images.insert(image, flow_alias="@step")
        covers = (Everything(), Through("s"), Flow("f"), Slots(one.slot[:16]), Place(key))
        for cover in covers:
            await purges.write(project, cover, tombstone=True)

    async def end() -> None:
        for purge in await purges.open(project.id):
            await purges.end(purge, 0)

    return {
        "write": write,
        "note": lambda: purges.note(project.id, [Struck(key, gone=True)], ("k-1",)),
        "open": lambda: purges.open(project.id),
        "abandoned": lambda: purges.abandoned(later),
        "since": lambda: purges.since(0, {1, 2}),
        "made_after": lambda: purges.made_after(NOON),
        "number": purges.number,
        "number_before": lambda: purges.number_before(later),
        "struck_since": lambda: purges.struck_since(one, 0),
        "purged_since": lambda: purges.purged_since(project.id, one.slot, 0),
        "stands": lambda: purges.stands(project.id, one.identity),
        "stands_for": lambda: purges.stands_for(project.id, image.id),
        "end": end,
        "tidy": lambda: purges.tidy(later),
    }
