"""Parts of stored pictures, and who cuts them."""

import pytest

from tests.nginx.front import BODY, LIVE, Front, public
from tests.standins.origin import Answer, Asked

pytestmark = pytest.mark.needs_apt


@pytest.mark.parametrize(
    ("span", "part", "where"),
    [
        ("bytes=0-3", BODY[:4], "bytes 0-3/200"),
        ("bytes=0-", BODY, "bytes 0-199/200"),
        ("bytes=0-999999", BODY, "bytes 0-199/200"),
        ("bytes=-5", BODY[-5:], "bytes 195-199/200"),
        ("bytes=-999", BODY, "bytes 0-199/200"),
    ],
)
async def test_a_part_is_cut_from_the_stored_whole(
    front: Front, span: str, part: bytes, where: str
) -> None:
    whole = await front.get()
    answer = await front.get(Range=span)
    assert (answer.status_code, answer.content) == (206, part)
    assert answer.headers["Content-Range"] == where
    for name in ("ETag", "Cache-Control", "Last-Modified"):
        assert answer.headers.get_list(name) == [whole.headers[name]]
    assert len(front.origin.asked) == 1


async def test_asking_for_a_part_first_stores_the_whole(front: Front) -> None:
    assert (await front.get(Range="bytes=0-3")).content == BODY[:4]
    assert (await front.get()).content == BODY
    assert len(front.origin.asked) == 1
    assert front.origin.asked[0].one("range") is None


async def test_a_part_of_another_version_is_the_whole(front: Front) -> None:
    await front.get()
    answer = await front.get(Range="bytes=0-3", If_Range='"other"')
    assert (answer.status_code, answer.content) == (200, BODY)


@pytest.mark.parametrize(
    "span",
    [
        "bytes=500-600",
        "bytes=5-2",
        "bytes=abc",
        "lines=1-2",
        "bytes=-0",
        "bytes=0-1,5-6",
        "bytes=0-99999999999999999999",
        "bytes=20-29",
    ],
)
async def test_the_server_decides_about_every_other_range(front: Front, span: str) -> None:
    await front.get()
    front.origin.script = _server_that_cuts
    answer = await front.get(Range=span)
    assert answer.status_code == 416
    assert answer.headers.get_list("Cache-Control") == ["private, no-store"]
    assert front.origin.asked[-1].one("range") == span
    assert (await front.get()).content == BODY
    assert front.origin.counts == {("GET", LIVE): 2}


async def test_head_knows_no_range(front: Front) -> None:
    await front.head()
    answer = await front.head(Range="bytes=0-3")
    assert answer.status_code == 200
    assert answer.headers["Content-Length"] == str(len(BODY))


def _server_that_cuts(asked: Asked) -> Answer:
    if asked.one("range") is None:
        return public()
    headers = {"Content-Range": "bytes */200", "Cache-Control": "private, no-store"}
    return Answer(status=416, headers=headers)
