"""What `best-fleet check` tells of the faults of a run: the schedule that is drawn, line for line."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.cli import main
from simulator.cli.fault_lines import fault_lines
from simulator.fields.units import parse_duration
from simulator.fleet.forecast import forecast
from simulator.fleet.plan import FleetPlan
from simulator.scenario.scenario import parse_scenario

HEAD = """\
seed: 7
duration: 40min
defaults: {request_timeout: 5s, reconnect: {first: 1s, max: 10s}}
groups: [{name: rooms, count: 30}, {name: halls, count: 10}, {name: none, count: 0}]
"""
WEATHER = """\
faults:
  - {what: outage, at: 2min, for: 90s, share: 40%, how: silent}
  - {what: flapping, at: 5min, for: 2min, groups: [halls], up: 5s..20s, down: 1s..10s}
  - {what: clock_jump, at: 6min, by: -10min}
  - {what: outage, every: 7min, for: 5s..30s, share: 10%, groups: [rooms]}
  - {what: platform_restart, at: 18min, down: 5s500ms}
"""


def told(directory: Path, capsys: pytest.CaptureFixture[str], text: str, *arguments: str) -> list[str]:
    path = directory / "scenario.yaml"
    path.write_text(text)
    assert main(["check", str(path), *arguments]) == 0
    return [line for line in capsys.readouterr().out.splitlines() if line.split()[0] in ("faults", "fault", "note")]


def test_each_fault_is_told_with_whom_it_hits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(tmp_path, capsys, HEAD + WEATHER)
    assert [re.sub(r"\d+ of (rooms|halls)", r"n of \1", line) for line in lines] == [
        "  faults       9 in a run, always these by seed 7",
        "  fault 1      at 2min for 1min30s: outage (silent), 40% of all (16 devices: n of rooms, n of halls)",
        "  fault 2      at 5min for 2min: flapping (up 5s..20s, down 1s..10s, reset), halls (n of halls)",
        "  fault 3      at 6min: clock_jump (-10min), all (40 devices: n of rooms, n of halls)",
        "  fault 4      at 7min for 24s: outage (reset), 10% of rooms (n of rooms); every 7min, 5 times: "
        "fault 5 at 14min for 20s, fault 7 at 21min for 8s500ms, …",
        "  fault 6      at 18min for 5s500ms: platform_restart, all (40 devices: n of rooms, n of halls)",
    ]


def test_the_fleet_of_the_command_line_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join(told(tmp_path, capsys, HEAD + WEATHER, "-u", "400"))
    assert "40% of all (160 devices: " in text
    assert "halls (100 of halls)" in text
    assert "10% of rooms (30 of rooms)" in text
    assert "platform_restart, all (400 devices: 300 of rooms, 100 of halls)" in text


def test_a_fleet_so_small_that_nobody_is_hit_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join(told(tmp_path, capsys, HEAD + WEATHER, "-u", "1"))
    assert "halls (no device)" in text


@pytest.mark.parametrize("option", ["-q", "--quiet"])
def test_nothing_is_told_quietly(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(tmp_path, capsys, HEAD + WEATHER, option) == []


def test_nothing_is_told_of_a_scenario_without_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(tmp_path, capsys, HEAD) == []
    assert told(tmp_path, capsys, f"{HEAD}faults: []\n") == []


def test_identities_that_are_not_written_yet_do_not_matter(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(tmp_path, capsys, f"{HEAD}{WEATHER}identities: {{csv: later.csv}}\n") == told(
        tmp_path, capsys, HEAD + WEATHER
    )


def test_what_nobody_will_see_is_noted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    *_, note = told(tmp_path, capsys, f"{HEAD}faults: [{{what: outage, at: 39min, for: 50s}}]\n")
    assert note.startswith("  note         faults[0] (outage) may end 10s before devices stop: too late")


@given(
    seed=st.integers(0, 2**40),
    total=st.integers(1, 300),
    entries=st.lists(
        st.fixed_dictionaries(
            {"for": st.sampled_from(["250ms", "12s500ms", "1min", "10ms..50s", "5s..30s"])},
            optional={
                "at": st.sampled_from(["0s", "3s", "2min", "9min"]),
                "every": st.sampled_from(["1min", "3min20s", "19min"]),
                "share": st.sampled_from(["1%", "50%", "100%"]),
                "groups": st.sampled_from(["[halls]", "[rooms, halls]"]),
            },
        ).filter(lambda entry: "at" in entry or "every" in entry),
        min_size=1,
        max_size=6,
    ),
)
def test_any_schedule_that_is_printed_is_the_one_drawn(seed: int, total: int, entries: list[dict[str, str]]) -> None:
    faults = "".join(
        f"  - {{what: outage, {', '.join(f'{key}: {value}' for key, value in entry.items())}}}\n" for entry in entries
    )
    scenario = parse_scenario(HEAD.replace("seed: 7", f"seed: {seed}") + "faults:\n" + faults)
    plan = FleetPlan(scenario, total)
    drawn = forecast(plan, scenario.duration)

    lines = list(fault_lines(scenario, plan.counts))

    assert lines[0] == ("faults", f"{len(drawn)} in a run, always these by seed {seed}")
    assert len(lines) == 1 + len({fault.entry for fault in drawn})
    seen = 0
    for name, text in lines[1:]:
        told = re.findall(r"fault (\d+) at (\S+) for ([^,;:]+)", f"{name} {text}")
        first = drawn[int(told[0][0]) - 1]
        of_entry = [fault for fault in drawn if fault.entry == first.entry]
        assert [int(number) - 1 for number, _, _ in told] == [fault.number for fault in of_entry[:3]]
        for number, at, lasts in told:
            fault = drawn[int(number) - 1]
            assert parse_duration(at) == fault.at
            assert parse_duration(lasts) == pytest.approx(fault.lasts, rel=0.05, abs=0.0006)
        assert (", …" in text) is (len(of_entry) > 3)
        if len(of_entry) > 1:
            assert f", {len(of_entry)} times: " in text
        of_groups = {group: int(count) for count, group in re.findall(r"(\d+) of (rooms|halls)(?=[,)])", text)}
        assert sum(of_groups.values()) == len(first.devices)
        for number, group in enumerate(("rooms", "halls")):
            assert of_groups.get(group, 0) == sum(plan.group(index) == number for index in first.devices)
        seen += len(of_entry)
    assert seen == len(drawn)
