"""What people read about `faults` is so: the examples of docs/faults.md and the README, and the JSON Schema."""

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.thresholds import wrong_threshold
from simulator.cli import main
from simulator.measurements.misbehaviours import MISBEHAVIOURS
from simulator.scenario.problems import Problem, ScenarioError
from simulator.scenario.reference import scenario_schema
from simulator.scenario.scenario import Scenario, parse_scenario
from simulator.scenario.sections.faults import KINDS
from simulator.weather.kinds import How

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
HEAD = "seed: 7\nduration: 1h\ngroups: [{name: rooms, count: 30}, {name: halls, count: 10}]\n"
QUICK = "defaults: {request_timeout: 5s, reconnect: {first: 1s, max: 10s}}\n"
SCHEMA = scenario_schema()


def examples(page: str) -> list[str]:
    return [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if block.startswith("faults:")]


def rows(page: str, heading: str) -> dict[str, str]:
    """First cell -> all others of the table that follows a heading or a line."""
    table = page.partition(heading)[2].partition("\n|---")[2].partition("\n\n")[0]
    cells = [line.strip("| ").split(" | ", 1) for line in table.splitlines()[1:]]
    return {name.strip("`"): rest for name, rest in cells}


@pytest.mark.parametrize("page", [PAGE, README], ids=["faults.md", "README.md"])
def test_the_examples_are_scenarios(page: str) -> None:
    [example] = examples(page)
    scenario = parse_scenario(HEAD + example, check_threshold=wrong_threshold)
    assert len(scenario.fault_entries()) == 3


def test_the_page_shows_what_check_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [example] = examples(PAGE)
    path = tmp_path / "scenario.yaml"
    path.write_text(QUICK + HEAD + example)
    assert main(["check", str(path)]) == 0
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  fault")]
    assert "```\n" + "\n".join(printed) + "\n```" in PAGE


def test_every_kind_is_told_in_both() -> None:
    assert tuple(rows(PAGE, "## The kinds")) == KINDS
    assert tuple(rows(README, "### When all of them come back at once")) == KINDS
    assert {line.partition(" ")[2] for line in PAGE.splitlines() if line.startswith("### ")} == {
        "outage, flapping",
        *(kind for kind in KINDS if kind not in ("outage", "flapping")),
    }


def test_the_keys_of_each_kind_are_its_own() -> None:
    definitions = SCHEMA["$defs"]
    common = {"what", "at", "every", "share", "groups"}
    for kind, told in rows(PAGE, "## The kinds").items():
        name = f"{kind.title().replace('_', '')}Section"
        keys = definitions[name]["properties"].keys() - common
        assert set(re.findall(r"`(\w+)`", told.rpartition(" | ")[2])) == keys, kind


def test_every_look_of_an_outage_is_told() -> None:
    assert list(rows(PAGE, "### outage, flapping")) == list(How)


# --- the JSON Schema, which editors check by ---


def fits(fault: dict[str, Any]) -> bool:
    document = {"groups": [{"name": "rooms", "count": 5}], "faults": [fault]}
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(document)


@pytest.mark.parametrize(
    "fault",
    [
        "{what: outage, at: 2min, for: 90s, share: 40%, how: reset}",
        "{what: flapping, at: 5min, for: 2min, groups: [halls], up: 5s..20s, down: 1s..10s}",
        "{what: slow_link, at: 8min, for: 1min, share: 20%, latency: 200ms..800ms, bandwidth: 64KB/s, stall: 2%}",
        "{what: power_cut, at: 10min, share: 30%, back_after: 10s..60s, store: kept}",
        "{what: power_cut, at: 10min, share: 0.3, back_after: 1min, store: unsent lost}",
        "{what: clock_jump, at: 12min, share: 5%, by: -10min}",
        "{what: reboot_wave, at: 15min, over: 5min, share: 100%}",
        "{what: platform_restart, at: 18min, down: 5s}",
        f"{{what: misbehave, at: 20min, for: 1min, share: 1%, ways: [{', '.join(MISBEHAVIOURS)}], rate: 6/min, "
        "expect: refused}",
        "{what: outage, every: 10min, for: 5s..30s, share: 2%}",
    ],
)
def test_the_schema_takes_each_kind_as_the_models_do(fault: str) -> None:
    assert fits(yaml.safe_load(fault))
    assert len(parse_scenario(f"{HEAD}faults:\n  - {fault}\n").fault_entries()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        "{at: 2min, for: 90s}",
        "{what: storm, at: 2min}",
        "{what: outage, at: 2min}",
        "{what: outage, at: 2min, for: 90}",
        "{what: outage, at: 2min, for: 90s, how: quiet}",
        "{what: outage, at: 2min, for: 90s, latency: 1s}",
        "{what: platform_restart, at: 18min, down: 5s, share: 5%}",
        "{what: clock_jump, at: 12min, by: 10}",
        "{what: slow_link, at: 8min, for: 1min, latency: 1s, bandwidth: 64KB}",
        "{what: misbehave, at: 20min, for: 1min, ways: [], rate: 6/min}",
        "{what: misbehave, at: 20min, for: 1min, ways: [rudely], rate: 6/min}",
        "outage",
    ],
)
def test_the_schema_refuses_what_the_models_refuse(fault: str) -> None:
    assert not fits(yaml.safe_load(fault))
    with pytest.raises(ScenarioError):
        parse_scenario(f"{HEAD}faults:\n  - {fault}\n")


VALUES = {
    "at": ["2min", "0s", 5, "-1s"],
    "every": ["10min", "1ms"],
    "for": ["1s..2s", "3s..1s", "90s"],
    "share": ["40%", 0.5, 7],
    "groups": [["halls"], [], ["nobody"]],
    "how": ["silent", "loud"],
    "up": ["1s"],
    "down": ["1s..2s", "2d"],
    "latency": ["0s"],
    "bandwidth": ["64KB/s", "64KB"],
    "stall": ["2%"],
    "back_after": ["1min"],
    "store": ["kept", "unsent lost", "lost"],
    "by": ["-10min", "10"],
    "over": ["5min"],
    "ways": [["bad_sign"], ["bad_sign", "oversize"], []],
    "rate": ["6/min", "6"],
    "expect": ["any", "refused", "nothing"],
    "zzz": [1],
}
any_fault = st.fixed_dictionaries(
    {"what": st.sampled_from([*KINDS, "storm"])},
    optional={key: st.sampled_from(values) for key, values in VALUES.items()},  # type: ignore[arg-type]
)


@settings(max_examples=50)
@given(st.lists(any_fault, max_size=4))
def test_any_faults_are_entries_or_problems_that_stand_at_their_key(faults: list[dict[str, Any]]) -> None:
    text = HEAD + yaml.safe_dump({"faults": faults})
    problems, scenario = outcome(text)
    if scenario is not None:
        assert len(scenario.fault_entries()) == len(faults)
        # What people are told is right the editor takes too.
        assert all(fits(fault) for fault in faults)
    for problem in problems:
        place = re.match(r"faults\[(\d+)\](?:\.(\w+))?", problem.field)
        assert place is not None, problem
        fault, key = faults[int(place[1])], place[2]
        if key in fault and problem.field.endswith(key):
            assert problem.line is not None
            assert text.splitlines()[problem.line - 1].lstrip("- ").startswith(f"{key}:")


def outcome(text: str) -> tuple[tuple[Problem, ...], Scenario | None]:
    try:
        return (), parse_scenario(text, "f.yaml")
    except ScenarioError as error:
        return error.problems, None
