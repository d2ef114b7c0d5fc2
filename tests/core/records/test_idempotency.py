"""Idempotency keys: one request is done, the others hear its answer."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from core.models import Project, StoredAnswer
from core.records.idempotency import KEPT, SqlIdempotencyKeys
from tests.core.records.samples import NOON, PATIENCE

AtOnce = Callable[[int, Callable[[int], Awaitable[object]]], Awaitable[list[object]]]
SECOND = timedelta(seconds=1)


async def test_the_first_request_holds_the_key_and_the_next_hears_its_answer(
    idempotency: SqlIdempotencyKeys, project: Project, stranger: Project
) -> None:
    assert await idempotency.claim(project.id, "key", "digest", NOON) is None
    in_progress = await idempotency.claim(project.id, "key", "other", NOON + SECOND)
    assert in_progress == StoredAnswer("digest", None, None)
    await idempotency.settle(project.id, "key", 201, b'{"\xc3\xa9":1}')
    answered = await idempotency.claim(project.id, "key", "other", NOON + SECOND)
    assert answered == StoredAnswer("digest", 201, b'{"\xc3\xa9":1}')
    assert await idempotency.claim(stranger.id, "key", "digest", NOON) is None


async def test_the_first_answer_stays(idempotency: SqlIdempotencyKeys, project: Project) -> None:
    await idempotency.claim(project.id, "key", "digest", NOON)
    await idempotency.settle(project.id, "key", 201, b"first")
    await idempotency.settle(project.id, "key", 500, b"second")
    await idempotency.release(project.id, "key")
    kept = await idempotency.claim(project.id, "key", "digest", NOON)
    assert kept == StoredAnswer("digest", 201, b"first")


async def test_a_released_key_may_be_used_again(
    idempotency: SqlIdempotencyKeys, project: Project
) -> None:
    await idempotency.claim(project.id, "key", "digest", NOON)
    await idempotency.release(project.id, "key")
    assert await idempotency.claim(project.id, "key", "other", NOON) is None


async def test_a_claim_whose_process_died_is_taken_over_once(
    idempotency: SqlIdempotencyKeys, project: Project
) -> None:
    await idempotency.claim(project.id, "key", "digest", NOON)
    waiting = await idempotency.claim(project.id, "key", "digest", NOON + PATIENCE - SECOND)
    assert waiting is not None
    assert await idempotency.claim(project.id, "key", "newer", NOON + PATIENCE) is None
    again = await idempotency.claim(project.id, "key", "newer", NOON + PATIENCE)
    assert again == StoredAnswer("newer", None, None)


async def test_answers_are_forgotten_after_a_day(
    idempotency: SqlIdempotencyKeys, project: Project
) -> None:
    await idempotency.claim(project.id, "key", "digest", NOON)
    await idempotency.settle(project.id, "key", 201, b"answer")
    kept = await idempotency.claim(project.id, "key", "digest", NOON + KEPT - SECOND)
    assert kept is not None
    assert await idempotency.claim(project.id, "key", "digest", NOON + KEPT) is None


async def test_of_claims_at_once_one_is_done(
    idempotency: SqlIdempotencyKeys, project: Project, at_once: AtOnce
) -> None:
    answers = await at_once(8, lambda _: idempotency.claim(project.id, "key", "digest", NOON))
    assert answers.count(None) == 1
    assert answers.count(StoredAnswer("digest", None, None)) == 7
