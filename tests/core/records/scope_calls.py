"""Every call on scopes, on their pictures and on the accounts of use, one after the other."""

from collections.abc import Awaitable, Callable

from cache.entry import Key
from core.listing import Window
from core.models import Project, Scope
from core.records.records import Records
from tests.core.records.samples import a_generation, an_image

Call = Callable[[], Awaitable[object]]


def calls_on_scopes(records: Records, project: Project) -> dict[str, Call]:
    scopes, pictures, usage = records.scopes, records.live_pictures, records.usage
    one = a_generation(project, scope_id="s")
    image = an_image(one)
    models = frozenset({(one.model, one.model_version)})

    async def of_scope() -> None:
        await records.generations.begin(one)
        await records.generations.succeed(project.id, one.id, image, cost_micros=1, processing_ms=1)
        found = await pictures.of_scope(project.id, "s", models=models, limit=1, cursor=None)
        assert found.pictures

    return {
        "scopes.insert": lambda: scopes.insert(Scope("s", project.id, "shop")),
        "scopes.find": lambda: scopes.find(project.id, "shop"),
        "scopes.listed": lambda: scopes.listed(project.id, Window()),
        "scopes.edit": lambda: scopes.edit(project.id, "shop", lambda scope: scope),
        "live_pictures.of_scope": of_scope,
        "live_pictures.one_of_scope": lambda: pictures.one_of_scope(project.id, "s", image.id),
        "live_pictures.under_way": lambda: pictures.under_way(project.id, one.identity),
        "live_pictures.take_place": lambda: pictures.take_place(
            project.id, one.id, image.id, Key(one.slot, one.identity)
        ),
        "usage.add_hits": lambda: usage.add_hits({(project.id, "s"): 1}),
        "usage.accounts": lambda: usage.accounts(project.id),
        "scopes.delete": lambda: scopes.delete(project.id, "shop"),
    }
