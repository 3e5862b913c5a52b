"""The section `channel`: its options, and every contradiction at its line."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.protocol.channel.options import ChannelOptions, FactorOptions
from simulator.protocol.channel.registry import Options
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import parse_scenario
from tests.protocol.channel.test_registry import SITE_MODULE, distribute

HEAD = "groups: [{name: a, count: 1}]\nchannel:\n"
PAGE = """\
  suite: configurable
  device_key_bits: 2048
  public_key: der
  padding: oaep-sha256
  factor: {bytes: 32, text: base64}
  order: device-first
  derive: hkdf-sha256
  info: "BEST-W channel v1"
  keys: one
  cipher: aes-256-gcm
  iv: random
  framing: binary
"""


def options(text: str, suite: str | None = None) -> Options:
    return parse_scenario(HEAD + text).document.channel.suite_options(suite)


def problems(text: str) -> list[tuple[int | None, str, str]]:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(HEAD + text)
    return [(problem.line, problem.field, problem.message) for problem in caught.value.problems]


def test_the_defaults_of_the_page_are_those_of_the_suite() -> None:
    assert options(PAGE) == ChannelOptions() == options("  suite: configurable\n")


def test_every_option_arrives() -> None:
    text = """\
  suite: configurable
  device_key_bits: 1024
  public_key: pkcs1-pem
  padding: oaep-sha1
  factor: {bytes: 48, text: hex}
  order: platform-first
  derive: hkdf-sha256
  info: 会议
  salt: 00Ff
  keys: per-direction
  cipher: aes-128-cbc
  iv: factors
  framing: hex-text
"""
    assert options(text) == ChannelOptions(
        device_key_bits=1024,
        public_key="pkcs1-pem",
        padding="oaep-sha1",
        factor=FactorOptions(bytes=48, text="hex"),
        order="platform-first",
        derive="hkdf-sha256",
        info="会议",
        salt=b"\x00\xff",
        keys="per-direction",
        cipher="aes-128-cbc",
        iv="factors",
        framing="hex-text",
    )


def test_the_platform_gets_the_same_options() -> None:
    settings = parse_scenario(f"{HEAD}  suite: configurable\n  iv: zero\n").platform_settings()
    assert settings.channel == "configurable"
    assert settings.channel_options == ChannelOptions(iv="zero")


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
def test_other_suites_have_no_options(suite: str) -> None:
    assert options(f"  suite: {suite}\n") == {}


def test_the_command_line_may_name_the_suite_instead() -> None:
    assert options("  suite: plain\n  device_key_bits: 1024\n", "configurable") == ChannelOptions(device_key_bits=1024)
    assert options("  suite: configurable\n  iv: zero\n", "plain") == {}


def test_what_is_shown_of_it() -> None:
    text = "  suite: configurable\n  key_pool: 2\n  iv: zero\n  device_key_bits: 1024\n  factor: {bytes: 16}\n"
    section = parse_scenario(HEAD + text).document.channel
    assert section.described() == "configurable; device_key_bits: 1024; factor: 16 bytes, base64; iv: zero"
    assert parse_scenario(f"{HEAD}  suite: plain\n").document.channel.described() == "plain"


def test_all_contradictions_are_told_at_once_with_line_and_key() -> None:
    found = problems(
        "  suite: configurable\n"
        "  device_key_bits: 1024\n"
        "  factor:\n"
        "    bytes: 64\n"
        "  derive: md5\n"
        "  info: x\n"
        "  salt: '00'\n"
        "  cipher: aes-256-ecb\n"
        "  iv: zero\n"
    )
    assert [(line, field) for line, field, _ in found] == [
        (6, "channel.factor.bytes"),
        (7, "channel.derive"),
        (8, "channel.info"),
        (9, "channel.salt"),
        (11, "channel.iv"),
    ]
    messages = [message for *_, message in found]
    assert "64 bytes is too long for the device's key of 1024 bits" in messages[0]
    assert "yields 16 bytes" in messages[1]
    assert "needs 32 " in messages[1]


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        (
            "  suite: configurable\n  factor: {bytes: 15}\n",
            4,
            "channel.factor.bytes",
            "'15' is out of range: it must be at least 16",
        ),
        (
            "  suite: configurable\n  factor: {bytes: 65}\n",
            4,
            "channel.factor.bytes",
            "'65' is out of range: it must be at most 64",
        ),
        ("  suite: configurable\n  salt: abc\n", 4, "channel.salt", "'abc' must be hex digits in pairs"),
        ("  suite: configurable\n  cipher: aes-192-gcm\n", 4, "channel.cipher", "is none of aes-128-gcm, aes-256-gcm"),
        ("  suite: configurable\n  device_key_bits: 4096\n", 4, "channel.device_key_bits", "is none of 1024, 2048"),
        ("  suite: configurable\n  chiper: aes-128-gcm\n", 4, "channel.chiper", "is not a key here"),
        (
            "  iv: zero\n  cipher: aes-128-gcm\n",
            2,
            "channel.suite",
            "`cipher`, `iv` are for `suite: configurable`, not",
        ),
        (
            "  suite: plain\n  factor: {bytes: 16}\n",
            3,
            "channel.suite",
            "`factor` is for `suite: configurable`, not",
        ),
        ("  suite: plain\n  options: {a: 1}\n", 4, "channel.options", "takes no options"),
        ("  suite: configurable\n  options: {a: 1}\n", 4, "channel.options", "stand beside `suite`"),
    ],
)
def test_what_is_wrong_and_where(text: str, line: int, field: str, message: str) -> None:
    [(found_line, found_field, found)] = problems(text)
    assert (found_line, found_field) == (line, field)
    assert message in found


def test_a_misspelt_suite_is_told_alone() -> None:
    [(line, field, _)] = problems("  suite: configurabel\n  iv: zero\n")
    assert (line, field) == (3, "channel.suite")


# --- Options of a site's own suite ---


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "site_channels.py").write_text(SITE_MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    distribute(
        tmp_path, "site-channels", {"reversing": "site_channels:ReversingSuite", "shifting": "site_channels:Shifting"}
    )
    yield tmp_path
    sys.modules.pop("site_channels", None)


def test_a_sites_suite_gets_its_options(site: Path) -> None:
    assert options("  suite: shifting\n  options: {by: 3}\n") == {"by": 3}
    assert options("  suite: shifting\n  options: {by: 3}\n", "reversing") == {}


def test_a_sites_suite_says_what_is_wrong_with_its_options(site: Path) -> None:
    [(line, field, message)] = problems("  suite: shifting\n  options: {by: much}\n")
    assert (line, field) == (4, "channel.options")
    assert message == "channel suite 'shifting': channel.options: by must be a number, not 'much'"
    [(*_, message)] = problems("  suite: reversing\n  options: {by: 3}\n")
    assert message.endswith("the suite reversing takes no options, not 'by'")
