"""Locust's events reach the role that this process has, and nothing of ours is missing when Locust begins."""

import socket
from pathlib import Path
from typing import Any

import pytest
from locust.dispatch import UsersDispatcher
from locust.event import Events
from locust.runners import MasterRunner, WorkerRunner

from simulator.exit_codes import ExitCode
from simulator.swarm import hooks as module
from simulator.swarm.hooks import Hooks, check_port, install
from simulator.swarm.locust.dispatcher import FleetDispatcher
from simulator.swarm.locust.shape import ScenarioShape
from simulator.swarm.locust.users import MeetingDevice
from simulator.swarm.open_files import OpenFilesError
from simulator.swarm.process.local import Local
from simulator.swarm.process.master import Master
from simulator.swarm.process.worker import Worker
from tests.swarm.fake_locust import FakeEnvironment, FakeRunner, choice, environment


class OfMaster(FakeRunner, MasterRunner):
    """Locust's own kind tells what the process is."""

    # What Locust computes from its connections is plain data here.
    greenlet = None
    user_count = 0
    worker_count = 0  # type: ignore[assignment]
    target_user_count = 0


class OfWorker(FakeRunner, WorkerRunner):
    greenlet = None
    user_count = 0
    target_user_count = 0


@pytest.fixture(autouse=True)
def patched(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What `hooks` would change in this process; here it is noted."""
    noted: dict[str, list[Any]] = {name: [] for name in ("printing", "steady_time", "signals", "files", "parents")}
    monkeypatch.setattr(module.printing, "install", lambda: noted["printing"].append(True))
    monkeypatch.setattr(module.steady_time, "install", noted["steady_time"].append)
    monkeypatch.setattr(module.OrderlyStop, "install", lambda self: noted["signals"].append(True))
    monkeypatch.setattr(module, "allow_open_files", noted["files"].append)
    monkeypatch.setattr(module, "end_with", noted["parents"].append)
    return noted


def begun(
    monkeypatch: pytest.MonkeyPatch, directory: Path, runner: FakeRunner, *, shaped: bool = False, **options: Any
) -> tuple[Hooks, FakeEnvironment]:
    """Hooks after Locust's `init`."""
    made = environment(directory / "report", runner, **options)
    monkeypatch.setattr(module.command_line, "chosen", lambda: choice(shaped=shaped))
    hooks = Hooks()
    hooks.init(made)
    return hooks, made


@pytest.mark.parametrize(("runner", "role"), [(FakeRunner, Local), (OfMaster, Master), (OfWorker, Worker)])
def test_the_runner_tells_what_this_process_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runner: type[FakeRunner], role: type, patched: dict[str, list[Any]]
) -> None:
    hooks, _ = begun(monkeypatch, tmp_path, runner("w1"))
    assert type(hooks._role) is role
    assert patched["steady_time"] == [hooks._role.clock]
    assert patched["files"] == ([3] if role is Local else []), "workers look for themselves when they know their share"
    assert (tmp_path / "report").exists() is (role is not Worker), "prepared before Locust's clock runs"
    hooks.quitting(None)


class Other(MeetingDevice):
    """A user of somebody's own locustfile."""

    abstract = True


@pytest.mark.parametrize(
    ("classes", "dispatcher"), [([MeetingDevice], FleetDispatcher), ([MeetingDevice, Other], UsersDispatcher)]
)
def test_users_of_a_fleet_are_dealt_by_counting_and_others_by_locust(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, classes: list[Any], dispatcher: Any
) -> None:
    made = environment(tmp_path / "report", FakeRunner())
    made.user_classes = classes
    monkeypatch.setattr(module.command_line, "chosen", lambda: choice(shaped=False))
    hooks = Hooks()
    hooks.init(made)
    assert made.dispatcher_class is dispatcher
    hooks.quitting(None)


@pytest.mark.parametrize(("kind", "expected"), [(OfWorker, [14]), (OfMaster, []), (FakeRunner, [])])
def test_only_workers_give_way(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: type[FakeRunner], expected: list[int]
) -> None:
    given: list[int | None] = []
    monkeypatch.setattr(module, "give_way", given.append)
    monkeypatch.setattr("simulator.swarm.process.master.keep_ended", lambda processes: None)
    hooks, _ = begun(monkeypatch, tmp_path, kind("w1"), processes=14)
    assert given == expected
    hooks.quitting(None)


@pytest.mark.parametrize(
    ("kind", "scenario", "expected"), [(OfWorker, True, [4711]), (OfWorker, False, []), (OfMaster, True, [])]
)
def test_a_worker_of_this_masters_own_ends_with_it(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    patched: dict[str, list[Any]],
    kind: type[FakeRunner],
    scenario: bool,
    expected: list[int],
) -> None:
    made = environment(tmp_path / "report", kind("w1"), processes=2)
    monkeypatch.setattr("simulator.swarm.process.master.keep_ended", lambda processes: None)
    said = choice(process=4711) if scenario else choice(process=4711, scenario=None)
    monkeypatch.setattr(module.command_line, "chosen", lambda: said)
    hooks = Hooks()
    hooks.init(made)
    assert patched["parents"] == expected
    hooks.quitting(None)


