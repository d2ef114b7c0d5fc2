"""Pictures that were looked at are noted, once, and not lost when the records are away."""

from collections.abc import Collection
from datetime import datetime

from core.errors import RecordsUnavailable
from core.storage.uses import Uses


class Book:
    """Remembers what it was told; refuses while ``away``."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, list[str]]] = []
        self.away = False

    async def note_used(self, project_id: str, image_ids: Collection[str], when: datetime) -> None:
        assert when.tzinfo is not None
        if self.away:
            raise RecordsUnavailable
        self.noted.append((project_id, sorted(image_ids)))


async def test_a_picture_seen_often_is_written_down_once() -> None:
    book = Book()
    uses = Uses(book)
    for _ in range(3):
        uses.note("p", "a")
    uses.note("p", "b")
    uses.note("q", "c")
    await uses.flush()
    uses.note("p", "a")
    await uses.flush()
    assert book.noted == [("p", ["a", "b"]), ("q", ["c"])]


async def test_after_half_a_day_it_is_noted_anew() -> None:
    book, now = Book(), [0.0]
    uses = Uses(book, clock=lambda: now[0])
    uses.note("p", "a")
    now[0] = 13 * 3600
    await uses.flush()
    uses.note("p", "a")
    await uses.flush()
    assert book.noted == [("p", ["a"]), ("p", ["a"])]


async def test_what_the_records_refused_is_noted_at_its_next_use() -> None:
    book = Book()
    uses = Uses(book)
    book.away = True
    uses.note("p", "a")
    await uses.flush()
    book.away = False
    uses.note("p", "a")
    await uses.flush()
    assert book.noted == [("p", ["a"])]
