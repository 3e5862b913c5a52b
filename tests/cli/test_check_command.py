"""`best-fleet check`: problems with their places, or the fleet."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.cli import main
from simulator.cli.errors import ScenarioProblemsError
from simulator.cli.scenarios import read_scenario
from simulator.device.unsent import Unsent
from simulator.fleet.warm_state import Login, WarmState

GOOD = """\
name: two-groups
duration: 5min
groups:
  - {name: doors, count: 6, verifications: [{rate: 6/min}]}
  - {name: halls, count: 2, heartbeat: 90s, verifications: []}
thresholds: ["dev.heartbeat p99 < 500 ms"]
"""
BAD = """\
groups:
  - name: doors
    count: many
    heartbet: 10s
thresholds:
  - dev.heartbat p99 < 500 ms
"""


def write(directory: Path, text: str, name: str = "scenario.yaml") -> str:
    path = directory / name
    path.write_text(text)
    return str(path)


def test_describes_the_fleet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write(tmp_path, GOOD)]) == 0
    text = capsys.readouterr().out
    for part in (
        "two-groups",
        "the embedded platform",
        "8, at most 8 at once, for 5min",
        "doors, 6 devices: ",
        "6/min",
    ):
        assert part in text
    assert "heartbeat every 1min30s" in text
    assert "dev.heartbeat p99 < 500 ms" in text


def test_scales_groups_in_proportion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write(tmp_path, GOOD), "-u", "80"]) == 0
    text = capsys.readouterr().out
    assert "doors, 60 devices: " in text
    assert "halls, 20 devices: " in text


def test_lists_every_problem_with_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, BAD)
    assert main(["check", path]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"{path}:3: groups[0].count: ")
    assert lines[1].startswith(f"{path}:4: groups[0].heartbet: ")
    assert "did you mean heartbeat?" in lines[1]
    assert lines[2].startswith(f"{path}:6: thresholds[0]: ")
    assert "did you mean dev.heartbeat?" in lines[2]


def test_goes_on_after_a_bad_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad, good = write(tmp_path, BAD, "bad.yaml"), write(tmp_path, GOOD, "good.yaml")
    assert main(["check", bad, good, str(tmp_path / "none.yaml")]) == 2
    output = capsys.readouterr()
    assert "good.yaml: no problems" in output.out
    assert "none.yaml: there is no such file" in output.err
    assert "bad.yaml:3" in output.err


def test_quiet_says_nothing_of_good_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--quiet", write(tmp_path, GOOD)]) == 0
    assert capsys.readouterr().out == ""


def test_too_few_identities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    identities = write(tmp_path, "sn,secretKey,productId,devKey\nA1,aa,p1,123456\n", "one.csv")
    assert main(["check", write(tmp_path, GOOD), "--identities", identities]) == 2
    assert "one.csv: holds 1 identities, but the fleet has 8 devices" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line", ["identities: {csv: mine.csv}\n", "target: https://x.example\nidentities: {csv: mine.csv}\n"]
)
def test_without_its_identities_a_scenario_has_no_problems_and_no_run(
    line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, csv = write(tmp_path, GOOD + line), tmp_path / "mine.csv"
    assert main(["check", path]) == 0
    told = capsys.readouterr()
    first, *lines = told.out.splitlines()
    assert first == f"{path}: the scenario is right, but no run can begin before {csv} is there"
    assert "no problems" not in told.out
    assert f"  identities   {csv}, which is not there yet" in lines
    assert f"a run needs {csv}: " in told.err
    assert main(["check", "--quiet", path]) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert f"a run needs {csv}: " in told.err
    with pytest.raises(ScenarioProblemsError, match=r"identities\.csv: there is no file"):
        read_scenario(Path(path))  # as for a run
    csv.write_text("sn,secretKey,productId,devKey\n" + "".join(f"A{number},aa,p1,123456\n" for number in range(8)))
    assert main(["check", path]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"{path}: no problems\n")
    assert told.err == ""


def test_identities_of_the_command_line_are_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, GOOD + "identities: {csv: mine.csv}\n")
    rows = "".join(f"A{number},aa,p1,123456\n" for number in range(8))
    other = write(tmp_path, f"sn,secretKey,productId,devKey\n{rows}", "other.csv")
    assert main(["check", path, "--identities", other]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"{path}: no problems\n")
    assert told.err == ""


def test_a_fleet_has_devices(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write(tmp_path, GOOD), "-u", "0"]) == 2
    assert "at least 1" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml")), ids=lambda p: p.stem)
def test_our_own_scenarios_have_no_problem_of_form(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(path)]) == 0
    # staging.yaml names a CSV that only its user has.
    assert [line for line in capsys.readouterr().err.splitlines() if "a run needs" not in line] == []


@pytest.mark.parametrize(
    ("group", "load"),
    [
        ("count: 600, verifications: []", "about 10 messages a second with all devices online"),
        ("count: 60, verifications: [{rate: 1/s, photo_share: 0, batch: 10}]", "about 61 messages a second"),
        (
            "count: 60, verifications: [{rate: 0/s, photo_share: 50%, wave: {at: 1s, width: 1s, peak: 2/s}}]",
            "about 181",
        ),
        ("count: 20000, verifications: [{rate: 1/s}]", "about 40,333 messages a second"),
    ],
)
def test_says_what_the_fleet_will_send(
    group: str, load: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", write(tmp_path, f"groups: [{{name: a, {group}}}]\n")]) == 0
    told = capsys.readouterr().out
    assert load in told
    assert ("plan with 3 processes or more" in told) is ("20000" in group)


def test_says_what_earlier_runs_left_in_the_state_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, GOOD + "state_file: state.sqlite\n")
    assert main(["check", path]) == 0
    assert "left behind" not in capsys.readouterr().out
    with WarmState(tmp_path / "state.sqlite") as state:
        state.save("embedded", {"A": Login("code", "top-secret")})
        state.save_unsent("embedded", [("A", Unsent(number, b"r", None)) for number in range(1_200)], [])
    assert main(["check", path]) == 0
    text = capsys.readouterr().out
    assert "for embedded: 1 logins, 1,200 unsent records and 0 pictures of 1 devices" in text
    assert "top-secret" not in text
    (tmp_path / "state.sqlite").write_text("my notes\n" * 500)
    assert main(["check", path]) == 2
    assert "state_file" in capsys.readouterr().err


TOLD = """\
name: told
duration: 2h
state_file: left.sqlite
report: {attendance: true}
groups:
  - name: halls
    count: 100
    verifications: []
    attendance: {absent: 8%, arrive: {mean: -20s, spread: 15s}, strangers: 2..6}
    clock: {offset: -3min..3min, drift: 50ppm, start_at: 1970}
    options: {cameraOn: '0', volume: '5', multiBioDataSupport: '0:1:0:0:0:0:0:0:0:0'}
    command_failures: {busy: 1%, slow: 5s..20s, cmd.data: {silent: 1%, slow: {share: 2%, time: 1s}}}
  - {name: doors, count: 1, attendance: {}, verifications: [{rate: 1/min}]}
