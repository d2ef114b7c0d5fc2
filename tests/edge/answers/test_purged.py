"""A picture that was purged on its way is shown to those who waited, and kept by nobody."""

import pytest

from edge.answers.responses import How, Way
from tests.edge.answers.picture_answers import BODY, UNCACHEABLE, answer, shown


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ("miss", 'edge; fwd=uri-miss; fwd-status=200; stored=?0; detail="purged"'),
        ("coalesced", 'edge; fwd=uri-miss; collapsed; stored=?0; detail="purged"'),
        ("hit", 'edge; hit; ttl=0; detail="purged"'),
    ],
)
def test_nobody_may_keep_a_purged_picture(how: How, status: str) -> None:
    answered = answer(way=Way(how, purged=True))
    headers = shown(answered)
    assert headers.items() >= UNCACHEABLE.items()
    assert headers["cache-status"] == status
    assert answered.body == BODY
