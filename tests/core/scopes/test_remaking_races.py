"""What happens to a scope's pictures between their listing and the work on them."""

from tests.core.scopes.studio import EVERYTHING, Studio, studio_of


async def test_a_purge_right_after_the_pictures_were_listed_wins(studio: Studio) -> None:
    before = await studio.look()
    key = studio.key()

    async def purge() -> None:
        studio.watch.purged.append(before.slot)
        await studio.bench.cache.forget(key)

    studio.pictures.then = purge
    await studio.regenerate()
    assert before.slot not in studio.bench.store.entries
    assert studio.neighbours.told == []


async def test_what_another_process_made_anew_meanwhile_is_not_paid_twice(studio: Studio) -> None:
    before = await studio.look()
    bench = studio.bench
    other = studio_of(bench, studio.scope)
    studio.pictures.then = other.regenerate
    bench.admission.asked.clear()
    (late,) = (await studio.regenerate()).generations
    after = await studio.look()
    row = await studio.row(late)
    assert (row.status, row.cached, row.cost_micros) == ("success", True, 0)
    assert row.output_image_id == after.image_id != before.image_id
    assert len(bench.provider.started) == 2
    assert bench.admission.asked == ["k1"]
    assert list(bench.store.entries) == [after.slot]
    assert studio.neighbours.told == [], "the other one has told everybody"
    await studio.regenerate()
    assert (await studio.look()).image_id != after.image_id
    assert len(bench.provider.started) == 3


async def test_what_another_process_put_there_is_not_looked_for_in_old_copies(
    studio: Studio,
) -> None:
    await studio.look()
    bench = studio.bench
    stale = bench.cache.recall(studio.key())
    assert stale is not None
    other = studio_of(bench, studio.scope)

    async def regenerate() -> None:
        await other.regenerate()
        # In this process's memory the old picture still stands.
        fresh = bench.store.entries.pop(studio.key().slot)
        await bench.cache.evict(None)
        bench.store.entries[studio.key().slot] = stale
        await bench.cache.lookup(studio.key())
        bench.store.entries[studio.key().slot] = fresh

    studio.pictures.then = regenerate
    await studio.regenerate(EVERYTHING)
    assert len(bench.provider.started) == 2


async def test_a_picture_that_was_lost_is_made_anew(studio: Studio) -> None:
    before = await studio.look()
    await studio.bench.cache.forget(studio.key())
    await studio.regenerate()
    after = await studio.look()
    assert after.image_id != before.image_id
    assert len(studio.bench.provider.started) == 2
