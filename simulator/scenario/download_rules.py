"""Where devices may fetch pictures from: a platform must not feel its way through the tester's network by their URLs.

What counts is the address that is connected to, whatever name or notation led there. Addresses that are no public
ones are for platforms of the same kind, and for hosts that the scenario names (docs/deviations.md, Commands).
"""

import ipaddress
from collections.abc import Iterable
from enum import Enum

from yarl import URL

from simulator.texts.translation import _

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
_UNICAST = ipaddress.ip_network("2000::/3")
"""What of IPv6 is given out; the rest is for translations within a network, and for the future."""
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
_BROADCAST_AND_RESERVED = ipaddress.ip_network("240.0.0.0/4")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AddressKind(Enum):
    """Who can be behind an address; the values are what messages call it."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link-local"
    PRIVATE = "private"
    NOBODY = "multicast or reserved"


def kind_of(address: str) -> AddressKind:
    """The kind of an IP address; of one that carries another one in it, that one's."""
    found = _bare(address)
    if found.is_loopback or found.is_unspecified or found in _THIS_NETWORK:
        # Linux takes 0.0.0.0 for this machine.
        return AddressKind.LOOPBACK
    if found.is_link_local:
        return AddressKind.LINK_LOCAL
    if found.is_multicast or found in _BROADCAST_AND_RESERVED:
        return AddressKind.NOBODY
    # Beyond `is_private`: shared space (100.64.0.0/10), and whatever else the registries keep from the internet.
    public = found.is_global and (found.version == 4 or found in _UNICAST)
    return AddressKind.PUBLIC if public else AddressKind.PRIVATE


def kind_of_all(addresses: Iterable[str]) -> AddressKind:
    """The kind that all the addresses have; public, to which nothing else is open, where they differ."""
    kinds = set(map(kind_of, addresses))
    return kinds.pop() if len(kinds) == 1 else AddressKind.PUBLIC


def parse_host(text: str) -> str:
    """A host of the scenario as it is compared: a lower-case name in ASCII, an address, or a network.

    Raises:
        ValueError: If it is none of these.
    """
    wrong = _(
        "'{text}' must be a host name, an address or a network like files.example.com, 10.0.0.5 or 10.0.0.0/24",
        text=text,
    )
    try:
        return str(ipaddress.ip_network(text.strip("[]"), strict=False))
    except ValueError:
        pass
    if not text or any(character in text for character in "/:@?#[]*% \t\r\n"):
        raise ValueError(wrong)
    try:
        return _name(URL.build(scheme="http", host=text))
    except (ValueError, UnicodeError):
        raise ValueError(wrong) from None


class DownloadRules:
    """Judges one address after the other.

    Args:
        hosts: of the scenario, each as `parse_host` returns it.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[Network] = []
        for host in hosts:
            try:
                self._networks.append(ipaddress.ip_network(host))
            except ValueError:
                self._names.add(host)
        self._platform: dict[str, AddressKind] = {}

    def platform_is(self, host: str, kind: AddressKind) -> None:
        """The platform answered from an address of this kind; for each of its hosts the first one counts for good.

        What it says later is its own to choose: a name that leads elsewhere then must open nothing.
        """
        self._platform.setdefault(host, kind)

    def refusal(self, url: URL, address: str) -> str | None:
        """Why `address` must not be connected to for `url`, for people; None where it may be."""
        kind = kind_of(address)
        if kind is AddressKind.PUBLIC or _name(url) in self._names:
            return None
        found = _bare(address)
        if any(found in network for network in self._networks if network.version == found.version):
            return None
        if kind is not AddressKind.NOBODY and kind in self._platform.values():
            return None
        known = ", ".join(sorted({each.value for each in self._platform.values()})) or "unknown"
        # Said to the platform, in the answer to its command: not translated.
        return (
            f"{address} is a {kind.value} address, and the platform's is {known}: name the host in downloads.hosts if "
            "it may be fetched from"
        )


def _bare(address: str) -> Address:
    """The address itself: without a zone, and taken out of an IPv6 address that only carries it."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return found
    carried = found.ipv4_mapped or found.sixtofour
    if carried is None and found in _NAT64:
        carried = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    if carried is None and found in _COMPATIBLE and int(found) > 0xFFFF:
        carried = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return carried or found


def _name(url: URL) -> str:
    return (url.raw_host or "").rstrip(".").lower()
