"""Suites found by name: the project's own without an installation, a site's own by a real entry point."""

import subprocess
import sys
import textwrap
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from simulator.device.settings import Credentials
from simulator.protocol.channel.base import ChannelSuite
from simulator.protocol.channel.configurable import ConfigurableSuite
from simulator.protocol.channel.context import DeviceContext, PlatformContext
from simulator.protocol.channel.exchange_only import ExchangeOnlySuite
from simulator.protocol.channel.keys import KeyRing
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.plain import PlainSuite
from simulator.protocol.channel.registry import (
    DEFAULT_SUITE,
    GROUP,
    BrokenSuite,
    UnknownSuite,
    available_suites,
    channel_suite,
)
from simulator.protocol.channel.rsa_aes import RsaAesSuite

ROOT = Path(__file__).resolve().parents[3]

SITE_MODULE = '''
from collections.abc import Mapping
from typing import Any, ClassVar

from simulator.protocol.channel.base import ChannelSuite
from simulator.protocol.channel.plain import PlainDeviceChannel, PlainPlatformChannel


class ReversingDevice(PlainDeviceChannel):
    def seal(self, json):
        return json[::-1], True

    def open(self, payload, binary):
        return payload[::-1]


class ReversingPlatform(PlainPlatformChannel):
    seal = ReversingDevice.seal
    open = ReversingDevice.open


class ReversingSuite(ChannelSuite):
    """A site's own suite: every message backwards, in a binary frame."""

    name = "reversing"

    def device_side(self, keys):
        return ReversingDevice()

    def platform_side(self, keys):
        return ReversingPlatform()


class ShiftingDevice(PlainDeviceChannel):
    def __init__(self, by):
        self.by = by

    def seal(self, json):
        return bytes((byte + self.by) % 256 for byte in json), True

    def open(self, payload, binary):
        return bytes((byte - self.by) % 256 for byte in payload)


class ShiftingPlatform(PlainPlatformChannel):
    def __init__(self, device):
        self.device = device

    def seal(self, json):
        return json, False

    def open(self, payload, binary):
        known = self.device("SN1")
        return ShiftingDevice(len(known.secret_key)).open(payload, binary)


class Shifting(ChannelSuite):
    """A site's own suite with options: shifts every byte, or by the length of the device's secretKey."""

    name = "shifting"
    by = 0

    def with_options(self, options):
        suite = Shifting()
        suite.by = options["by"]
        if not isinstance(suite.by, int):
            raise ValueError(f"by must be a number, not {suite.by!r}")
        return suite

    def device_side(self, keys, context):
        return ShiftingDevice(self.by or len(context.secret_key))

    def platform_side(self, keys, context):
        return ShiftingPlatform(context.device)


class Unfinished(ChannelSuite):
    name = "unfinished"


no_suite = 5
'''


def distribute(directory: Path, name: str, points: dict[str, str]) -> None:
    """Lay down what an installed distribution leaves: metadata with entry points of the group."""
    info = directory / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{point} = {value}\n" for point, value in points.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory on the import path with a site's module in it; distributions may be laid down there."""
    (tmp_path / "site_channels.py").write_text(SITE_MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("site_channels", None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("plain", PlainSuite),
        ("exchange-only", ExchangeOnlySuite),
        ("rsa-aes", RsaAesSuite),
        ("configurable", ConfigurableSuite),
    ],
)
def test_built_in_suites(name: str, kind: type[ChannelSuite]) -> None:
    suite = channel_suite(name)

    assert type(suite) is kind
    assert suite.name == name
    assert channel_suite(name) is suite


def test_the_built_in_suites_are_listed_first() -> None:
    assert available_suites()[:4] == ("plain", "exchange-only", "rsa-aes", "configurable")
    assert DEFAULT_SUITE == "rsa-aes"


def test_built_in_suites_need_no_installation() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import importlib.metadata as m; m.entry_points = lambda **_: ();"
        "from simulator.protocol.channel.registry import available_suites, channel_suite;"
        "print(*(channel_suite(name).name for name in available_suites()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.split() == ["plain", "exchange-only", "rsa-aes", "configurable"]


def test_a_sites_own_suite_is_found_and_works(site: Path, server_keys: KeyRing) -> None:
    distribute(site, "site-channels", {"reversing": "site_channels:ReversingSuite"})

    assert [point.value for point in entry_points(group=GROUP, name="reversing")] == ["site_channels:ReversingSuite"]
    assert "reversing" in available_suites()

    suite = channel_suite("reversing")
    device, platform = suite.device_side(server_keys), suite.platform_side(server_keys)
    sealed = device.seal(b'{"mid":"1"}')

    assert suite.name == "reversing"
    assert sealed == (b'}"1":"dim"{', True)
    assert platform.open(*sealed) == b'{"mid":"1"}'


def test_a_suite_of_before_the_context_goes_on_working(site: Path, server_keys: KeyRing) -> None:
    distribute(site, "site-channels", {"reversing": "site_channels:ReversingSuite"})
    suite = channel_suite("reversing")

    device = suite.device_side(server_keys, DeviceContext(sn="SN1"))
    platform = suite.platform_side(server_keys, PlatformContext())

    assert platform.open(*device.seal(b"abc")) == b"abc"
    with pytest.raises(BrokenSuite, match=r"channel\.options: the suite reversing takes no options, not 'by'"):
        channel_suite("reversing", {"by": 5})


