"""The network addresses that a device reports (section 设备上报): made from its serial number, so always the same."""

import hashlib
from dataclasses import dataclass
from typing import Final, Self

_LOCAL: Final = 0x02
"""Of the first octet: set where nobody has assigned the address."""
_MULTICAST: Final = 0x01
_HOSTS: Final = 0xFFFF - 2
"""Hosts of a /16 for devices: the first is the gateway's, the last address is everybody's."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Texts as `dev.report` has them.

    Attributes:
        mac: locally administered; 46 bits of it tell devices apart, so that no two of a fleet have the same.
        ip: spread over the 256 networks 10.x.0.0/16; two devices may have the same, each in its own building.
    """

    ip: str
    netmask: str
    gateway: str
    mac: str

    @classmethod
    def of(cls, sn: str) -> Self:
        """The addresses of the device with this serial number."""
        digest = hashlib.sha256(f"best-fleet addresses\0{sn}".encode()).digest()
        first = (digest[0] & ~_MULTICAST) | _LOCAL
        third, fourth = divmod(int.from_bytes(digest[6:10], "big") % _HOSTS + 2, 256)
        network = digest[10]
        return cls(
            ip=f"10.{network}.{third}.{fourth}",
            netmask="255.255.0.0",
            gateway=f"10.{network}.0.1",
            mac=":".join(f"{octet:02x}" for octet in (first, *digest[1:6])),
        )
