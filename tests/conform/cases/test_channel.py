"""The cases of the channel, exchanges and frames: right on the right platform, and each can fail."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import pytest

from simulator.conform.case import Result
from simulator.conform.cases import channel, channel_frames
from simulator.platform import device_session
from simulator.protocol.channel import exchange, keys, rsa_aes
from simulator.protocol.channel.base import ChannelViolation
from simulator.protocol.channel.options import ChannelOptions, FactorOptions
from tests.conform.harness import conform, conform_embedded, embedded

CASES = (*channel.CASES, *channel_frames.CASES)


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
async def test_the_embedded_platform_conforms(suite: str) -> None:
    found = await conform_embedded("channel", suite=suite)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT) == {}
    meant = {case.id for case in CASES if not case.suites or suite in case.suites}
    assert found.of(Result.OK).keys() >= {case.id for case in CASES if case.required} & meant
    assert found.of(Result.NOT_RUN).keys() == {case.id for case in CASES} - meant
    assert found.site.violations.total == 0


COUNTERS = {"channel.counter.skipped", "channel.counter.back", "channel.replayed"}


@pytest.mark.parametrize(
    ("options", "skipped"),
    [
        (ChannelOptions(), {*COUNTERS, "channel.publicKey.1024"}),
        (ChannelOptions(device_key_bits=1024, keys="per-direction", iv="counter"), set()),
        (ChannelOptions(cipher="aes-256-cbc", iv="counter", framing="base64-text"), {"channel.publicKey.1024"}),
        (
            ChannelOptions(
                device_key_bits=1024,
                public_key="pkcs1-pem",
                padding="pkcs1v15",
                factor=FactorOptions(bytes=16, text="hex"),
                cipher="aes-128-ecb",
                framing="hex-text",
            ),
            {*COUNTERS, "channel.factor.unreadable"},
        ),
        (
            ChannelOptions(public_key="pem", factor=FactorOptions(text="hex"), derive="none", iv="zero"),
            {*COUNTERS, "channel.publicKey.1024"},
        ),
    ],
)
async def test_the_embedded_platform_conforms_however_it_is_configured(
    options: ChannelOptions, skipped: set[str]
) -> None:
    found = await conform_embedded("channel", suite="configurable", options=options)
    assert found.judged.reason == ""
    assert found.of(Result.FAILED, Result.NON_STRICT) == {}
    assert found.of(Result.NOT_RUN).keys() == skipped | {"channel.binary"}
    assert found.site.violations.total == 0
    meant = {case.id for case in CASES if case.required and "configurable" in (case.suites or ("configurable",))}
    assert found.of(Result.OK).keys() >= meant - skipped


async def test_a_platform_with_another_channel_is_not_judged_further() -> None:
    async with embedded("configurable", channel_options=ChannelOptions(public_key="pem")) as platform:
        found = await conform(
            platform.info.dispatch, only=["channel.publicKey.form"], suite="configurable", options=ChannelOptions()
        )
    assert found.result("channel.publicKey.form") is Result.FAILED
    assert "channel.public_key" in found.outcome("channel.publicKey.form").observed


async def test_a_platform_that_cannot_read_the_tester_and_does_not_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_session.DeviceSession, "_violation", lambda self, what: self.close(1008, ""))
    async with embedded("configurable", channel_options=ChannelOptions(derive="sha256")) as platform:
        found = await conform(
            platform.info.dispatch, only=["register.granted"], suite="configurable", options=ChannelOptions()
        )
    assert "channel.derive, channel.order" in found.outcome("register.granted").observed


class _Deaf:
    """Takes any frame: without a look at counter, tag or kind."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def open(self, payload: bytes, binary: bool) -> bytes:
        try:
            return bytes(self._real.open(payload, binary))
        except ChannelViolation:
            return b'{"funcId":"dev.heartbeat","mid":"1"}'


@pytest.mark.parametrize("suite", ["exchange-only", "rsa-aes"])
async def test_who_takes_any_frame_is_found(suite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = device_session.DeviceSession.__init__

    def deaf(self: Any, services: Any, platform_channel: Any, *rest: Any) -> None:
        real(self, services, _Deaf(platform_channel), *rest)

    monkeypatch.setattr(device_session.DeviceSession, "__init__", deaf)
    frames = {"tag.wrong", "counter.skipped", "counter.back", "replayed", "of-another-connection", "text"}
    frames = frames | {"frame.23-bytes", "frame.empty"} if suite == "rsa-aes" else {"binary"}
    only = {f"channel.{name}" for name in frames}
    found = await conform_embedded(*only, suite=suite, timeout=0.4)
    assert found.of(Result.FAILED).keys() == only


async def test_who_keeps_a_connection_after_what_is_no_object_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_session.DeviceSession, "_violation", lambda self, what: None)
    names = {f"channel.{name}" for name in ("no-json", "array", "scalar", "truncated")}
    found = await conform_embedded(*names, timeout=0.4)
    assert found.of(Result.FAILED).keys() == names


async def test_who_takes_any_key_and_factor_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    own = b64encode(bytes(8)).decode()

    def key(self: Any, params: Mapping[str, Any]) -> dict[str, str]:
        return {"publicKey": keys.encode_public_key(self._private_key)}

    def factor(self: Any, params: Mapping[str, Any]) -> dict[str, str]:
        return {"factor": own}

    monkeypatch.setattr(exchange.ExchangingPlatformChannel, "answer_public_key", key)
    monkeypatch.setattr(exchange.ExchangingPlatformChannel, "answer_factor", factor)
    monkeypatch.setattr(device_session, "validate_request", lambda *message: None)
    found = await conform_embedded("channel.publicKey", "channel.factor", suite="exchange-only")
    required = {case.id for case in channel.CASES if case.required}
    # The key itself is right; the made-up factor ends every exchange.
    assert found.of(Result.FAILED).keys() - {"channel.exchanged"} == required - {
        *("channel.publicKey.form", "channel.publicKey.1024", "channel.factor.fresh")
    }
    assert found.result("channel.factor.fresh") is Result.NOT_RUN


async def test_who_repeats_its_factor_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = exchange.ExchangingPlatformChannel.__init__

    def constant(self: Any, ring: Any, source: Any = None) -> None:
        real(self, ring, lambda: bytes(32))

    monkeypatch.setattr(exchange.ExchangingPlatformChannel, "__init__", constant)
    found = await conform_embedded("channel.factor.fresh", suite="exchange-only")
    assert found.result("channel.factor.fresh") is Result.FAILED


async def test_a_small_key_of_the_platform_departs(monkeypatch: pytest.MonkeyPatch) -> None:
    small = keys.encode_public_key(keys.generate_key(1024))
    monkeypatch.setattr(
        exchange.ExchangingPlatformChannel, "answer_public_key", lambda self, params: {"publicKey": small}
    )
    found = await conform_embedded("channel.publicKey.form", suite="exchange-only")
    assert found.result("channel.publicKey.form") is Result.NON_STRICT


@pytest.mark.parametrize("frame", [13, 16, 19])
async def test_a_counter_of_the_platform_that_jumps_is_found(frame: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    real = rsa_aes.RsaAesPlatformChannel.seal

    def jumping(self: Any, json: bytes) -> tuple[bytes, bool]:
        sent.append(1)
        if len(sent) == frame:
            real(self, json)
        return real(self, json)

    monkeypatch.setattr(rsa_aes.RsaAesPlatformChannel, "seal", jumping)
    found = await conform_embedded("channel.frames", suite="rsa-aes")
    assert found.result("channel.frames") is Result.FAILED, found.outcome("channel.frames")
    assert "channel.counter" in found.site.violations.by_rule
