"""What goes over a connection beside the device's own, by channel."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.device.misbehaviour.connections import business_before_login, counter_skip, garbage_frame
from simulator.measurements.misbehaviours import ACCEPTED, REFUSED_AS_EXPECTED, SILENT
from simulator.protocol.channel.options import ChannelOptions
from tests.device.misbehaviour.yard import Yard

TEXT = ChannelOptions(framing="base64-text")
HEX = ChannelOptions(framing="hex-text", cipher="aes-256-cbc", iv="random")
COUNTED = ChannelOptions(iv="counter")


@pytest.mark.parametrize(
    ("suite", "options"),
    [
        ("plain", None),
        ("exchange-only", None),
        ("rsa-aes", None),
        ("configurable", None),
        ("configurable", TEXT),
        ("configurable", HEX),
    ],
)
def test_garbage_ends_the_connection_whatever_it_is(
    make_yard: Callable[..., Yard], suite: str, options: ChannelOptions | None
) -> None:
    yard = make_yard(suite, options)
    ground = yard.ground(yard.online(behaviours=[]))
    assert {yard.do(garbage_frame(ground), 2.0) for _ in range(16)} == {REFUSED_AS_EXPECTED}
    assert yard.recorder.disconnects == []


@pytest.mark.parametrize("mistake", ["channel.accepts-wrong-tag", "channel.accepts-text"])
def test_garbage_that_is_read_is_accepted(make_yard: Callable[..., Yard], mistake: str) -> None:
    yard = make_yard("rsa-aes", wrong=[mistake])
    ground = yard.ground(yard.online(behaviours=[]))
    assert ACCEPTED in {yard.do(garbage_frame(ground), 2.0) for _ in range(16)}


@pytest.mark.parametrize(("suite", "options"), [("rsa-aes", None), ("configurable", COUNTED)])
def test_a_skipped_counter_ends_the_connection(
    make_yard: Callable[..., Yard], suite: str, options: ChannelOptions | None
) -> None:
    yard = make_yard(suite, options)
    assert yard.do(counter_skip(yard.ground(yard.online(behaviours=[])))) == REFUSED_AS_EXPECTED
    assert yard.recorder.disconnects == []


def test_a_frame_out_of_turn_that_was_opened_is_accepted_whatever_is_answered(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard("rsa-aes", wrong=["channel.accepts-gap"])
    assert yard.do(counter_skip(yard.ground(yard.online(behaviours=[])))) == ACCEPTED


def test_a_platform_that_passes_over_what_it_cannot_read_is_silent(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard("rsa-aes", wrong=["session.survives-violations"])
    ground = yard.ground(yard.online(behaviours=[]))
    assert yard.do(garbage_frame(ground)) == yard.do(counter_skip(ground)) == SILENT


def test_business_before_the_login_is_a_record_that_is_there_or_a_question(yard: Yard) -> None:
    ground = yard.ground(yard.online(behaviours=[]))
    assert yard.do(business_before_login(ground)) == REFUSED_AS_EXPECTED
    ground.record = {"logId": "1"}
    assert yard.do(business_before_login(ground)) == REFUSED_AS_EXPECTED
    asked = [payload for payload, link in yard.sent if link > 0]
    assert b"dev.system.sync.time" in asked[0]
    assert b"dev.data.upload.verifyLog" in asked[1]
