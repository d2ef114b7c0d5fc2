"""The stored form: readable by viewers, and never mistaken for sound when it is not."""

import io

import orjson
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cache import codec
from cache.entry import Entry
from cache.errors import EntryCorrupt
from tests.cache.parts import entry_of, key_of

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
entries = st.builds(
    Entry,
    identity=st.from_regex("[0-9a-f]{64}", fullmatch=True),
    body=st.binary(max_size=300),
    meta=st.dictionaries(texts, texts, max_size=5),
)


@given(entries)
def test_what_is_encoded_is_decoded(entry):
    assert codec.decode(codec.encode(entry)) == entry


@given(entries, st.data())
def test_no_truncation_is_taken_for_an_entry(entry, data):
    stored = codec.encode(entry)
    cut = data.draw(st.integers(0, len(stored) - 1))
    with pytest.raises(EntryCorrupt):
        codec.decode(stored[:cut])


@given(entries, st.data())
def test_no_flipped_bit_goes_unseen(entry, data):
    stored = bytearray(codec.encode(entry))
    bit = data.draw(st.integers(0, len(stored) * 8 - 1))
    stored[bit // 8] ^= 1 << bit % 8
    with pytest.raises(EntryCorrupt):
        codec.decode(bytes(stored))


def test_every_single_byte_counts():
    stored = codec.encode(entry_of(key_of("a"), b"short"))
    for place in range(len(stored)):
        damaged = bytearray(stored)
        damaged[place] ^= 0xFF
        with pytest.raises(EntryCorrupt):
            codec.decode(bytes(damaged))


@given(st.binary(max_size=400))
def test_foreign_bytes_are_no_entry(foreign):
    with pytest.raises(EntryCorrupt):
        codec.decode(foreign)


@given(entries, st.binary(min_size=1, max_size=40))
def test_bytes_put_before_or_behind_are_noticed(entry, more):
    stored = codec.encode(entry)
    for damaged in (more + stored, stored + more):
        with pytest.raises(EntryCorrupt):
            codec.decode(damaged)


@given(
    st.recursive(st.none() | st.integers() | texts, st.lists, max_leaves=4)
    | st.dictionaries(
        st.sampled_from(["format", "identity", "meta", "length", "digest"]),
        st.none() | st.integers(-2, 2) | texts | st.dictionaries(texts, st.integers(), max_size=1),
    )
)
def test_a_sound_trailer_with_the_wrong_facts_is_no_entry(facts):
    trailer = orjson.dumps(facts, default=str) if not _too_big(facts) else b"{}"
    with pytest.raises(EntryCorrupt):
        codec.decode(_sealed(trailer))


def test_another_format_version_is_refused():
    trailer = orjson.dumps(
        {
            "format": 2,
            "identity": "x",
            "meta": {},
            "length": 0,
            "digest": xxhash.xxh3_128(b"").hexdigest(),
        }
    )
    with pytest.raises(EntryCorrupt, match="format"):
        codec.decode(_sealed(trailer))


def test_facts_too_long_to_store_are_refused_at_once():
    with pytest.raises(ValueError, match="too long"):
        codec.encode(Entry("x", b"", {"note": "a" * 70_000}))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_a_stored_picture_is_still_a_picture(kind):
    drawn = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(drawn, kind)
    stored = codec.encode(entry_of(key_of("a"), drawn.getvalue()))
    assert stored.startswith(drawn.getvalue())
    with Image.open(io.BytesIO(stored)) as picture:
        picture.load()
        assert (picture.format, picture.size) == (kind, (8, 6))


def _sealed(trailer):
    return trailer + codec._FOOT.pack(xxhash.xxh3_64_digest(trailer), len(trailer), codec._MAGIC)


def _too_big(facts):
    try:
        orjson.dumps(facts)
    except TypeError:
        return True
    return False
