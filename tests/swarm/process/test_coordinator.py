"""What the process does that coordinates runs: begins them, names their directories, and ends with one exit code."""

import errno
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from simulator.exit_codes import ExitCode
from simulator.fields.dispatch_url import DispatchUrlError
from simulator.scenario.problems import ScenarioError
from simulator.swarm.process import coordinator as module
from simulator.swarm.process.coordinator import Coordinator
from tests.swarm.fake_locust import SCENARIO, FakeEnvironment, FakeRunner, choice, environment
from tests.swarm.fake_weather import SCENARIO as WEATHER


class Plain(Coordinator):
    """Opens and closes runs and does nothing in between."""

    def test_start(self) -> None:
        self.open_run(travels=False)

    def test_stopping(self) -> None:
        if self.run is not None:
            self.run.stopping = True

    def test_stop(self) -> None:
        self.close_run()


class Bench:
    """A coordinator with Locust's side of it."""

    def __init__(self, directory: Path, text: str = SCENARIO, **options: Any) -> None:
        self.runner = FakeRunner()
        self.environment: FakeEnvironment = environment(directory, self.runner, **options)
        self.role = Plain(self.environment, choice(text))

    def whole_run(self) -> None:
        self.role.test_start()
        self.role.test_stopping()
        self.role.test_stop()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "report")


def test_a_run_that_measured_nothing_fails(bench: Bench, tmp_path: Path) -> None:
    bench.whole_run()
    assert bench.environment.process_exit_code == ExitCode.FAILED
    assert (tmp_path / "report" / "summary.json").exists()
    bench.role.test_stop()
    assert bench.environment.process_exit_code == ExitCode.FAILED


