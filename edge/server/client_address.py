"""Finds out who is really asking, when proxies stand in between."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

# The name under which a proxy on a unix socket is trusted: it has no address.
UNIX_SOCKET = "unix"
_REMEMBERED = 4096


class TrustedProxies:
    """The proxies whose X-Forwarded-For is believed, as CIDR networks; ``unix`` for sockets.

    Raises ValueError for what is no network.
    """

    def __init__(self, networks: Sequence[str] = ()) -> None:
        self._networks = tuple(
            ip_network(network) for network in networks if network != UNIX_SOCKET
        )
        self._unix = UNIX_SOCKET in networks
        # Parsing an address costs more than all the rest, and the peers are always the same few.
        self.trusts = lru_cache(_REMEMBERED)(self._trusts)

    def client(self, peer: str | None, forwarded: Iterable[str]) -> str:
        """The rightmost address nobody trusted put there; ``peer`` where that ends the chain.

        ``forwarded`` are the values of the X-Forwarded-For lines in order.
        """
        nearest = peer or UNIX_SOCKET
        if not self.trusts(peer):
            return nearest
        for hop in reversed(",".join(forwarded).split(",")):
            address = _parsed(hop)
            if address is None:
                return nearest
            nearest = str(address)
            if not self.trusts(nearest):
                return nearest
        return nearest

    def _trusts(self, peer: str | None) -> bool:
        if not peer:
            return self._unix
        address = _parsed(peer)
        return address is not None and any(address in network for network in self._networks)


def _parsed(hop: str) -> Address | None:
    """An address, also with a port or in brackets; an IPv4 one in IPv6 clothes is undressed."""
    text = hop.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
