"""The command line: our arguments beside Locust's, what the scenario presets, and all that is wrong told at once."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from locust import argument_parser

from simulator.exit_codes import ExitCode
from simulator.swarm import open_files
from simulator.swarm.locust import options as command_line


def fleet_parser() -> Any:
    parser = argument_parser.get_empty_argument_parser(add_help=False, default_config_files=[])
    argument_parser.setup_parser_arguments(parser)
    for name in ("--scenario", "--identities"):
        parser.add_argument(name)
    command_line.access.add_arguments(parser, parser)
    command_line.monitoring.add_arguments(parser)
    return parser


def accepted(arguments: Sequence[str]) -> command_line.Choice:
    return command_line._choose(fleet_parser(), arguments)


def refused(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as caught:
        command_line._choose(fleet_parser(), arguments)
    assert caught.value.code == ExitCode.USAGE
    return capsys.readouterr().err.splitlines()


def test_a_fleet_without_ports_is_refused_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(open_files, "system_range", lambda: range(32_000, 33_000))
    path = tmp_path / "scenario.yaml"
    path.write_text("groups: [{name: a, count: 801}]\nnetwork: {source_ips: 127.0.0.5}\n")
    [line] = refused(["--scenario", str(path)], capsys)
    assert "801 devices need as many local ports" in line
    assert accepted(["--scenario", str(path), "-u", "800"]).scenario is not None
    assert capsys.readouterr().err == ""
    assert accepted(["--scenario", str(path), "--host", "http://platform.example"]).scenario is not None
    assert "warning: 801 devices need as many local ports" in capsys.readouterr().err
    assert accepted(["--scenario", str(path), "--master"]).scenario is not None


def test_groups_that_a_small_fleet_leaves_without_devices_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text("groups: [{name: doors, count: 9}, {name: halls, count: 1}, {name: none, count: 0}]\n")
    assert accepted(["--scenario", str(path), "-u", "1"]).scenario is not None
    assert capsys.readouterr().err == "best-fleet: warning: -u 1 leaves no device for halls\n"
    assert accepted(["--scenario", str(path), "-u", "2"]).scenario is not None
    assert capsys.readouterr().err == ""


def test_all_wrong_options_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = refused(["--tags", "a", "--reset-stats", "-t", "999h"], capsys)
    assert [line.split()[0] for line in lines] == ["--tags", "--reset-stats", "-t:"]


def test_a_misspelt_option_is_named_and_not_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(["--usres", "3"], capsys) == ["best-fleet: there is no option --usres (did you mean --users?)"]
    assert "3: there is no such class of users" in refused(["3"], capsys)[0]


@pytest.mark.parametrize("arguments", [["-t", "99999999999999999999h"], ["-s", "99999999999999999999h"]])
def test_a_time_that_locust_cannot_count_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    [line] = refused(arguments, capsys)
    assert "a time is longer than any run" in line


def scenario_file(directory: Path, text: str = "groups: [{name: a, count: 7}]\nduration: 90s\n") -> str:
    path = directory / "scenario.yaml"
    path.write_text(text)
    return str(path)


def test_the_scenario_presets_users_rate_and_duration_of_the_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = "groups: [{name: a, count: 7}]\nduration: 90s\nramp: {rate: 2.5/s}\n"
    arguments = ["--scenario", scenario_file(tmp_path, scenario)]
    monkeypatch.setattr(command_line.sys, "argv", ["locust", *arguments])  # type: ignore[attr-defined]
    parser = argument_parser.get_empty_argument_parser(add_help=False, default_config_files=[])
    argument_parser.setup_parser_arguments(parser)
    command_line.add_arguments(parser)
    options = parser.parse_args(arguments, env_vars={})
    assert (options.num_users, options.spawn_rate) == (7, 2.5)
    assert options.run_time == 90
    assert options.overwrite is options.no_control is False
    assert parser.parse_args([*arguments, "--no-control"], env_vars={}).no_control
    assert options.web_host == options.master_bind_host == "127.0.0.1"
    given = parser.parse_args([*arguments, "-u", "3"], env_vars={})
    assert (given.num_users, given.spawn_rate) == (3, 2.5)


@pytest.mark.parametrize("option", [["-u", "3"], ["-r", "1"], ["-t", "5s"]])
def test_the_scenarios_own_ramp_is_used_unless_other_numbers_are_given(tmp_path: Path, option: list[str]) -> None:
    arguments = ["--scenario", scenario_file(tmp_path)]
    assert accepted(arguments).shaped
    assert not accepted([*arguments, *option]).shaped


def test_a_scenario_that_comes_along_is_called_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = accepted(["--scenario", "smoke"]).scenario
    assert scenario is not None
    assert scenario.file == "smoke"
    [line] = refused(["--scenario", "smok"], capsys)
    assert "did you mean smoke?" in line


def test_the_same_command_line_is_read_once(tmp_path: Path) -> None:
    arguments = ["--scenario", scenario_file(tmp_path)]
    assert command_line.choose(fleet_parser(), arguments) is command_line.choose(fleet_parser(), arguments)


def test_a_worker_and_whoever_asks_for_help_need_no_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--worker"], ["--help"], ["-V"]):
        assert accepted(arguments).scenario is None
    [line] = refused([], capsys)
    assert "no scenario is given" in line


def test_a_wrong_host_and_a_wrong_scenario_are_told_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scenario_file(tmp_path, 'groups: [{name: a, count: -1}]\nthresholds: ["dev.heartbeat p99 < 5"]\n')
    lines = refused(["--scenario", path, "--host", "ftp://platform.example"], capsys)
    assert lines[0].startswith("--host (or LOCUST_HOST): ")
    assert [line.partition(" ")[0].split(":")[1] for line in lines[1:]] == ["1", "2"]


def test_the_host_of_the_command_line_is_kept_as_the_dispatch_url_it_means(tmp_path: Path) -> None:
    arguments = ["--scenario", scenario_file(tmp_path)]
    assert accepted(arguments).host is None
    assert accepted([*arguments, "--host", "https://platform.example/"]).host == "https://platform.example"


def test_a_fleet_larger_than_its_identities_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    devices = tmp_path / "devices.csv"
    devices.write_text("sn,secretKey,productId,devKey\nA,k,p,d\n")
    [line] = refused(["--scenario", scenario_file(tmp_path), "--identities", str(devices)], capsys)
    assert "devices.csv" in line


def test_locusts_dictionary_of_its_arguments_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(argument_parser, "default_args_dict", lambda: {"headless": False})
    command_line.remember_default_arguments()
    command_line.remember_default_arguments()
    assert argument_parser.default_args_dict() is argument_parser.default_args_dict()


def test_a_platform_that_is_to_be_restarted_is_the_embedded_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "groups: [{name: a, count: 1}]\nfaults: [{what: platform_restart, at: 5s, down: 1s}]\n"
    arguments = ["--scenario", scenario_file(tmp_path, text)]
    assert accepted(arguments).scenario is not None
    [line] = refused([*arguments, "--host", "http://platform.example"], capsys)
    assert "faults[0] (platform_restart) kills the embedded platform" in line


def processes(directory: Path, workers: str, *options: str) -> int | None:
    text = f"groups: [{{name: a, count: 2500}}]\nworkers: {{processes: {workers}}}\n"
    return accepted(["--scenario", scenario_file(directory, text), *options]).processes


@pytest.mark.parametrize(
    ("workers", "options", "expected"),
    [
        ("3", (), 3),
        ("auto", (), 3),
        ("auto", ("-u", "1000"), None),
        ("auto", ("-u", "1001"), 2),
        ("null", (), None),
        ("3", ("--processes", "2"), None),
        ("3", ("--master",), None),
        ("3", ("--worker",), None),
    ],
)
def test_a_scenario_may_say_in_how_many_processes_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str, options: tuple[str, ...], expected: int | None
) -> None:
    monkeypatch.setattr(command_line, "most_devices", lambda: 1_000)
    assert processes(tmp_path, workers, *options) == expected


def test_processes_of_the_scenario_get_a_token_as_those_of_the_command_line_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scenario_file(tmp_path, "groups: [{name: a, count: 7}]\nworkers: {processes: 2}\n")
    assert accepted(["--scenario", path]).access.token is not None
    path = scenario_file(tmp_path, "groups: [{name: a, count: 7}]\n")
    assert accepted(["--scenario", path]).access.token is None


def test_processes_meet_at_a_port_of_their_own_which_locust_takes_from_its_parser(tmp_path: Path) -> None:
    path = scenario_file(tmp_path, "groups: [{name: a, count: 7}]\nworkers: {processes: 2}\n")
    chosen = accepted(["--scenario", path]).meeting_point
    assert chosen["master_port"] == chosen["master_bind_port"] not in (0, 5557)
    assert accepted(["--scenario", path, "--master-bind-port", "6001"]).meeting_point["master_port"] == 6001


def test_ports_are_counted_for_each_broker_of_the_embedded_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(open_files, "system_range", lambda: range(32_000, 33_000))
    text = "groups: [{name: a, count: 1601}]\nnetwork: {source_ips: 127.0.0.5}\n"
    [line] = refused(["--scenario", scenario_file(tmp_path, text + "platform: {processes: 2}\n")], capsys)
    assert "801 devices need as many local ports" in line
    assert accepted(["--scenario", scenario_file(tmp_path, text + "platform: {processes: 3}\n")]).scenario is not None