"""


def test_tells_what_is_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write(tmp_path, TOLD)]) == 0
    lines = [line.strip().split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    told = [(name, text) for name, text in lines if name in ("attendance", "clock", "failures", "options", "leaves")]
    assert told == [
        ("leaves", "attendance.csv beside its reports"),
        ("attendance", "absent 8%, arrive (mean -20s, spread 15s), strangers 2..6"),
        ("clock", "offset -3min..3min, drift 50ppm, start_at 1970-01-01T00:00:00+00:00"),
        ("failures", "busy 1%, slow (time 5s..20s), cmd.data (silent 1%, slow (share 2%, time 1s))"),
        ("options", "cameraOn 0, multiBioDataSupport 0:1:0:0:0:0:0:0:0:0"),
        ("attendance", "the usual shares"),
    ]
    groups = [text for name, text in lines if name == "group"]
    assert "50 users, people attend its meetings, the platform's heartbeat" in groups[0]
    assert "50 users, people attend its meetings, 1/min verifications a device, the platform's" in groups[1]
    assert [text for name, text in lines if name == "state"] == [f"file   {tmp_path / 'left.sqlite'}"]


def test_tells_nothing_of_what_is_not_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write(tmp_path, GOOD)]) == 0
    told = {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]}
    assert told == {"name", "target", "channel", "identities", "devices", "group", "load", "step", "threshold"}


def test_notes_are_no_problems(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, TOLD)
    assert main(["check", path]) == 0
    output = capsys.readouterr()
    [note] = [line for line in output.out.splitlines() if line.split()[0] == "note"]
    assert note.startswith("  note         halls: no meeting of the platform is held before the clocks are set")
    assert output.err == ""
    assert main(["check", "--quiet", path]) == 0
    assert capsys.readouterr().out == ""


def test_meetings_must_fit_into_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", write(tmp_path, TOLD.replace("2h", "20min"))]) == 2
    error = capsys.readouterr().err
    assert "report.attendance: no meeting is over before the run is: the first one is after 1h25min" in error
    assert "the run after 20min" in error


@pytest.mark.parametrize(
    ("more", "load"),
    [
        # Ten members come to each device with a spread of 2 s: at the peak 2/s, with a picture each.
        ("", "about 399 messages a second with all devices online"),
        ("target: https://dispatch.example.com\n", "about 0.0 messages a second with all devices online, attendance"),
        ("platform: {members: 0}\n", "about 0.0 messages a second with all devices online"),
    ],
)
def test_people_who_attend_count_as_load(
    more: str, load: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    attendance = "{absent: 0, arrive: {mean: 0s, spread: 2s}, leave: {mean: 0s, spread: 1min}}"
    text = f"{more}groups: [{{name: a, count: 100, heartbeat: 1h, verifications: [], attendance: {attendance}}}]\n"
    assert main(["check", write(tmp_path, text)]) == 0
    told = capsys.readouterr().out
    assert load in told
    assert ("attendance not counted" in told) is ("target" in more)
