"""Where devices are told to connect."""

from __future__ import annotations

from simulator.platform.addresses import Addresses


def test_addresses_of_ip_version_6() -> None:
    addresses = Addresses("::", None, False, 80, 81)
    assert addresses.broker(addresses.host) == "ws://[::1]:81"
    assert addresses.asked("[fe80::1]:80") == "fe80::1"
    assert addresses.photo("A", "7") == "http://[fe80::1]:80/photos/7.jpg"