def test_a_suite_is_handed_what_both_sides_know(site: Path, server_keys: KeyRing) -> None:
    distribute(site, "site-channels", {"shifting": "site_channels:Shifting"})
    suite = channel_suite("shifting")
    known = Credentials(sn="SN1", secret_key="12345", product_id="p", dev_key="d")

    device = suite.device_side(server_keys, DeviceContext(sn="SN1", secret_key="12345"))
    platform = suite.platform_side(server_keys, PlatformContext(device={"SN1": known}.get))

    assert device.seal(b"abc") == (b"fgh", True)
    assert platform.open(b"fgh", True) == b"abc"


def test_a_suite_takes_the_options_that_it_knows(site: Path, server_keys: KeyRing) -> None:
    distribute(site, "site-channels", {"shifting": "site_channels:Shifting"})

    assert channel_suite("shifting", {"by": 1}).device_side(server_keys, DeviceContext()).seal(b"abc") == (b"bcd", True)
    with pytest.raises(BrokenSuite, match=r"'shifting': channel\.options: by must be a number, not 'x'"):
        channel_suite("shifting", {"by": "x"})


def test_the_configurable_suite_takes_options_and_others_leave_them() -> None:
    options = ChannelOptions(iv="zero")

    suite = channel_suite("configurable", options)

    assert isinstance(suite, ConfigurableSuite)
    assert suite.options == options
    assert channel_suite("plain", options) is channel_suite("plain")


def test_an_unknown_suite_lists_the_known_ones_and_suggests_one(site: Path) -> None:
    distribute(site, "site-channels", {"reversing": "site_channels:ReversingSuite"})

    with pytest.raises(UnknownSuite) as caught:
        channel_suite("rsa-eas")

    assert str(caught.value) == (
        "no channel suite 'rsa-eas'; there are plain, exchange-only, rsa-aes, configurable, reversing; "
        "did you mean rsa-aes?"
    )
    assert caught.value.suggestion == "rsa-aes"

    with pytest.raises(UnknownSuite, match="did you mean reversing"):
        channel_suite("reversin")


@pytest.mark.parametrize("name", ["", "zzzzzz", "会议"])
def test_a_name_like_none_gets_no_suggestion(name: str) -> None:
    with pytest.raises(UnknownSuite) as caught:
        channel_suite(name)

    assert caught.value.suggestion is None
    assert "did you mean" not in str(caught.value)
    assert set(caught.value.known) >= {"plain", "exchange-only", "rsa-aes"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_module:Suite", "ModuleNotFoundError"),
        ("site_channels:NoSuchClass", "AttributeError"),
        ("site_channels:Unfinished", "TypeError"),
        ("site_channels:no_suite", "no ChannelSuite"),
        ("builtins:dict", "no ChannelSuite"),
        ("site_broken:Suite", "ZeroDivisionError"),
    ],
)
def test_a_broken_suite_is_named_when_it_is_asked_for_and_not_before(site: Path, value: str, reason: str) -> None:
    (site / "site_broken.py").write_text("1 / 0\n")
    distribute(site, "site-channels", {"broken": value, "reversing": "site_channels:ReversingSuite"})

    assert set(available_suites()) >= {"broken", "reversing", "plain"}
    assert channel_suite("plain").name == "plain"
    assert channel_suite("reversing").name == "reversing"
    with pytest.raises(BrokenSuite, match=reason) as caught:
        channel_suite("broken")
    assert f"'broken' ({value})" in str(caught.value)


def test_two_different_suites_of_one_name_are_refused(site: Path) -> None:
    distribute(site, "first", {"reversing": "site_channels:ReversingSuite"})
    distribute(site, "second", {"reversing": "site_channels:Unfinished"})

    with pytest.raises(BrokenSuite, match=r"more than once: site_channels:ReversingSuite, site_channels:Unfinished"):
        channel_suite("reversing")


def test_the_same_suite_registered_twice_is_one(site: Path) -> None:
    distribute(site, "first", {"reversing": "site_channels:ReversingSuite"})
    distribute(site, "second", {"reversing": "site_channels:ReversingSuite"})

    assert channel_suite("reversing").name == "reversing"
    assert available_suites().count("reversing") == 1


def test_no_site_takes_a_built_in_name(site: Path) -> None:
    distribute(site, "site-channels", {"plain": "site_channels:ReversingSuite"})

    assert type(channel_suite("plain")) is PlainSuite
    assert available_suites().count("plain") == 1


def test_a_suite_is_abstract_until_it_is_complete(site: Path) -> None:
    with pytest.raises(TypeError):
        type("Half", (ChannelSuite,), {"name": "half"})()


def test_the_projects_entry_points_name_the_built_in_suites() -> None:
    declared = (ROOT / "pyproject.toml").read_text()

    for name in ("plain", "exchange-only", "rsa-aes", "configurable"):
        kind = type(channel_suite(name))
        assert f'{name} = "{kind.__module__}:{kind.__qualname__}"' in declared
    assert textwrap.dedent(f'[project.entry-points."{GROUP}"]') in declared
