"""Heartbeats: timed from send to send, the first within one interval, only where they are wanted."""

from itertools import pairwise

import pytest

from simulator.fields.range import Range
from simulator.measurements.names import DeviceState
from tests.device.answers import late
from tests.device.harness import World


def moments(world: World) -> list[float]:
    return [seen.at for seen in world.platform.sent("dev.heartbeat")]


@pytest.mark.parametrize("interval", ["1", "60", "3600"])
async def test_the_platforms_interval_from_send_to_send(world: World, interval: str) -> None:
    world.platform.terms["heartbeatInterval"] = interval
    world.platform.always("dev.heartbeat", late(0.4))  # the reply's time does not count
    await world.online()
    begun = world.clock.monotonic()
    await world.advance(10.5 * float(interval))
    beats = moments(world)
    assert len(beats) in (10, 11)
    assert 0 < beats[0] - begun <= 0.95 * float(interval)
    assert all(after - before == pytest.approx(float(interval)) for before, after in pairwise(beats))


@pytest.mark.parametrize("interval", [None, "", "0", "-5", "60 s", "x"])
async def test_sixty_seconds_where_no_interval_is_given(world: World, interval: str | None) -> None:
    del world.platform.terms["heartbeatInterval"]
    if interval is not None:
        world.platform.terms["heartbeatInterval"] = interval
    await world.online()
    await world.advance(300)
    assert len(moments(world)) == 5


async def test_a_scenario_may_override_the_interval(world: World) -> None:
    world.platform.terms["heartbeatInterval"] = "7"
    await world.online(keys={"heartbeat": "7s"})
    await world.advance(70.5)
    assert len(moments(world)) in (10, 11)


async def test_none_where_they_are_not_supported(world: World) -> None:
    world.platform.terms["supportHeartbeat"] = "0"
    await world.online(keys={"heartbeat": "3s"})
    await world.advance(300)
    assert moments(world) == []


async def test_supported_by_default_and_again_after_a_reconnect_with_other_terms(world: World) -> None:
    del world.platform.terms["supportHeartbeat"]
    await world.online()
    await world.advance(125)
    assert len(moments(world)) in (2, 3)
    world.platform.terms |= {"supportHeartbeat": "0"}
    world.platform.link.close(1001)
    await world.advance(300)
    assert world.platform.link.messages("dev.heartbeat") == []
    world.platform.terms |= {"supportHeartbeat": "1", "heartbeatInterval": "10"}
    world.platform.link.close(1001)
    await world.advance(63)
    assert len(world.platform.link.messages("dev.heartbeat")) in (5, 6, 7)


async def test_is_free_while_nothing_is_handled(world: World) -> None:
    world.platform.terms["heartbeatInterval"] = "2"
    await world.online(handling={"cmd": Range(low=3.0, high=3.0)})
    await world.advance(10)
    assert {seen.params["isFree"] for seen in world.platform.sent("dev.heartbeat")} == {"1"}
    world.platform.link.command("cmd.data.clear.user")
    world.platform.link.command("cmd.data.clear.user")
    await world.advance(5.9)
    assert {seen.params["isFree"] for seen in world.platform.sent("dev.heartbeat")[5:]} == {"0"}


async def test_a_fleet_does_not_beat_in_step(world: World) -> None:
    for _ in range(20):
        await world.online()
    await world.advance(60)
    assert len(set(moments(world))) == 20


async def test_after_a_stall_the_rhythm_starts_again_without_a_burst(world: World) -> None:
    world.platform.terms["heartbeatInterval"] = "10"
    await world.online()
    await world.until(lambda: len(moments(world)) == 2)
    world.clock.advance(95.0)  # the loop stood still
    world.timers.run_due()
    await world.settle()
    assert len(moments(world)) == 3
    late_by = [entry[6] for entry in world.recorder.requests if entry[0] == "dev.heartbeat"][-1]
    assert late_by == pytest.approx(85.0)
    assert world.recorder.missing == {"dev.heartbeat": 8}  # of those planned every 10 s since
    await world.advance(9.9)
    assert len(moments(world)) == 3
    await world.advance(0.2)
    assert len(moments(world)) == 4
    world.platform.violations.clear()  # the strict platform saw the gap


@pytest.mark.parametrize(("stalled", "missed"), [(9.9, 0), (10.1, 0), (19.9, 0), (20.1, 1), (600.5, 59)])
async def test_beats_that_a_stall_swallowed_are_counted(world: World, stalled: float, missed: int) -> None:
    world.platform.terms["heartbeatInterval"] = "10"
    await world.online()
    await world.until(lambda: len(moments(world)) == 2)
    world.clock.advance(stalled)
    world.timers.run_due()
    await world.settle()
    assert world.recorder.missing["dev.heartbeat"] == missed
    await world.advance(100.0)
    assert world.recorder.missing["dev.heartbeat"] == missed
    world.platform.violations.clear()  # the strict platform saw the gap


async def test_beats_that_a_stall_swallowed_are_counted_where_the_connection_did_not_survive_it(world: World) -> None:
    world.platform.terms["heartbeatInterval"] = "10"
    await world.online()
    await world.until(lambda: len(moments(world)) == 1)
    world.clock.advance(35.0)
    world.platform.link.close(1001)  # seen before the timers are
    await world.settle()
    world.timers.run_due()
    await world.settle()
    assert world.recorder.missing == {"dev.heartbeat": 3}


async def test_a_fence_after_a_stall_counts_what_was_not_sent(world: World) -> None:
    world.platform.terms["heartbeatInterval"] = "10"
    device = await world.online()
    await world.until(lambda: len(moments(world)) == 1)
    world.clock.advance(35.0)
    device.abort()
    await world.settle()
    assert world.recorder.missing == {"dev.heartbeat": 3}


async def test_nothing_is_missed_where_no_beat_was_due(world: World) -> None:
    world.platform.terms["heartbeatInterval"] = "10"
    device = await world.online()
    await world.until(lambda: len(moments(world)) == 1)
    await world.advance(9.0)
    world.platform.link.close(1001)
    await world.advance(30.0)
    assert device.state is DeviceState.ONLINE
    await world.advance(25.0)
    device.stop()
    world.clock.advance(60.0)  # the end of a large fleet takes long, and is no stall
    world.timers.run_due()
    await world.advance(10.0)
    assert world.recorder.missing == {}


@pytest.mark.parametrize(("late_by", "missed"), [(0.0, 0), (0.9, 0), (1.1, 1)])
async def test_a_beat_that_lost_a_race_against_the_connections_end_was_not_missed(
    world: World, late_by: float, missed: int
) -> None:
    world.platform.terms["heartbeatInterval"] = "10"
    await world.online()
    await world.until(lambda: len(moments(world)) == 1)
    world.clock.advance(10.0 + late_by)
    world.platform.link.close(1001)
    await world.settle()
    assert world.recorder.missing["dev.heartbeat"] == missed


async def test_a_beat_is_recorded_under_the_time_at_which_it_was_sent(world: World) -> None:
    world.platform.terms["heartbeatInterval"] = "10"
    world.platform.always("dev.heartbeat", late(0.4))
    await world.online()
    ahead = world.clock.wall() - world.clock.monotonic()
    await world.advance(35.0)
    told = [entry[1] - ahead for entry in world.recorder.requests if entry[0] == "dev.heartbeat"]
    assert len(told) >= 3
    assert told == pytest.approx(moments(world)[: len(told)], abs=1e-3)
