"""A fleet's groups: their devices, and who records for them."""

from simulator.fleet.groups import group_devices, recorders_of
from simulator.fleet.plan import FleetPlan
from simulator.measurements.events import Event, QueueRecorder
from simulator.scenario.scenario import parse_scenario

TEXT = (
    "name: two\ntarget: embedded\ngroups: [{name: rooms, count: 6}, {name: doors, count: 3}, {name: none, count: 0}]\n"
)


def groups_told(text: str, total: int | None = None) -> list[str]:
    queued: list[Event] = []
    for recorder in recorders_of(FleetPlan(parse_scenario(text), total), QueueRecorder(queued.append)):
        recorder.request("connect", 1.0, 0.1, "00000000", 1, 1, 0.0)
    return [event[-1] for event in queued]


def test_devices_of_each_group_follow_the_fleets_size() -> None:
    assert group_devices(parse_scenario(TEXT), 90) == {"rooms": 60, "doors": 30, "none": 0}


def test_each_group_has_a_recorder_of_its_own() -> None:
    assert groups_told(TEXT) == ["rooms", "doors", "none"]


def test_a_fleet_of_one_group_is_recorded_as_before() -> None:
    assert groups_told("name: one\ntarget: embedded\ngroups: [{name: rooms, count: 6}]\n") == [""]
    assert groups_told(TEXT, 1) == ["", "", ""], "of one device the other groups are empty"
