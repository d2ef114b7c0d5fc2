"""Every call on derivatives, one after the other."""

from collections.abc import Awaitable, Callable

from core.derivatives.ports import Stored
from core.models import Project
from core.records.records import Records
from tests.core.records.samples import NOON

Call = Callable[[], Awaitable[object]]


def a_derivative(project: Project, slot: str = "d1", master: str = "5c" * 16) -> Stored:
    return Stored(
        slot=slot,
        identity=slot * 2,
        project_id=project.id,
        master_slot=master,
        master_identity="1d" * 32,
        file_size=100,
        created_at=NOON,
        used_at=NOON,
    )


def calls_on_derivatives(records: Records, project: Project) -> dict[str, Call]:
    book, row = records.derivatives, a_derivative(project)
    return {
        "note": lambda: book.note(row, at_most=8),
        "of_masters": lambda: book.of_masters(project.id, [row.master_slot]),
        "least_used": lambda: book.least_used(NOON, 10),
        "note_used": lambda: book.note_used(project.id, [row.slot], NOON),
        "bytes_of": lambda: book.bytes_of(project.id),
        "remove": lambda: book.remove([row]),
    }
