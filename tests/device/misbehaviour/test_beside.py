"""A connection beside the device's own: it never logs in, and stands in no figure."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from simulator.device.misbehaviour.aside import NOTHING, Said
from simulator.device.misbehaviour.beside import beside
from simulator.device.misbehaviour.ground import Ground, NotNow
from simulator.measurements.names import DeviceState
from simulator.protocol.channel.registry import channel_suite
from tests.device.misbehaviour.yard import Yard
from tests.platform.parts import answer_rule

TIME = "dev.system.sync.time"


async def _ask(ground: Ground) -> Said:
    async with beside(ground) as other:
        return await other.request(TIME, None)


async def _say(ground: Ground, payload: bytes) -> Said:
    async with beside(ground) as other:
        return await other.say(payload, binary=False)


@pytest.mark.parametrize("suite", ["plain", "exchange-only", "rsa-aes"])
def test_it_is_counted_nowhere_and_disturbs_nobody(make_yard: Callable[..., Yard], suite: str) -> None:
    yard = make_yard(suite)
    device = yard.online()
    before = len(yard.recorder.requests) - len(yard.recorder.codes("dev.data.upload.verifyLog"))
    assert yard.do(_ask(yard.ground(device)), 1.0) == Said(code="E0010004")
    yard.run(1)
    assert not yard.network.links[1].device.is_open
    assert yard.network.links[0].device.is_open
    assert device.state is DeviceState.ONLINE
    assert len(yard.recorder.requests) - len(yard.recorder.codes("dev.data.upload.verifyLog")) == before
    assert yard.recorder.disconnects == []
    assert yard.recorder.violations == yard.recorder.observations == []


def test_the_end_and_the_next_message_answer_a_frame(yard: Yard) -> None:
    device = yard.online()
    assert yard.do(_say(yard.ground(device), b"no JSON")) == Said(ended="closed 1008")
    assert yard.do(_say(yard.ground(device), b'{"funcId":"dev.heartbeat","mid":"m"}')) == Said(code="E0010004")


def test_silence(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(wrong=["session.survives-violations"], answers=[answer_rule(TIME, silence_share=1.0)])
    device = yard.online()
    assert yard.do(_ask(yard.ground(device))) == NOTHING
    assert yard.do(_say(yard.ground(device), b"no JSON")) == NOTHING


def test_it_is_not_there_where_it_cannot_be_opened(yard: Yard) -> None:
    ground = yard.ground(yard.online())
    yard.network.down = "refused"
    with pytest.raises(NotNow):
        yard.do(_ask(ground))


def test_it_is_not_there_where_the_exchange_fails(yard: Yard) -> None:
    ground = yard.ground(yard.online())
    yard.env.suite = channel_suite("exchange-only")
    with pytest.raises(NotNow):
        yard.do(_ask(ground))


@pytest.mark.parametrize("goes", ["abort", "reset"])
def test_a_device_that_goes_takes_it_along(make_yard: Callable[..., Yard], goes: str) -> None:
    yard = make_yard(wrong=["session.survives-violations"])
    device = yard.online()
    yard.loop.call_soon(device.misbehave, ["garbage_frame"], 1.0, random.Random(1))
    yard.run(2.5)
    device.behave()
    assert len(beside_it := yard.network.links[1:]) > 1
    yard.loop.call_soon(device.abort if goes == "abort" else yard.network.links[0].reset)
    yard.run(0.5)
    assert not any(link.device.is_open for link in beside_it)
    yard.run(30)
    assert yard.outcomes() == {}
