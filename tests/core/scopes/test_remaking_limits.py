"""What new pictures of a scope may cost: looked at first, then counted."""

from dataclasses import replace

import pytest

from core.errors import BudgetExhausted, RateLimitExceeded
from core.live_request import LiveRequest
from core.scopes.remaking import Wanted
from tests.core.scopes.studio import EVERYTHING, Studio, studio_of


async def test_what_could_not_be_paid_is_refused_at_once_and_leaves_no_record(
    studio: Studio,
) -> None:
    shown = [await studio.look(f"number {number}") for number in range(3)]
    bench, rows = studio.bench, await studio.bench.rows()
    bench.admission.left = 0
    for wanted in (EVERYTHING, Wanted(request=LiveRequest("number 0", "1:1"))):
        with pytest.raises(RateLimitExceeded) as slow:
            await studio.regenerate(wanted)
        assert slow.value.retry_after == 60
    bench.admission.left = 10
    full = studio_of(bench, replace(studio.scope, new_generations_limit=3))
    with pytest.raises(BudgetExhausted) as spent:
        await full.regenerate()
    # Waiting does not help: the limit counts for ever.
    assert spent.value.retry_after is None
    assert await bench.rows() == rows
    assert bench.admission.left == 10
    again = [await studio.look(f"number {number}") for number in range(3)]
    assert [one.image_id for one in again] == [one.image_id for one in shown]


async def test_what_is_under_way_needs_nothing_left(studio: Studio) -> None:
    await studio.look()
    bench = studio.bench
    bench.provider.gate.clear()
    bench.provider.waiting.clear()
    first = await studio.remaking.regenerate(bench.owner, studio.scope, EVERYTHING)
    await bench.provider.waiting.wait()
    bench.admission.left = 0
    second = await studio.remaking.regenerate(bench.owner, studio.scope, EVERYTHING)
    bench.provider.gate.set()
    await bench.work.settle()
    assert [one.id for one in first.generations] == [one.id for one in second.generations]


async def test_a_used_up_scope_makes_nothing_anew(studio: Studio) -> None:
    studio.scope = replace(studio.scope, new_generations_limit=1)
    before = await studio.look()
    with pytest.raises(BudgetExhausted):
        await studio.regenerate()
    assert (await studio.look()).image_id == before.image_id


async def test_where_some_can_be_made_the_others_say_why_they_were_not(studio: Studio) -> None:
    studio.scope = replace(studio.scope, new_generations_limit=3)
    for number in range(2):
        await studio.look(f"number {number}")
    rows = [await studio.row(one) for one in (await studio.regenerate()).generations]
    ends = {(row.status, row.error_code) for row in rows}
    assert ends == {("success", None), ("failed", "BUDGET_EXHAUSTED")}


async def test_each_new_picture_counts_at_its_key_and_its_scope(studio: Studio) -> None:
    await studio.look()
    await studio.regenerate()
    assert studio.bench.admission.asked == ["k1", "k1"]
    record = await studio.bench.records.scopes.find(studio.bench.project.id, "page")
    assert record is not None
    assert record.current_generations == 2
