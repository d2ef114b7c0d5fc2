"""Tags: what an answer carries is what a purge understands."""

import pytest

from core.purging import tags

PATH = "main/site"
ID = "0199a1b2-0000-7000-8000-00000000000a"


def test_every_tag_is_read_back_as_it_was_written() -> None:
    slot = "0123456789abcdef" * 2
    assert tags.slot_of(tags.key_tag(slot)) == slot[:16]
    assert tags.image_of(tags.image_tag(ID)) == ID
    assert tags.scope_of(tags.scope_tag(PATH, "a-b"), PATH) == "a-b"
    assert tags.alias_of(tags.alias_tag(PATH, "@he-ro"), PATH) == "@he-ro"


@pytest.mark.parametrize("tag", ["k-123", "k-0123456789ABCDEF", "i-1", "s-main-site-", "live", ""])
def test_what_is_no_tag_names_nothing(tag: str) -> None:
    found = [tags.slot_of(tag), tags.image_of(tag), tags.scope_of(tag, PATH)]
    assert found == [None, None, None]


def test_another_projects_names_are_not_ours() -> None:
    assert tags.scope_of(tags.scope_tag("other/site", "page"), PATH) is None
    assert tags.alias_of(tags.alias_tag("other/site", "@hero"), PATH) is None
