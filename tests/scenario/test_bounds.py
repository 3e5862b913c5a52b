"""Values that can be read and cannot be meant: each number of the format has its ends, and so has the load of a run."""

import re

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.reference import scenario_markdown, scenario_schema
from simulator.scenario.scenario import parse_scenario
from tests.scenario.wrong_scenarios import GROUP, problems_of


@pytest.mark.parametrize(
    "target",
    [
        "http://me:hidden@x",
        "http://hidden@x:0",
        "https://me:hidden@x:99999/v3/device",
        "me:hidden@x",
        "ftp://me:hidden@x",
        "http:/me:hidden@x",
        "http://me:hid/hidden@x",
        "http://me:#hidden@x",
        "http://me:hidden@",
        "http://me:hidden@[::1",
        "http://me:hidden@x?q=1",
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(target: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(GROUP + f"target: {target!r}\n", "f.yaml")
    assert "must carry no user name or password" in str(caught.value)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "field", "bounds"),
    [
        (GROUP + "duration: 31d\n", "duration", "1s to 30d"),
        (GROUP + "duration: 1ms\n", "duration", "1s to 30d"),
        (GROUP + "    verifications: [{rate: 1000000/ms}]\n", "groups[0].verifications[0].rate", "at most 1000/s"),
        (GROUP + "    enrolments: [{rate: 101/s}]\n", "groups[0].enrolments[0].rate", "at most 100/s"),
        (GROUP + "    heartbeat: 1ms\n", "groups[0].heartbeat", "5ms to 1d"),
        (GROUP + "    request_timeout: 2d\n", "groups[0].request_timeout", "10ms to 1h"),
        (GROUP + "    drain: 2h\n", "groups[0].drain", "at most 1h"),
        (GROUP + "    reboot: 1s..9d\n", "groups[0].reboot", "at most 1d"),
        (GROUP + "    handling: {cmd.data: 1s..9d}\n", "groups[0].handling.cmd.data", "at most 1h"),
        (GROUP + "    reconnect: {first: 1ms}\n", "groups[0].reconnect.first", "10ms to 1d"),
        (GROUP + "    meetings: [{id: a, starts: 1s, ends: 400d}]\n", "groups[0].meetings[0].ends", "at most 365d"),
        (GROUP + "network: {connect_rate: 1000/ms}\n", "network.connect_rate", "at most 100000/s"),
        (GROUP + "network: {open_timeout: 1h}\n", "network.open_timeout", "10ms to 10min"),
        (GROUP + "ramp: {rate: 1000/ms}\n", "ramp.rate", "at most 100000/s"),
        (GROUP + "limits: {loop_lag: 1h}\n", "limits.loop_lag", "1ms to 1min"),
        (GROUP + "platform: {heartbeat: {interval: 2d}}\n", "platform.heartbeat.interval", "at most 1d"),
        (GROUP + "platform: {meetings: {starts_in: -999d}}\n", "platform.meetings.starts_in", "-365d to 365d"),
        (
            GROUP + "platform: {pushes: [{command: cmd.data.query.user, every: 1ms}]}\n",
            "platform.pushes[0].every",
            "100ms to 30d",
        ),
        (
            GROUP + "platform: {answers: [{func_id: '*', delay: {fixed: 2h}}]}\n",
            "platform.answers[0].delay.fixed",
            "at most 1h",
        ),
    ],
)
def test_a_value_beyond_what_can_be_meant_is_refused_by_name(text: str, field: str, bounds: str) -> None:
    [problem] = problems_of(text)
    assert problem.startswith(f"f.yaml:4: {field}: '")
    assert problem.endswith(f"' is out of range: it must be {bounds}")


def test_every_number_of_the_format_has_an_upper_bound() -> None:
    schema = scenario_schema()
    unbounded = []
    for name, section in {"top level": schema, **schema["$defs"]}.items():
        for key, entry in section["properties"].items():
            for kind in (entry, *entry.get("anyOf", ())):
                if (
                    kind.get("type") in ("integer", "number")
                    and "enum" not in kind
                    and not {"maximum", "exclusiveMaximum"} & kind.keys()
                ):
                    unbounded.append(f"{name}.{key}")
                named = key not in ("target", "source_ips")  # checked by their own parsers
                if named and kind.get("type") == "array" and "maxItems" not in kind:
                    unbounded.append(f"{name}.{key}")
    assert unbounded == []
    rows = [row.split("|") for row in scenario_markdown().splitlines() if row.startswith("| `")]
    units = [row for row in rows if re.match(r" (duration|rate)\b", row[2]) and "`500ms`" not in row[2]]
    assert len(units) > 30
    assert [row[1] for row in units if not re.search(r"at most| to ", row[2])] == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "groups:\n  - {name: a, count: 600000}\n  - {name: b, count: 600000}\n",
            "f.yaml:1: groups: the groups hold 1,200,000 devices; at most 1,000,000 can be run",
        ),
        (
            "groups:\n  - {name: a, count: 20000, verifications: [{rate: 100/s}]}\n",
            "f.yaml:2: groups[0].verifications[0].rate: 100/s at each of 20,000 devices is more than 1,000,000 a "
            "second, which no generator carries",
        ),
        (
            "groups:\n  - {name: a, count: 20000, enrolments: [{rate: 100/s}]}\n",
            "f.yaml:2: groups[0].enrolments[0].rate: 100/s at each of 20,000 devices is more than 1,000,000 a second, "
            "which no generator carries",
        ),
        (
            "duration: 2d\ngroups:\n  - name: a\n    count: 1\n    verifications:\n"
            "      - {rate: 0/s, wave: {at: 1d, width: 1s, peak: 100/s}}\n",
            "f.yaml:6: groups[0].verifications[0].wave.at: a wave of 100/s at 1d is too high and too late: its moments "
            "are drawn from the start of the run on",
        ),
        (
            GROUP + "ramp: {steps: [{devices: 1, hold: 20d}, {devices: 2, hold: 20d}]}\n",
            "f.yaml:4: ramp.steps: all steps together take longer than a run may: 30d",
        ),
    ],
)
def test_what_no_machine_carries_is_refused(text: str, problem: str) -> None:
    assert problems_of(text) == [problem]
