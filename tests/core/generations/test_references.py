"""Reference pictures: which ones a request means, and that the model gets them."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from shutil import copy

import pytest

from core.errors import GeneratorFailed, Invalid
from core.generators.inputs import input_of
from core.models import Model, Recipe, Reference
from tests.core.generation_bench import PAID, PATIENT, PLAIN, Bench, bench_in


@pytest.fixture
async def bench(tmp_path: Path, blank_records: Path) -> AsyncIterator[Bench]:
    copy(blank_records, tmp_path)
    async with bench_in(tmp_path) as bench:
        yield bench


async def picture(bench: Bench, prompt: str, alias: str | None = None) -> str:
    made = await bench.make(prompt, alias=alias)
    assert made.output_image_id is not None
    return made.output_image_id


async def test_the_model_gets_the_bytes_in_the_order_of_use(bench: Bench) -> None:
    fox = await picture(bench, "a fox")
    await picture(bench, "a den", "@den")
    made = await bench.make("both", references=("@den", fox))
    sent = bench.provider.started[-1].references
    assert [each.body.split(b" by ")[0] for each in sent] == [
        b"picture of a den",
        b"picture of a fox",
    ]
    assert made.reference_image_ids[1] == fox


async def test_a_name_in_the_prompt_is_a_reference_and_stays_in_the_text(bench: Bench) -> None:
    den = await picture(bench, "a den", "@den")
    made = await bench.make("a fox in (@den), mail fox@den and @nobody")
    assert made.reference_image_ids == (den,)
    assert bench.provider.started[-1].prompt == "a fox in (@den), mail fox@den and @nobody"


async def test_explicit_ones_come_first_none_twice_and_three_are_enough(bench: Bench) -> None:
    ids = [await picture(bench, f"number {n}", f"@n{n}") for n in range(4)]
    made = await bench.make("@n0 @n1 @n2 @n3", references=("@n3", ids[1]))
    assert made.reference_image_ids == (ids[3], ids[1], ids[0])


async def test_other_references_make_another_picture(bench: Bench) -> None:
    fox, den = await picture(bench, "a fox"), await picture(bench, "a den")
    plain = await bench.make("both")
    one = await bench.make("both", references=(fox,))
    other = await bench.make("both", references=(den,))
    assert len({plain.identity, one.identity, other.identity}) == 3
    assert (await bench.make("both", references=(fox,))).cached


async def test_an_explicit_one_that_is_none_is_refused_by_its_place(bench: Bench) -> None:
    fox = await picture(bench, "a fox")
    nobody = "01a2046b-70cc-7400-a02f-c6018c5a0bc6"
    with pytest.raises(Invalid) as caught:
        await bench.make("both", references=(fox, "@nobody", nobody))
    assert [field.name for field in caught.value.fields] == [
        "referenceImages.1",
        "referenceImages.2",
    ]
    assert len(bench.provider.started) == 1


async def test_a_name_of_the_flow_goes_before_the_projects(bench: Bench) -> None:
    await picture(bench, "a den", "@den")
    first = await bench.make("another den", flow_alias="@den")
    made = await bench.make("a fox in @den", flow_id=first.flow_id)
    assert made.reference_image_ids == (first.output_image_id,)


async def test_a_model_that_takes_no_pictures_says_so(bench: Bench) -> None:
    fox = await picture(bench, "a fox")
    with pytest.raises(Invalid) as caught:
        await bench.make("both", references=(fox,), model="plain")
    assert caught.value.fields[0].name == "referenceImages"


async def test_a_picture_whose_bytes_are_gone_is_refused_before_anything_is_spent(
    bench: Bench,
) -> None:
    fox = await picture(bench, "a fox")
    bench.store.entries.clear()
    bench.build()
    rows = await bench.rows()
    with pytest.raises(Invalid) as caught:
        await bench.make("both", references=(fox,))
    assert caught.value.fields[0].code == "REFERENCE_NOT_STORED"
    assert await bench.rows() == rows


async def test_a_retry_keeps_its_references_when_the_name_has_moved_on(bench: Bench) -> None:
    den = await picture(bench, "a den", "@den")
    bench.provider.fail_finish = GeneratorFailed()
    old = await bench.make("a fox in @den")
    bench.provider.fail_finish = None
    await picture(bench, "another den", "@den")
    outcome = await bench.service.retry(bench.owner, old.id, {}, PATIENT)
    assert outcome.generation.reference_image_ids == (den,)


async def test_another_prompt_leaves_the_names_of_the_old_one_behind(bench: Bench) -> None:
    fox = await picture(bench, "a fox")
    await picture(bench, "a den", "@den")
    wood = await picture(bench, "a wood", "@wood")
    made = await bench.make("in @den", references=(fox,))
    changes = {"prompt": "in @wood"}
    outcome = await bench.service.edit(bench.owner, made.id, changes, PATIENT)
    assert outcome.generation.reference_image_ids == (fox, wood)


def test_pictures_travel_inside_the_request_under_the_models_own_name() -> None:
    pictures = (Reference(b"one", "image/png"), Reference(b"two", "image/webp"))
    recipe = Recipe("a fox", "1:1", 1, PAID, pictures)
    urls = [f"data:{each.mime_type};base64,{b64encode(each.body).decode()}" for each in pictures]
    assert input_of(recipe)["images"] == urls
    single: Model = replace(PLAIN, parameters={"reference": "image"})
    assert input_of(replace(recipe, model=single))["image"] == urls[0]
    assert "images" not in input_of(replace(recipe, references=()))


def test_the_row_of_the_table_says_how_many_a_model_takes() -> None:
    single = replace(PLAIN, parameters={"reference": "image"})
    assert (PAID.references, single.references, PLAIN.references) == (3, 1, 0)
