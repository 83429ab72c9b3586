"""Which addresses a webhook may be sent to: none inside our own network, whatever a name resolves to."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

# Beside what IANA lists as not globally reachable, which differs between versions of Python.
CLOSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT, and metadata services of some clouds
        "127.0.0.0/8",
        "168.63.129.16/32",  # the platform service of Azure, though a public address
        "169.254.0.0/16",  # link-local, and metadata services of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",
    )
)
OPEN_V6 = IPv6Network("2000::/3")
CLOSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them, whose inner address a relay would reach
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
    )
)
SIX_TO_FOUR = IPv6Network("2002::/16")
NAT64 = IPv6Network("64:ff9b::/96")


class AddressError(Exception):
    """The address may not be used or can't be found; the message is for people."""


def is_public(address: Address) -> bool:
    """Return whether a packet to ``address`` can only leave for the open internet.

    Of an IPv6 address that carries an IPv4 one, that one counts.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in CLOSED_V4) and address.is_global
    if address.scope_id is not None:
        return False
    inner = _carried(address)
    if inner is not None:
        return is_public(inner)
    return address in OPEN_V6 and not any(address in network for network in CLOSED_V6)


def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """Return the addresses that ``host`` stands for, all of them checked.

    Raises AddressError where there is none, or where any one is private: a name with one foot inside our
    network is not to be trusted with the other. Asks the name service, so call it outside transactions.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressError(f"{host} has no address that we can find.") from error
    texts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private:
        closed = [text for text in texts if not is_public(ip_address(text))]
        if closed:
            raise AddressError(f"{host} is {closed[0]}, an address of a private network.")
    return texts


def _carried(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 one stands for, or None."""
    number = int(address)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in SIX_TO_FOUR:
        return IPv4Address((number >> 80) & 0xFFFFFFFF)
    if address in NAT64:
        return IPv4Address(number & 0xFFFFFFFF)
    return None