def test_the_terminal_of_a_run_that_is_watched_in_the_browser_is_told_how_it_ended(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.whole_run()
    assert capsys.readouterr().out == ""
    bench.environment.web_ui = SimpleNamespace()
    bench.whole_run()
    bench.role.test_stop()
    verdict, report = capsys.readouterr().out.strip().splitlines()
    assert verdict.split()[:2] == ["Verdict", "FAILED"]
    assert report.split() == ["Report", str(tmp_path / "report-2" / "report.html")]


def test_of_several_runs_the_code_that_comes_first_holds(bench: Bench, tmp_path: Path) -> None:
    bench.whole_run()
    bench.role.test_start()
    bench.role.internal_error("background.pump", "KeyError: 'odd'")
    bench.role.test_stop()
    bench.whole_run()
    assert bench.environment.process_exit_code == ExitCode.INVALID
    directories = sorted(path.name for path in tmp_path.iterdir())
    assert directories == ["report", "report-2", "report-3"]


def test_a_code_that_another_listener_demands_fails_a_run_that_passed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.swarm.run.run.exit_code", lambda summary: ExitCode.PASSED)
    bench.role.test_start()
    bench.role.test_stop()
    assert bench.environment.process_exit_code == ExitCode.PASSED
    bench.environment.process_exit_code = 7
    bench.role.test_stop()
    assert bench.environment.process_exit_code == 7
    assert bench.role.run is not None
    assert bench.role.run.summary is not None
    assert [reason["key"] for reason in bench.role.run.summary["reasons"]][-1] == "code_set_elsewhere"


def test_nobody_can_make_a_run_pass_that_has_not(bench: Bench) -> None:
    bench.whole_run()
    bench.environment.process_exit_code = 0
    bench.role.test_stop()
    assert bench.environment.process_exit_code == ExitCode.FAILED


@pytest.mark.parametrize(("headless", "told"), [(True, "quit"), (False, "stop")])
def test_a_run_that_cannot_start_is_told_and_ends(tmp_path: Path, headless: bool, told: str) -> None:
    bench = Bench(tmp_path / "file" / "report", headless=headless)
    (tmp_path / "file").touch()
    bench.role.test_start()
    assert bench.role.run is not None
    assert bench.role.run.order is None
    gevent.sleep(0)
    assert bench.runner.done == [told]
    bench.role.test_stop()
    assert bench.environment.process_exit_code == ExitCode.USAGE


def test_a_wrong_host_of_the_form_starts_nothing(bench: Bench) -> None:
    bench.environment.host = "ftp://platform.example"
    with pytest.raises(DispatchUrlError):
        _ = bench.role.host
    bench.role.test_start()
    bench.role.test_stop()
    assert bench.environment.process_exit_code == ExitCode.USAGE


def test_the_forms_host_comes_before_the_command_lines(tmp_path: Path) -> None:
    role = Plain(environment(tmp_path), choice(host="https://given.example"))
    assert role.host == "https://given.example"
    role.environment.host = " https://form.example/ "
    assert role.host == "https://form.example"


def test_a_fleet_is_as_large_as_was_asked_for_or_as_its_scenario(tmp_path: Path) -> None:
    role = Plain(environment(tmp_path, num_users=2), choice())
    scenario = role.choice.scenario
    assert scenario is not None
    assert role.total(scenario) == 2
    role.environment.shape_class = SimpleNamespace(follows_scenario=True)
    assert role.total(scenario) == 3


@pytest.mark.parametrize(
    ("options", "web_ui", "shape", "planned"),
    [
        ({"run_time": 30}, None, None, 30.0),
        ({"run_time": None}, None, None, None),
        ({"run_time": 30}, SimpleNamespace(_run_time_greenlet=None), None, None),
        ({"run_time": 30}, SimpleNamespace(_run_time_greenlet=object()), None, 30.0),
        ({"run_time": 30, "autostart": True}, SimpleNamespace(_run_time_greenlet=None), None, 30.0),
        ({"run_time": 30}, None, SimpleNamespace(follows_scenario=True, ramp=SimpleNamespace(duration=90)), 90.0),
    ],
)
def test_how_long_a_run_is_to_take(
    tmp_path: Path, options: dict[str, Any], web_ui: Any, shape: Any, planned: float | None
) -> None:
    role = Plain(environment(tmp_path / "report", **options), choice())
    role.environment.web_ui = web_ui
    if shape is not None:
        shape.reset_time = lambda: None
    role.environment.shape_class = shape
    role.test_start()
    assert role.run is not None
    assert role.run.planned_s == planned


def test_without_a_name_a_run_gets_a_directory_that_nobody_else_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # Two runs of one second, however long they take.
    monkeypatch.setattr(module, "datetime", SimpleNamespace(now=lambda zone: datetime(2026, 1, 2, tzinfo=zone)))
    benches = [Bench(tmp_path, report=None) for _ in range(2)]
    for bench in benches:
        bench.whole_run()
    first, second = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert first.startswith("tiny-")
    assert second == f"{first}-2"


def test_an_error_of_ours_ends_the_run_and_is_in_its_report(bench: Bench) -> None:
    bench.role.test_start()
    bench.role.failed("listener.test_start", "KeyError: 'odd'")
    gevent.sleep(0)
    assert bench.runner.done == ["quit"]
    assert bench.environment.process_exit_code == ExitCode.INVALID
    bench.role.test_stop()
    assert bench.role.run is not None
    assert bench.role.run.summary is not None
    assert "listener.test_start" in bench.role.run.summary["internal_errors"]["by_rule"]


def test_a_signal_before_any_run_is_no_pass(bench: Bench) -> None:
    with pytest.raises(SystemExit) as caught:
        bench.role.stop_and_quit("SIGINT")
    assert caught.value.code == ExitCode.INTERRUPTED
    assert bench.runner.done == ["quit"]


def test_only_a_run_that_has_a_checkpoint_leaves_something_to_report_of(bench: Bench, tmp_path: Path) -> None:
    assert bench.role.kept() is None
    bench.role.test_start()
    assert bench.role.kept() is None
    assert bench.role.run is not None
    bench.role.run.tick()
    assert bench.role.kept() == tmp_path / "report"
    bench.role.test_stop()
    assert bench.role.kept() is None


def test_a_signal_stops_the_web_ui_too(bench: Bench) -> None:
    stopped: list[bool] = []
    bench.environment.web_ui = SimpleNamespace(stop=lambda: stopped.append(True))
    bench.role.stop_and_quit("SIGTERM")
    assert bench.runner.done == ["stop"]
    assert stopped == [True]


def test_what_was_prepared_and_never_began_lets_go_of_its_directory(bench: Bench, tmp_path: Path) -> None:
    bench.role.prepare()
    other = Bench(tmp_path / "report")
    with pytest.raises(module.START_FAILURES, match="writes its report there"):
        other.role.prepare()
    bench.role.test_stop()
    third = Bench(tmp_path / "report")
    third.role.prepare()
    third.whole_run()
    assert (tmp_path / "report" / "summary.json").exists()


def test_a_full_disk_at_the_start_is_told_with_what_it_means(bench: Bench) -> None:
    bench.role.start_failed(OSError(errno.ENOSPC, "No space left on device", "report"))
    bench.role.test_stop()
    assert bench.environment.process_exit_code == ExitCode.INVALID


def test_every_line_of_what_is_wrong_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    class WrongError(ScenarioError):
        def __str__(self) -> str:
            return "a.yaml:1: one\na.yaml:2: two"

    bench.role.start_failed(WrongError([]))
    assert [record.getMessage() for record in caplog.records][:2] == ["a.yaml:1: one", "a.yaml:2: two"]


def test_the_table_is_printed_when_all_is_over(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.role.finished()
    assert capsys.readouterr().out == ""
    bench.whole_run()
    bench.role.finished()
    assert "Verdict     FAILED" in capsys.readouterr().out


def test_a_host_of_the_form_does_not_go_with_a_platform_that_is_to_be_restarted(tmp_path: Path) -> None:
    role = Plain(environment(tmp_path), choice(WEATHER))
    role.environment.host = "http://platform.example"
    with pytest.raises(DispatchUrlError, match=r"faults\[0\] \(platform_restart\)"):
        _ = role.host
    role.environment.host = ""
    assert role.host is None
