"""How the platform reads the document: what holds where, who goes by it, and what is wrong."""

import jsonschema
import pytest
import yaml

from simulator.device.reading import Reading
from simulator.platform.reading import PlatformReading
from simulator.protocol.reading import LookupAgain, MeetCode, SyncTime
from simulator.scenario.reference import scenario_markdown, scenario_schema
from simulator.scenario.scenario import parse_scenario
from tests.scenario.wrong_scenarios import problems_of

SILENT = Reading(
    register_again_on=frozenset({"E0010004"}),
    lookup_again=LookupAgain.AFTER_FAILURES,
    protocol_version="1.0.0",
    report_fields={},
    report_without=frozenset(),
    sn_in_params=False,
    sync_time=SyncTime("time", epoch_ms=False),
    room_as_meet_code=False,
)
TOP = """
login: {register_again_on: [E1, E2]}
lookup: {again: each connect}
protocol_version: 2.0.0
sync_time: {field: now, form: epoch-ms}
meet_code: room
report: {directory: runs/x, fields: {a: b, list: ['1', {x: y}]}, without: [lockCount], sn_in_params: true}
"""
AS_TOP = Reading(
    register_again_on=frozenset({"E1", "E2"}),
    lookup_again=LookupAgain.EACH_CONNECT,
    protocol_version="2.0.0",
    report_fields={"a": "b", "list": ["1", {"x": "y"}]},
    report_without=frozenset({"lockCount"}),
    sn_in_params=True,
    sync_time=SyncTime("now", epoch_ms=True),
    room_as_meet_code=True,
)
PLATFORM_AS_TOP = PlatformReading(
    login_refusal="E1",
    lookup_again=LookupAgain.EACH_CONNECT,
    protocol_version="2.0.0",
    report_fields=frozenset({"a", "list"}),
    report_without=frozenset({"lockCount"}),
    sn_in_params=True,
    sync_time=SyncTime("now", epoch_ms=True),
    meet_code=MeetCode.ROOM,
    own_meetings=frozenset({"m1"}),
)


def readings(text: str) -> list[Reading]:
    return [settings.reading for settings in parse_scenario(text).group_settings()]


def platform_of(text: str) -> PlatformReading:
    return parse_scenario(text).platform_settings().reading


# --- Where a key stands ---


def test_what_holds_where_a_file_is_silent() -> None:
    assert readings("groups: [{name: a, count: 1}]") == [SILENT]


def test_the_top_level_holds_for_all_groups_and_the_platform() -> None:
    text = (
        TOP + "groups:\n  - {name: a, count: 1}\n  - {name: b, count: 1, meetings: [{id: m1, starts: 1s, ends: 2s}]}\n"
    )
    assert readings(text) == [AS_TOP, AS_TOP]
    assert platform_of(text) == PLATFORM_AS_TOP


def test_defaults_and_groups_hold_for_their_devices_alone() -> None:
    text = (
        "protocol_version: '1'\nlogin: {register_again_on: [E1]}\nmeet_code: room\n"
        "defaults: {protocol_version: '2', login: {register_again_on: any}}\n"
        "groups:\n  - {name: a, count: 1}\n  - {name: b, count: 1, protocol_version: '3', meet_code: meeting}\n"
    )
    first, second = readings(text)
    assert (first.protocol_version, second.protocol_version) == ("2", "3")
    assert (first.register_again_on, second.register_again_on) == (None, None)
    assert (first.room_as_meet_code, second.room_as_meet_code) == (True, False)
    platform = platform_of(text)
    assert (platform.protocol_version, platform.login_refusal, platform.meet_code) == ("1", "E1", MeetCode.ROOM)


def test_a_platform_demands_nothing_that_its_top_level_does_not_say() -> None:
    text = (
        "defaults: {protocol_version: '2', meet_code: room, sync_time: {field: now}}\ngroups: [{name: a, count: 1}]\n"
    )
    platform = platform_of(text)
    assert (platform.protocol_version, platform.meet_code, platform.sync_time) == (None, None, SyncTime())


@pytest.mark.parametrize("codes", ["any", "[]"])
def test_any_and_none_leave_the_platform_its_usual_refusal(codes: str) -> None:
    assert platform_of(f"login: {{register_again_on: {codes}}}\ngroups: [{{name: a, count: 1}}]").login_refusal == (
        "E0010004"
    )


