"""Every call on what storage holds, one after the other."""

from collections.abc import Awaitable, Callable

from cache.entry import Key
from core.models import Project
from core.records.records import Records
from tests.core.records.samples import NOON, a_generation, an_image

Call = Callable[[], Awaitable[object]]


def calls_on_the_shelf(records: Records, project: Project) -> dict[str, Call]:
    shelf = records.shelf
    one = an_image(a_generation(project))
    return {
        "kept": shelf.kept,
        "deleted": lambda: shelf.deleted(NOON, 10),
        "unused": lambda: shelf.unused(NOON, 10),
        "arrived": lambda: shelf.arrived(one.slot, one.identity),
        "note_used": lambda: shelf.note_used(project.id, {one.id}, NOON),
    }


def calls_on_leftovers(records: Records, project: Project) -> dict[str, Call]:
    one = an_image(a_generation(project))
    key = Key(one.slot, one.identity)
    return {"wanted": lambda: records.leftovers.wanted(key, one.id, NOON)}
