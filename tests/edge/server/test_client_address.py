"""Whose address it is: the nearest one that no trusted proxy has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.server.client_address import TrustedProxies

NETWORKS = ("10.0.0.0/8", "2001:db8::/32", "unix")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.7", ["203.0.113.1"], "192.0.2.7"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["198.51.100.66, 203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["203.0.113.1, 10.2.3.4", "10.0.0.9"], "203.0.113.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.1, nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.1:4711"], "203.0.113.1"),
        ("10.0.0.1", ["[2001:db9::1]:4711"], "2001:db9::1"),
        ("10.0.0.1", ["2001:db9::1"], "2001:db9::1"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.1"], "203.0.113.1"),
        ("2001:db8::9", ["203.0.113.1"], "203.0.113.1"),
        (None, ["203.0.113.1"], "203.0.113.1"),
        (None, [], "unix"),
    ],
)
def test_the_client_is_the_rightmost_address_no_trusted_proxy_has(
    peer: str | None, forwarded: list[str], client: str
) -> None:
    assert TrustedProxies(NETWORKS).client(peer, forwarded) == client


def test_without_trusted_proxies_nobody_can_pretend() -> None:
    assert TrustedProxies().client("10.0.0.1", ["203.0.113.1"]) == "10.0.0.1"
    assert TrustedProxies().client(None, ["203.0.113.1"]) == "unix"


def test_a_network_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        TrustedProxies(["10.0.0.1/8"])


@given(forwarded=st.lists(st.text(max_size=30), max_size=5))
def test_no_forwarded_line_breaks_the_search(forwarded: list[str]) -> None:
    assert TrustedProxies(NETWORKS).client("10.0.0.1", forwarded)
