"""Which addresses are whose, and which of them a platform may name for a download."""

from __future__ import annotations

import pytest
from yarl import URL

from simulator.scenario.download_rules import AddressKind, DownloadRules, kind_of, kind_of_all, parse_host

LOOPBACK, LINK_LOCAL, PRIVATE, PUBLIC, NOBODY = (
    AddressKind.LOOPBACK,
    AddressKind.LINK_LOCAL,
    AddressKind.PRIVATE,
    AddressKind.PUBLIC,
    AddressKind.NOBODY,
)
KINDS = {
    LOOPBACK: ["127.0.0.1", "127.255.0.9", "::1", "0.0.0.0", "0.1.2.3", "::"],
    LINK_LOCAL: ["169.254.169.254", "fe80::1", "fe80::1%eth0"],
    PRIVATE: [
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "198.18.0.1",
        "fd00::1",
        "fec0::1",
        "64:ff9b:1::1",
        "2001:0:1::1",
    ],
    NOBODY: ["224.0.0.1", "255.255.255.255", "240.0.0.1", "ff02::1"],
    PUBLIC: ["8.8.8.8", "2606:4700::1111"],
}
CARRYING = ["::ffff:{}", "64:ff9b::{}", "::{}", "2002:{hex}::1"]


@pytest.mark.parametrize(("address", "kind"), [(address, kind) for kind, some in KINDS.items() for address in some])
def test_the_kind_of_an_address(address: str, kind: AddressKind) -> None:
    assert kind_of(address) is kind


@pytest.mark.parametrize("form", CARRYING)
@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "8.8.8.8"])
def test_an_address_within_an_address_counts(form: str, address: str) -> None:
    first, second, third, fourth = map(int, address.split("."))
    text = form.format(address, hex=f"{first:02x}{second:02x}:{third:02x}{fourth:02x}")
    assert kind_of(text) is kind_of(address)


@pytest.mark.parametrize(
    ("addresses", "kind"),
    [
        (["127.0.0.1"], LOOPBACK),
        (["127.0.0.1", "::1"], LOOPBACK),
        (["127.0.0.1", "8.8.8.8"], PUBLIC),
        (["127.0.0.1", "10.0.0.1"], PUBLIC),
        ([], PUBLIC),
    ],
)
def test_a_platform_at_addresses_of_two_kinds_is_public(addresses: list[str], kind: AddressKind) -> None:
    assert kind_of_all(addresses) is kind


@pytest.mark.parametrize("platform", [*AddressKind, None])
@pytest.mark.parametrize("kind", AddressKind)
def test_only_public_addresses_and_those_of_the_platforms_kind(platform: AddressKind | None, kind: AddressKind) -> None:
    rules = DownloadRules()
    if platform is not None:
        rules.platform_is("dispatch.test", platform)
    allowed = kind is PUBLIC or (kind is platform and kind is not NOBODY)
    refusal = rules.refusal(URL("http://files.test/"), KINDS[kind][0])
    assert (refusal is None) == allowed
    if refusal is not None:
        assert kind.value in refusal
        assert "downloads.hosts" in refusal


def test_what_the_platform_is_at_first_counts_for_good() -> None:
    rules = DownloadRules()
    rules.platform_is("dispatch.test", PUBLIC)
    rules.platform_is("dispatch.test", LOOPBACK)
    assert rules.refusal(URL("http://files.test/"), "127.0.0.1") is not None
    rules.platform_is("another-dispatch.test", PRIVATE)
    assert rules.refusal(URL("http://files.test/"), "10.0.0.1") is None
    assert rules.refusal(URL("http://files.test/"), "127.0.0.1") is not None


@pytest.mark.parametrize(
    ("host", "url", "address", "allowed"),
    [
        ("files.test", "http://files.test/a", "127.0.0.1", True),
        ("Files.Test.", "http://FILES.test:81/a", "10.0.0.1", True),
        ("files.test", "http://files.test.evil.test/", "127.0.0.1", False),
        ("files.test", "http://evil.files.test/", "127.0.0.1", False),
        ("bücher.test", "http://xn--bcher-kva.test/", "127.0.0.1", True),
        ("10.0.0.5", "http://any.test/", "10.0.0.5", True),
        ("10.0.0.5", "http://any.test/", "::ffff:10.0.0.5", True),
        ("10.0.0.5", "http://10.0.0.6/", "10.0.0.6", False),
        ("10.0.0.0/24", "http://any.test/", "10.0.0.77", True),
        ("10.0.0.0/24", "http://any.test/", "10.0.1.77", False),
        ("[fd00::1]", "http://[fd00::1]/", "fd00::1", True),
        ("fd00::/64", "http://any.test/", "fd00::9", True),
        ("fd00::/64", "http://any.test/", "10.0.0.1", False),
    ],
)
def test_hosts_of_the_scenario(host: str, url: str, address: str, allowed: bool) -> None:
    rules = DownloadRules([parse_host(host)])
    assert (rules.refusal(URL(url), address) is None) == allowed


@pytest.mark.parametrize(
    "text", ["", " ", "http://files.test", "files.test:80", "files.test/a", "*.test", "a b", "a@b"]
)
def test_what_is_no_host(text: str) -> None:
    with pytest.raises(ValueError, match="must be a host name, an address or a network"):
        parse_host(text)
