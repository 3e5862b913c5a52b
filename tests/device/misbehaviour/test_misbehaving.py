"""The rhythm: who misbehaves when, that each time has one outcome, and that it ends."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from simulator.device.misbehaviour.registry import WAYS
from simulator.measurements.misbehaviours import REFUSED_AS_EXPECTED, SENT
from simulator.measurements.names import DeviceState
from simulator.simulation.link import Link
from tests.device.harness import verification
from tests.device.misbehaviour.yard import Yard
from tests.platform.parts import answer_rule


def test_the_rhythm_is_even_and_the_ways_come_in_turn(yard: Yard) -> None:
    outcomes = yard.misbehave(yard.online(), "bad_sign", "oversize", "stale_timestamp", seconds=60.0, rate=0.1)
    assert {way: counts[SENT] for way, counts in outcomes.items()} == {
        "bad_sign": 2,
        "oversize": 2,
        "stale_timestamp": 2,
    }


def test_devices_begin_with_ways_and_moments_of_their_own(yard: Yard) -> None:
    moments = []
    for seed in range(4):
        device = yard.online()
        device.misbehave(["bad_sign", "stale_timestamp"], 0.1, random.Random(seed))
        assert device._misbehaving is not None
        timer = device._misbehaving._timer
        assert timer is not None
        moments.append((round(timer.when - yard.clock.monotonic(), 3), device._misbehaving._next))
        device.behave()
    assert len({moment for moment, _ in moments}) == 4
    assert {place for _, place in moments} == {0, 1}
    assert all(0 <= moment <= 10 for moment, _ in moments)


def test_nothing_begins_after_the_end_and_what_was_begun_has_its_outcome(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(answers=[answer_rule("dev.file.upload.end", silence_share=1.0)])
    device = yard.online()
    device.misbehave(["wrong_checksum"], 1.0, random.Random(1))
    yard.run(1.5)
    device.behave()
    assert yard.outcomes() == {}
    yard.run(15)
    assert yard.outcomes() == {"wrong_checksum": {SENT: 1, "silent": 1}}
    yard.run(30)
    assert yard.outcomes() == {"wrong_checksum": {SENT: 1, "silent": 1}}
    assert yard.recorder.failed() == {}


def test_two_faults_end_with_the_second(yard: Yard) -> None:
    device = yard.online()
    device.misbehave(["bad_sign"], 1.0, random.Random(1))
    device.misbehave(["stale_timestamp"], 1.0, random.Random(1))
    device.behave()
    yard.run(3)
    assert yard.outcomes()["stale_timestamp"][SENT] in (2, 3)
    assert "bad_sign" not in yard.outcomes()
    device.behave()
    device.behave()
    count = yard.outcomes()["stale_timestamp"][SENT]
    yard.run(5)
    assert yard.outcomes()["stale_timestamp"][SENT] == count
    assert device.delivery.fates.on_acknowledged is None


def test_nothing_is_sent_offline_and_it_goes_on_after_the_return(yard: Yard) -> None:
    device = yard.online()
    device.misbehave(["bad_sign"], 1.0, random.Random(1))
    yard.network.down = "refused"
    yard.network.links[0].reset()
    yard.run(1)
    before, lookups = yard.outcomes(), len(yard.network.lookups)
    yard.run(10)
    assert (yard.outcomes(), len(yard.network.lookups)) == (before, lookups)
    yard.network.down = ""
    yard.run(20)
    assert device.state is DeviceState.ONLINE
    assert yard.outcomes()["bad_sign"][SENT] > 2


def test_what_a_reset_cuts_off_is_not_counted(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(answers=[answer_rule("dev.file.upload.end", silence_share=1.0)])
    device = yard.online()
    device.misbehave(["wrong_checksum"], 1.0, random.Random(1))
    yard.run(2)
    device.behave()
    yard.network.links[0].reset()
    yard.run(40)
    assert device.state is DeviceState.ONLINE
    assert yard.outcomes() == {}


def test_a_way_that_cannot_be_gone_now_leaves_its_turn_to_the_next(yard: Yard) -> None:
    outcomes = yard.misbehave(yard.online(behaviours=[]), "duplicate_log", "bad_sign", seconds=6.0)
    assert outcomes == {"bad_sign": {SENT: 6, REFUSED_AS_EXPECTED: 6}}


def test_a_device_that_can_do_none_of_it_does_nothing(yard: Yard) -> None:
    assert yard.misbehave(yard.online(), "counter_skip", seconds=6.0) == {}


@pytest.mark.parametrize(("ways", "rate"), [([], 1.0), (["bad_sign"], 0.0), (["bad_manners"], 1.0)])
def test_what_is_no_misbehaviour(yard: Yard, ways: Sequence[str], rate: float) -> None:
    with pytest.raises(ValueError, match="no misbehaviour"):
        yard.online().misbehave(ways, rate, random.Random(1))


def test_a_device_that_stops_in_the_middle_ends_all_of_it(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(answers=[answer_rule("dev.file.upload.end", silence_share=1.0)])
    device = yard.online()
    device.misbehave(list(WAYS), 20.0, random.Random(1))
    yard.run(2)
    device.stop()
    yard.run(5)
    assert device.state is DeviceState.STOPPED
    assert device._misbehaving is not None
    assert not device._misbehaving._tasks
    assert yard.recorder.records["generated"] == yard.recorder.records["acknowledged"] == yard.records(device)


def test_an_exception_is_an_internal_error(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    device = yard.online()
    monkeypatch.setattr(yard.network, "look_up", None)
    yard.misbehave(device, "bad_sign", seconds=2.0)
    assert {rule for rule, *_ in yard.recorder.internal_errors} == {"misbehaviour.exception"}
    yard.recorder.internal_errors.clear()
    assert yard.outcomes() == {}


def test_a_power_cut_takes_what_is_under_way_and_the_next_life_misbehaves_on(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(answers=[answer_rule("dev.file.upload.end", silence_share=1.0)])
    device = yard.online()
    device.misbehave(["wrong_checksum"], 1.0, random.Random(1))
    yard.run(1.5)
    device.lose_power(unsent_lost=False)
    yard.run(60)
    assert yard.outcomes() == {}
    yard.loop.call_soon(device.power_back)
    yard.run(20)
    assert device.state is DeviceState.ONLINE
    assert yard.outcomes()["wrong_checksum"]["silent"] > 0
    device.lose_power(unsent_lost=False)
    yard.loop.call_soon(device.stop)
    yard.run(1)
    assert device._misbehaving is not None
    assert device._misbehaving._timer is None


# --- Under weather ---


def _silence(yard: Yard, links: Sequence[Link], seconds: float, *, forgotten: bool) -> None:
    for link in links:
        link.fall_silent()
    yard.network.down = "refused" if forgotten else "timeout"
    yard.run(seconds)
    yard.network.down = ""
    for link in links:
        link.speak_again(forgotten=forgotten)


@pytest.mark.parametrize(("seed", "suite"), [(7, "rsa-aes"), (8, "plain"), (13, "rsa-aes")])
def test_no_weather_makes_a_right_platform_silent(make_yard: Callable[..., Yard], seed: int, suite: str) -> None:
    yard = make_yard(suite)
    device = yard.online(behaviours=[verification(rate=0.3, photo_share=0.0)])
    rng = random.Random(seed)
    device.misbehave(list(WAYS), 2.0, random.Random(seed))
    for _ in range(20):
        yard.run(rng.uniform(0.2, 8.0))
        links = [link for link in yard.network.links if link.device.is_open]
        match rng.randrange(4):
            case 0:
                for link in links:
                    link.reset()
            case 1:
                for link in links:
                    link.close_between(1001)
            case 2:
                _silence(yard, links, rng.uniform(0.1, 15.0), forgotten=False)
            case 3:
                _silence(yard, links, rng.uniform(0.1, 15.0), forgotten=True)
    device.behave()
    yard.run(60)
    assert device.state is DeviceState.ONLINE
    outcomes = yard.outcomes()
    assert set(outcomes) >= set(WAYS) - {"counter_skip"}
    for way, counts in outcomes.items():
        assert counts == {SENT: counts[SENT], REFUSED_AS_EXPECTED: counts[SENT]}, way
    assert set(yard.recorder.broken()) <= {"session.closed-unannounced"}
