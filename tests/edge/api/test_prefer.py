"""The Prefer header: what is understood, what is ignored, what is said to be applied."""

import pytest
from starlette.datastructures import Headers

from edge.api.prefer import preference_of


@pytest.mark.parametrize(
    ("sent", "wait", "respond_async", "applied"),
    [
        ((), 55, False, ""),
        (("wait=10",), 10, False, "wait=10"),
        (("wait=0",), 0, False, "wait=0"),
        (('wait="10"',), 10, False, "wait=10"),
        (("WAIT = 10",), 10, False, "wait=10"),
        (("wait=600",), 55, False, "wait=55"),
        (("wait=10, wait=20",), 10, False, "wait=10"),
        (("respond-async",), 0, True, "respond-async"),
        (("respond-async, wait=10",), 10, True, "respond-async, wait=10"),
        (("wait=10", "respond-async"), 10, True, "respond-async, wait=10"),
        (("respond-async; foo=bar",), 0, True, "respond-async"),
        (("return=minimal",), 55, False, ""),
        (("wait=-1",), 55, False, ""),
        (("wait=\N{FULLWIDTH DIGIT ONE}".encode().decode("latin-1"),), 55, False, ""),
        (("wait",), 55, False, ""),
    ],
)
def test_a_preference(sent: tuple[str, ...], wait: int, respond_async: bool, applied: str) -> None:
    headers = Headers(raw=[(b"prefer", each.encode("latin-1")) for each in sent])
    preference = preference_of(headers, 55)
    assert (preference.wait, preference.respond_async) == (wait, respond_async)
    assert ", ".join(preference.applied) == applied
    names = [name for name, _ in preference.headers]
    assert names == ([b"preference-applied"] if applied else [])
