"""Aliases: their grammar, what a prompt mentions, and which scope goes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, NotFound
from core.library.aliases import (
    TECHNICAL,
    Aliases,
    assignable_alias,
    checked_alias,
    mentioned,
    scopes_of,
)
from tests.core.rest_fakes_images import FLOW, PROJECT_ID, Shelf, image

BAD = [
    "", "hero", "@", "@../../x", "@a b", "@" + "x" * 50, "@\uff21\uff22", "@a@b", "@a.b", " @a",
    "@a\n", "@é",
]  # fmt: skip


@pytest.mark.parametrize("good", ["@a", "@Hero_1-x", "@-", "@" + "x" * 49, "@LAST"])
def test_letters_digits_dashes_make_an_alias(good: str) -> None:
    assert checked_alias(good) == assignable_alias(good) == good


@pytest.mark.parametrize("bad", BAD)
def test_anything_else_makes_none(bad: str) -> None:
    with pytest.raises(Invalid) as refusal:
        checked_alias(bad, "flowAlias")
    (field,) = refusal.value.fields
    assert (field.name, field.code) == ("flowAlias", "ALIAS_INVALID")


@pytest.mark.parametrize("name", TECHNICAL)
def test_a_technical_name_can_be_asked_for_but_not_given_away(name: str) -> None:
    assert checked_alias(name) == name
    with pytest.raises(Invalid) as refusal:
        assignable_alias(name)
    assert refusal.value.fields[0].code == "ALIAS_RESERVED"


@pytest.mark.parametrize(
    ("prompt", "names"),
    [
        ("@hero rides", ("@hero",)),
        ("a cat like @hero, not @cat-2.", ("@hero", "@cat-2")),
        ("(@hero) \u201c@hero\u201d", ("@hero",)),
        ("write to a@b or a.b@c", ()),
        ("@@hero", ()),
        ("@hero@cat", ("@hero",)),
        ("@" + "x" * 50, ()),
        ("ж@hero", ()),
        ("@heroж", ()),
        ("at @ noon", ()),
        ("грузовик @hero едет", ("@hero",)),
    ],
)
def test_a_prompt_mentions_names_at_word_starts(prompt: str, names: tuple[str, ...]) -> None:
    assert mentioned(prompt) == names


@given(st.text())
def test_whatever_is_mentioned_is_an_alias_once(prompt: str) -> None:
    names = mentioned(prompt)
    assert [checked_alias(name) for name in names] == list(dict.fromkeys(names))


def test_technical_goes_before_flow_before_project() -> None:
    assert scopes_of("@last", FLOW) == ("technical",)
    assert scopes_of("@last", None) == ()
    assert scopes_of("@hero", FLOW) == ("flow", "project")
    assert scopes_of("@hero", None) == ("project",)


async def shelf() -> tuple[Shelf, Aliases]:
    """One flow with an upload and a generated picture; @hero means one there and one outside."""
    held = Shelf()
    await held.flows.ensure(PROJECT_ID, FLOW)
    await held.images.insert(image("project", alias="@hero"))
    await held.images.insert(image("upload", flow_id=FLOW, source="uploaded"), flow_alias="@hero")
    await held.images.insert(image("first", flow_id=FLOW))
    await held.images.insert(image("last", flow_id=FLOW))
    return held, Aliases(held.images, held.flows)


@pytest.mark.parametrize(
    ("alias", "flow_id", "scope", "name"),
    [
        ("@hero", None, "project", "project"),
        ("@hero", FLOW, "flow", "upload"),
        ("@last", FLOW, "technical", "last"),
        ("@first", FLOW, "technical", "first"),
        ("@upload", FLOW, "technical", "upload"),
    ],
)
async def test_a_name_resolves_in_the_nearest_scope(
    alias: str, flow_id: str | None, scope: str, name: str
) -> None:
    _, aliases = await shelf()
    found = await aliases.resolve(PROJECT_ID, alias, flow_id)
    assert (found.scope, found.image.id, found.flow_id) == (scope, name, flow_id)
    assert await aliases.find(PROJECT_ID, alias, flow_id) == found


async def test_a_name_the_flow_has_lost_means_the_projects_again() -> None:
    held, aliases = await shelf()
    await held.images.delete(PROJECT_ID, "upload")
    assert (await aliases.resolve(PROJECT_ID, "@hero", FLOW)).image.id == "project"
    with pytest.raises(NotFound) as refusal:
        await aliases.resolve(PROJECT_ID, "@upload", FLOW)
    assert refusal.value.code == "ALIAS_NOT_FOUND"


async def test_an_unknown_flow_is_an_error_to_who_asks_and_empty_to_who_makes_one() -> None:
    _, aliases = await shelf()
    with pytest.raises(NotFound) as refusal:
        await aliases.resolve(PROJECT_ID, "@hero", "nobody's")
    assert refusal.value.code == "FLOW_NOT_FOUND"
    found = await aliases.find(PROJECT_ID, "@hero", "nobody's")
    assert found is not None
    assert found.scope == "project"
    assert await aliases.find(PROJECT_ID, "@last", "nobody's") is None


async def test_a_technical_name_needs_a_flow() -> None:
    _, aliases = await shelf()
    with pytest.raises(Invalid) as refusal:
        await aliases.resolve(PROJECT_ID, "@last")
    assert refusal.value.fields[0].code == "FLOW_REQUIRED"
    assert await aliases.find(PROJECT_ID, "@last") is None


async def test_anothers_names_mean_nothing_here() -> None:
    _, aliases = await shelf()
    assert await aliases.find("other", "@hero", FLOW) is None
    with pytest.raises(Invalid):
        await aliases.find(PROJECT_ID, "hero")
