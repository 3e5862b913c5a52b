"""The addresses in dev.report: one device's are always the same, and no two devices of any fleet share a MAC."""

import ipaddress
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.addresses import Addresses
from simulator.protocol.catalogue.formats import IPV4, MAC

FLEET = 250_000


@given(st.text(min_size=1, max_size=64))
def test_they_fit_each_other_and_are_nobodys_gateway(sn: str) -> None:
    found = Addresses.of(sn)
    assert found == Addresses.of(sn)
    assert IPV4.problem(found.ip) is IPV4.problem(found.netmask) is IPV4.problem(found.gateway) is None
    network = ipaddress.ip_network(f"{found.gateway}/{found.netmask}", strict=False)
    ip = ipaddress.ip_address(found.ip)
    assert ip in network
    assert ip.is_private
    assert ip not in (network.network_address, network.broadcast_address, ipaddress.ip_address(found.gateway))
    assert MAC.problem(found.mac) is None
    first = int(found.mac[:2], 16)
    assert first & 0x03 == 0x02, "locally administered, and one device's alone"


@pytest.mark.parametrize("pattern", ["BEST{:06d}", "{:d}", "CGXH2042{:08d}-A", "设备{:x}"])
def test_no_two_devices_of_a_large_fleet_have_the_same_mac(pattern: str) -> None:
    assert len({Addresses.of(pattern.format(index)).mac for index in range(FLEET)}) == FLEET


def test_two_fleets_do_not_collide() -> None:
    serials = [f"{fleet}{index:06d}" for fleet in ("A", "B", "C") for index in range(50_000)]
    assert len({Addresses.of(sn).mac for sn in serials}) == len(serials)


def test_ips_are_spread() -> None:
    ips = Counter(Addresses.of(f"BEST{index:06d}").ip for index in range(50_000))
    assert len(ips) > 49_000
    assert len({ip.split(".")[1] for ip in ips}) == 256
    assert max(ips.values()) <= 4
