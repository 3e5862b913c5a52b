"""What is done by hand: kept for the report with its time, done or not, and a fault where it takes the network."""

import logging
from pathlib import Path
from typing import Any

import pytest

from simulator.measurements import actions as names
from simulator.measurements.actions import Action
from simulator.swarm.process import operations as module
from simulator.swarm.process.fleet_view import NoAnswerError
from simulator.swarm.process.operations import Order, Outcome, operate
from simulator.weather.kinds import How
from tests.swarm.manual_run import ManualRun

logger = logging.getLogger("simulator.swarm")


class View:
    """Devices that do as they are told."""

    def __init__(self) -> None:
        self.answer: dict[str, Any] | None = {"done": True, "problem": ""}
        self.silent: list[str] = []
        self.asked: list[tuple[Any, ...]] = []

    def count(self, group: str | None) -> int:
        return 1

    def act(self, sn: str, action: str, seconds: float, number: int) -> dict[str, Any] | None:
        logger.info("fault %d: outage begins", number + 1)
        self.asked.append((sn, action, seconds, number))
        if self.silent:
            raise NoAnswerError(self.silent[0])
        return self.answer

    def outage(self, how: How, seconds: float, number: int, group: str | None) -> list[str]:
        logger.info("fault %d: outage begins", number + 1)
        self.asked.append((how, seconds, number, group))
        return self.silent


class Bench:
    def __init__(self, directory: Path) -> None:
        self.manual = ManualRun(directory).open()
        self.view = View()
        self.manual.time.advance(5.0)

    def do(self, action: str, sn: str | None = "SN1", **more: Any) -> Outcome:
        view: Any = self.view
        return operate(self.manual.run, view, Order(action=action, sn=sn, **more))

    @property
    def actions(self) -> list[Action]:
        assert self.manual.run.weather is not None
        return self.manual.run.weather.actions

    @property
    def faults(self) -> list[tuple[int, str, float, float, int]]:
        assert self.manual.run.weather is not None
        return [(one.number, one.text, one.at, one.lasts, one.devices) for one in self.manual.run.weather.planned]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "report")


def test_an_action_is_kept_with_its_time(bench: Bench) -> None:
    assert bench.do("verify") == Outcome()
    assert bench.actions == [Action(at=5.0, action="verify", device="SN1")]
    assert bench.view.asked == [("SN1", "verify", 0.0, -1)]
    assert bench.faults == []


def test_offline_and_outage_are_faults_of_the_run(bench: Bench) -> None:
    bench.do("offline", seconds=20.0)
    bench.do("outage", None, seconds=9.0, group="rooms", how=How.SILENT)
    assert bench.view.asked == [("SN1", "offline", 20.0, 0), (How.SILENT, 9.0, 1, "rooms")]
    assert bench.faults == [
        (0, "outage (reset), SN1, by hand", 5.0, 20.0, 1),
        (1, "outage (silent), rooms, by hand", 5.0, 9.0, 1),
    ]
    assert [action.seconds for action in bench.actions] == [20.0, 9.0]
    assert [fault.number for fault in bench.manual.run.info(6.0, complete=False).faults] == [0, 1]
    assert bench.manual.run.info(6.0, complete=False).actions == tuple(bench.actions)


def test_what_is_refused_is_kept_as_not_done_and_is_no_fault(bench: Bench) -> None:
    bench.view.answer = {"done": False, "problem": names.NOT_ON}
    assert bench.do("offline", seconds=20.0) == Outcome(problem=names.NOT_ON)
    assert bench.actions == [
        Action(at=5.0, action="offline", device="SN1", seconds=20.0, done=False, problem=names.NOT_ON)
    ]
    assert bench.faults == []


def test_of_what_nobody_knows_whether_it_was_done_the_fault_stays(bench: Bench) -> None:
    bench.view.silent = ["w1"]
    assert bench.do("offline", seconds=20.0).problem == names.NO_ANSWER
    assert bench.do("outage", None, seconds=5.0).problem == names.NO_ANSWER
    assert [fault[0] for fault in bench.faults] == [0, 1]
    assert [action.problem for action in bench.actions] == [names.NO_ANSWER] * 2


def test_whom_the_fleet_does_not_have_leaves_no_trace(bench: Bench) -> None:
    bench.view.answer = None
    assert bench.do("offline", seconds=20.0) == Outcome(known=False)
    assert (bench.actions, bench.faults) == ([], [])


def test_only_while_a_run_goes_on(bench: Bench) -> None:
    view: Any = bench.view
    assert operate(None, view, Order(action="verify", sn="SN1")).problem == names.NO_RUN
    assert operate(bench.manual.run, None, Order(action="verify", sn="SN1")).problem == names.NO_RUN
    bench.manual.run.begin_end()
    assert bench.do("verify").problem == names.NO_RUN
    assert bench.actions == []


def test_no_more_is_done_than_the_report_takes(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ACTIONS", 1)
    bench.do("verify")
    assert bench.do("verify") == Outcome(problem=names.TOO_MANY)
    assert len(bench.actions) == len(bench.view.asked) == 1


def test_what_is_refused_uses_up_nothing_and_is_counted(bench: Bench) -> None:
    bench.view.answer = {"done": False, "problem": names.NOT_ONLINE}
    for _again in range(names.MOST_ACTIONS + 100):
        assert bench.do("reboot").problem == names.NOT_ONLINE
    assert len(bench.actions) == names.MOST_REFUSED
    bench.view.answer = {"done": True, "problem": ""}
    assert bench.do("reboot") == Outcome()
    assert bench.manual.run.info(6.0, complete=False).actions_refused == names.MOST_ACTIONS + 100


# --- The log ---


def test_the_cause_is_in_the_log_before_what_follows_from_it(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "simulator.swarm")
    bench.do("offline", seconds=20.0)
    bench.do("outage", None, seconds=9.0)
    assert [record.getMessage() for record in caplog.records] == [
        "by hand: offline of SN1",
        "fault 1: outage begins",
        "by hand: outage of all",
        "fault 2: outage begins",
    ]


def test_what_came_to_nothing_is_in_the_log_with_its_reason(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "simulator.swarm")
    bench.view.answer = {"done": False, "problem": names.NO_RUN}
    bench.do("verify")
    bench.view.answer = None
    bench.do("verify", "no\none")
    told = [record.getMessage() for record in caplog.records if "by hand" in record.getMessage()]
    assert told == [
        "by hand: verify of SN1",
        f"by hand: verify of SN1: {names.NO_RUN}",
        "by hand: verify of no\\none",
        "by hand: verify of no\\none: there is no such device",
    ]