def test_the_scenarios_ramp_is_locusts_shape_unless_numbers_were_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hooks, made = begun(monkeypatch, tmp_path, FakeRunner(), shaped=True, run_time=60)
    assert isinstance(made.shape_class, ScenarioShape)
    assert made.parsed_options.run_time is None, "Locust's own timer would come a second time"
    hooks.quitting(made)
    hooks, made = begun(monkeypatch, tmp_path, FakeRunner(), run_time=60)
    assert made.shape_class is None
    assert made.parsed_options.run_time == 60
    hooks.quitting(made)


def test_each_event_of_locust_is_handed_to_the_role_and_an_error_of_ours_ends_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, patched: dict[str, list[Any]]
) -> None:
    hooks, made = begun(monkeypatch, tmp_path, FakeRunner())
    heard: list[str] = []
    failed: list[str] = []

    class Role:
        def __getattr__(self, name: str) -> Any:
            def call() -> None:
                heard.append(name)
                if name == "test_stopping":
                    raise KeyError("odd")

            call.__name__ = name
            return call

        def failed(self, rule: str, detail: str) -> None:
            failed.append(rule)

    real, hooks._role = hooks._role, Role()  # type: ignore[assignment]
    hooks.test_start()
    assert hooks._role.starting is True
    hooks.test_stopping()
    assert hooks._role.starting is False
    hooks.test_stop()
    hooks.quitting(made)
    hooks.quit()
    assert heard == ["test_start", "test_stopping", "test_stop", "test_stopping", "test_stop", "finished"]
    assert failed == ["listener.test_stopping"] * 2
    assert len(patched["signals"]) == 2, "once more as a run starts: Locust has set handlers of its own meanwhile"
    assert real is not None
    real.test_stop()


def test_events_before_init_find_nobody() -> None:
    hooks = Hooks()
    for event in (hooks.test_start, hooks.test_stopping, hooks.test_stop, hooks.quit):
        event()
    hooks.quitting(None)


def test_a_fleet_that_the_machine_does_not_carry_ends_with_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(devices: int) -> None:
        raise OpenFilesError("too few open files")

    monkeypatch.setattr(module, "allow_open_files", refused)
    with pytest.raises(SystemExit) as caught:
        begun(monkeypatch, tmp_path, FakeRunner())
    assert caught.value.code == ExitCode.USAGE
    assert "too few open files" in capsys.readouterr().err


def test_a_directory_that_cannot_be_made_ends_before_locust_begins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report").touch()
    with pytest.raises(SystemExit) as caught:
        begun(monkeypatch, tmp_path, FakeRunner())
    assert caught.value.code == ExitCode.USAGE
    assert "is a file" in capsys.readouterr().err


def test_install_listens_to_every_event_that_a_role_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    events = Events()
    installed: list[str] = []
    monkeypatch.setattr(module, "events", events)
    for name in ("percentiles", "locust_files", "guarded_rpc"):
        monkeypatch.setattr(getattr(module, name), "install", lambda *_, name=name: installed.append(name))
    monkeypatch.setattr(module.command_line, "remember_default_arguments", lambda: installed.append("arguments"))
    install()
    assert sorted(installed) == ["arguments", "guarded_rpc", "locust_files", "percentiles"]
    heard = {name for name, hook in vars(events).items() if getattr(hook, "_handlers", None)}
    assert heard == {
        *("init_command_line_parser", "init", "test_start", "test_stopping", "test_stop", "quitting", "quit"),
    }


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_is_free_is_free_afterwards(host: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        try:
            probe.bind((host, 0))
        except OSError:
            pytest.skip("this machine has no such address")
        port = probe.getsockname()[1]
    check_port(host, port)
    check_port(host, port)


def test_a_port_that_is_taken_and_an_address_that_is_not_ours_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit) as caught:
            check_port("127.0.0.1", port)
    assert caught.value.code == ExitCode.USAGE
    assert f"the web UI's port {port} is in use on 127.0.0.1; try --web-port" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        check_port("192.0.2.1", 8089)
    assert "the web UI cannot listen on 192.0.2.1:8089" in capsys.readouterr().err


def test_a_metrics_port_that_is_taken_ends_before_anything_begins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        given = {"metrics_port": port, "metrics_host": "127.0.0.1", "tls_cert": None, "tls_key": None}
        with pytest.raises(SystemExit) as caught:
            begun(monkeypatch, tmp_path, FakeRunner(), **given)
        assert caught.value.code == ExitCode.USAGE
        assert f"--metrics-port: 127.0.0.1:{port} is in use" in capsys.readouterr().err
        with pytest.raises(SystemExit) as caught:
            begun(monkeypatch, tmp_path, FakeRunner(), **given | {"metrics_host": "192.0.2.1"})
        assert caught.value.code == ExitCode.USAGE
        assert f"cannot listen on 192.0.2.1:{port}: " in capsys.readouterr().err
    assert not (tmp_path / "report").exists(), "no platform was started"


def test_the_metrics_of_a_run_are_served_from_its_beginning_to_its_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(module.Monitoring, "close", lambda self: closed.append(True))
    monkeypatch.setattr(module.Monitoring, "export", lambda self: closed.append(False))
    hooks, made = begun(monkeypatch, tmp_path, FakeRunner(), otel=True)
    assert closed == [False], "--otel"
    hooks.quitting(made)
    hooks.quit()
    assert closed == [False, True]
