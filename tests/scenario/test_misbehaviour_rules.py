"""Ways to misbehave that no device can do are refused; those that some cannot do are noted."""

import pytest

from simulator.measurements.misbehaviours import MISBEHAVIOURS
from simulator.scenario.scenario import parse_scenario
from tests.scenario.wrong_scenarios import problems_of

MIXED = """\
groups:
  - {name: rooms, count: 6}
  - {name: cloud, count: 2, broker_type: best-m}
  - {name: old, count: 1, functions: {without: [dev.file.upload.start]}}
  - {name: shut, count: 1, verifications: []}
  - {name: push, count: 1, broker_type: push}
"""


def fault(ways: str, more: str = "") -> str:
    return f"faults:\n  - {{what: misbehave, at: 1s, for: 9s, rate: 1/s, ways: [{ways}]{more}}}\n"


def test_every_way_can_be_done_by_an_ordinary_device() -> None:
    scenario = parse_scenario("groups: [{name: rooms, count: 6}]\n" + fault(", ".join(MISBEHAVIOURS)))
    assert scenario.notes() == []


@pytest.mark.parametrize(
    ("group", "way", "why"),
    [
        ("cloud", "garbage_frame", "over MQTT a second connection of a device ends its own"),
        ("cloud", "business_before_login", "over MQTT a second connection of a device ends its own"),
        ("cloud", "counter_skip", "over MQTT a second connection of a device ends its own"),
        ("cloud", "repeat_mid", "over MQTT a message may be delivered twice"),
        ("old", "offset_gap", "the devices' firmware is without dev.file.upload.start"),
        ("shut", "duplicate_log", "nobody verifies at the devices"),
        ("push", "bad_sign", "the devices go no further than the look-up"),
    ],
)
def test_what_no_device_can_do_is_refused(group: str, way: str, why: str) -> None:
    [problem] = problems_of(
        MIXED + fault(f"stale_timestamp, {way}" if group != "push" else way, f", groups: [{group}]")
    )
    place = 0 if group == "push" else 1
    assert problem.startswith(f"f.yaml:8: faults[0].ways[{place}]: no device that it hits can do '{way}': {why}")


def test_a_channel_without_a_counter_skips_none() -> None:
    text = "groups: [{name: rooms, count: 6}]\nchannel: {suite: plain}\n" + fault("bad_sign, counter_skip")
    [problem] = problems_of(text)
    assert problem.startswith("f.yaml:4: faults[0].ways[1]: no device that it hits can do 'counter_skip': frames of")
    assert "plain" in problem


def test_what_some_cannot_do_is_noted() -> None:
    notes = parse_scenario(MIXED + fault("repeat_mid, bad_sign", ", groups: [rooms, cloud]")).notes()
    assert [note.partition(": over")[0] for note in notes] == ["faults[0]: devices of cloud leave out repeat_mid"]


def test_several_reasons_are_told_together() -> None:
    [problem] = problems_of(MIXED + fault("wrong_checksum", ", groups: [old, push]"))
    assert "without dev.file.upload.start; the devices go no further" in problem


def test_groups_without_devices_do_not_count() -> None:
    text = "groups: [{name: rooms, count: 6}, {name: cloud, count: 0, broker_type: best-m}]\n" + fault("repeat_mid")
    assert parse_scenario(text).notes() == []


def test_a_wrong_channel_or_group_says_nothing_of_ways() -> None:
    text = "groups: [{name: rooms, count: 6}]\nchannel: {suite: plainn}\n" + fault("counter_skip")
    assert [problem.split(": ")[1] for problem in problems_of(text)] == ["channel.suite"]
    text = "groups: [{name: rooms, count: 6}]\nchannel: {suite: plain, options: {a: 1}}\n" + fault("counter_skip")
    assert [problem.split(": ")[1].partition(".")[0] for problem in problems_of(text)] == ["channel"]
    text = "groups: [{name: rooms, count: 6, broker_type: best-mm}]\n" + fault("counter_skip")
    assert [problem.split(": ")[1] for problem in problems_of(text)] == ["groups[0].broker_type"]