def test_the_nearest_report_counts_as_a_whole() -> None:
    text = (
        "report: {fields: {a: b}, sn_in_params: true}\n"
        "groups:\n  - {name: a, count: 1, report: {without: [scene]}}\n  - {name: b, count: 1}\n"
    )
    own, shared = readings(text)
    assert (own.report_fields, own.report_without, own.sn_in_params) == ({}, frozenset({"scene"}), False)
    assert (shared.report_fields, shared.sn_in_params) == ({"a": "b"}, True)


def test_a_directory_alone_says_nothing_to_devices() -> None:
    text = "report: {directory: runs/x}\ndefaults: {report: {sn_in_params: true}}\ngroups: [{name: a, count: 1}]\n"
    assert readings(text)[0].sn_in_params is True
    assert platform_of(text).sn_in_params is False


def test_the_documentation_says_where_keys_may_stand() -> None:
    page = scenario_markdown()
    for key in ("login", "lookup", "protocol_version", "sync_time", "meet_code"):
        assert page.count(f"\n| `{key}` |") == 2, "at the top level and in `defaults`, and every group"
    assert "`login`, `defaults.login`" in page
    assert "every key of `defaults.report`" in page


def test_the_schema_takes_them_where_they_may_stand() -> None:
    group = "{name: a, count: 1, meet_code: room, report: {fields: {a: [b]}}, login: {register_again_on: any}}"
    jsonschema.validate(yaml.safe_load(TOP + f"groups: [{group}]\n"), scenario_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"groups": [{"name": "a", "count": 1, "report": {"directory": "x"}}]}, scenario_schema())


# --- What is wrong ---


@pytest.mark.parametrize(
    ("key", "field", "message"),
    [
        ("login: {register_again_on: E1}", "login.register_again_on", "must be a list of codes like [E0010004]"),
        ("login: {register_again_on: [10004]}", "login.register_again_on", "in quotes where one is all digits, or any"),
        ("login: {register_again_on: ['0']}", "login.register_again_on", "00000000 is success, no refusal"),
        ("login: {register_again_on: [a-b]}", "login.register_again_on", "'a-b' is no code"),
        ("lookup: {again: always}", "lookup.again", "'always' is none of after failures, each connect, after reboot"),
        ("sync_time: {form: epoch}", "sync_time.form", "'epoch' is none of iso, epoch-ms"),
        ("sync_time: {field: 'a b'}", "sync_time.field", "'a b' does not have the form"),
        ("meet_code: rooms", "meet_code", "'rooms' is none of meeting, room"),
        ("protocol_version: 1.0", "protocol_version", "must be text: put it in quotes"),
        ("report: {without: [lockcount]}", "report.without[0]", "no parameter of dev.report"),
        ("report: {fields: {fwVer: x}}", "report.fields.fwVer", "fwVer is a parameter of the document"),
        ("report: {fields: {sn: x}}", "report.fields.sn", "`sn_in_params: true` puts it there"),
        ("report: {fields: {a: 1}}", "report.fields.a", "must be text, as every value on the wire"),
        ("report: {fields: {a: [[1]]}}", "report.fields.a", "put numbers in quotes"),
        ("report: {fields: {a: [[[[['1']]]]]}}", "report.fields.a", "is nested deeper than 4 levels"),
        (f"report: {{fields: {{a: {'x' * 17_000}}}}}", "report.fields", "are more than the 16384 that fit a report"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(key: str, field: str, message: str) -> None:
    for before, prefix in (
        ("", ""),
        ("defaults:\n  ", "defaults."),
        ("groups:\n- {name: b, count: 1}\n- ", "groups[1]."),
    ):
        more = "  name: a\n  count: 1\n" if before.startswith("groups") else "groups: [{name: a, count: 1}]\n"
        [problem] = problems_of(f"{before}{key}\n{more}")
        assert problem.startswith(f"f.yaml:{before.count(chr(10)) + 1}: {prefix}{field}: "), problem
        assert message in problem


def test_a_parameter_cannot_be_left_out_and_given_a_value() -> None:
    text = "report: {without: [scene, lockCount]}\ngroups:\n- {name: a, count: 1, options: {scene: '2'}}\n"
    assert problems_of(text) == [
        "f.yaml:3: groups[0].options: scene is left out of the report, and `options` gives it a value"
    ]


def test_a_key_in_the_wrong_place_is_told_where_it_belongs() -> None:
    [problem] = problems_of("platform: {sync_time: {form: iso}}\ngroups: [{name: a, count: 1}]\n")
    assert "it belongs in `defaults` or `groups` or `the top level`" in problem
