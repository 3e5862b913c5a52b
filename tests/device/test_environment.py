"""What a device is handed from outside, and how its failures are told."""

import pytest

from simulator.device.environment import NetworkError
from simulator.protocol.channel.registry import channel_suite
from simulator.scenario.scenario import parse_scenario
from tests.device.harness import World


@pytest.mark.parametrize(("after", "lasted"), [(None, 12.5), (10.0, 10.0)])
def test_an_attempt_that_ran_into_its_time_out_lasted_as_long_as_that(after: float | None, lasted: float) -> None:
    assert NetworkError("timeout", "no answer", after=after).lasted(12.5) == lasted


def test_a_network_error_has_a_short_kind_and_a_text() -> None:
    error = NetworkError("refused", "nothing listens there")
    assert (error.kind, str(error)) == ("refused", "nothing listens there")


def test_devices_are_spread_over_the_dispatch_urls_and_keep_to_theirs() -> None:
    env = World().env
    env.dispatch_urls = ("http://a", "http://b", "http://c")
    assert [env.dispatch_url(index) for index in range(5)] == [
        "http://a",
        "http://b",
        "http://c",
        "http://a",
        "http://b",
    ]


def test_the_epoch_turns_a_monotonic_time_into_a_wall_time() -> None:
    world = World()
    world.clock.advance(77.0)
    assert world.clock.monotonic() + world.env.epoch == pytest.approx(world.clock.wall())


def test_an_internal_error_is_recorded_with_its_rule_and_device() -> None:
    world = World()
    world.env.internal_error("device.exception", ValueError("no such case"), 3)
    ((rule, detail, index),) = world.recorder.internal_errors
    assert (rule, index) == ("device.exception", 3)
    assert "no such case" in detail


def test_a_device_over_mqtt_may_speak_another_suite() -> None:
    env = World().env
    web_socket, over_mqtt = parse_scenario(
        "groups: [{name: w, count: 1}, {name: m, count: 1, broker_type: best-m}]\n"
    ).group_settings()

    assert (env.suite_of(web_socket), env.suite_of(over_mqtt)) == (env.suite, env.suite)
    env.mqtt_suite = channel_suite("exchange-only")
    assert (env.suite_of(web_socket), env.suite_of(over_mqtt)) == (env.suite, env.mqtt_suite)
