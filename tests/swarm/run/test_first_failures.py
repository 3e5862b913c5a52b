"""Each kind of failure is logged when it comes first, with what helps; never again, and of many the first ones."""

import logging
from pathlib import Path

import pytest

from simulator.measurements.events import Event, QueueRecorder
from simulator.swarm.run.first_failures import MOST_KINDS, FirstFailures
from simulator.texts.language import CHINESE, speaking
from tests.swarm.manual_run import ManualRun

HINT = "settings of this step: report.fields, report.without"


@pytest.fixture
def manual(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> ManualRun:
    run = ManualRun(tmp_path, outputs=[FirstFailures()]).open()
    caplog.set_level(logging.WARNING, "simulator.swarm")
    return run


def fail(manual: ManualRun, name: str, code: str, detail: str = "") -> None:
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    recorder.request(name, manual.time.wall(), 0.01, code, 1, 1, 0.0)
    recorder.detail(name, code, detail, manual.time.wall())
    manual.run.measurements.apply(events)
    manual.tick(1.0)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_kind_is_told_at_once_and_once(manual: ManualRun, caplog: pytest.LogCaptureFixture) -> None:
    fail(manual, "dev.report", "E0000003", f"no such field; {HINT}")
    fail(manual, "dev.report", "E0000003", "again")
    fail(manual, "dev.login", "timeout")
    fail(manual, "dev.login", "made up")
    assert told(caplog) == [
        f"dev.report fails with E0000003, the first time: no such field; {HINT}",
        "dev.login fails with timeout, the first time: no reply before the deadline; see request_timeout and "
        "docs/troubleshooting.md",
        "dev.login fails with made up",
    ]


def test_what_fails_in_the_last_second_is_told_too(manual: ManualRun, caplog: pytest.LogCaptureFixture) -> None:
    fail(manual, "dev.login", "timeout")
    caplog.clear()
    events: list[Event] = []
    QueueRecorder(events.append).request("dev.login", manual.time.wall(), 0.01, "dns", 1, 1, 0.0)
    manual.run.measurements.apply(events)
    manual.run.close()
    assert told(caplog) == ["dev.login fails with dns, the first time: the host name could not be resolved"]


def test_a_failure_that_the_embedded_platforms_death_may_explain_is_told_when_that_is_known(
    manual: ManualRun, caplog: pytest.LogCaptureFixture
) -> None:
    violations = manual.run.measurements.violations
    violations.hold()
    began = manual.time.wall()
    fail(manual, "dev.login", "disconnected", "hint of a platform that lives")
    fail(manual, "dev.report", "disconnected", "hint of no use")
    assert told(caplog) == []
    violations.lived(began + 0.5)
    manual.tick()
    assert told(caplog) == ["dev.login fails with disconnected, the first time: hint of a platform that lives"]
    manual.run.measurements.details.died(violations.died())
    manual.tick()
    assert told(caplog)[1:] == ["dev.report fails with disconnected, the first time: the embedded platform had died"]


def test_of_many_kinds_the_first_are_told(manual: ManualRun, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(MOST_KINDS + 5):
        fail(manual, "dev.login", f"E{number:07}")
    assert len(told(caplog)) == MOST_KINDS + 1
    assert told(caplog)[-1] == "failures of further kinds are told in the report alone"


def test_nothing_secret_and_no_command_of_a_terminal(manual: ManualRun, caplog: pytest.LogCaptureFixture) -> None:
    fail(manual, "dev.login", "E0000001", "secretKey: aabbcc \x1b[2J")
    assert told(caplog) == ["dev.login fails with E0000001, the first time: secretKey: *** \\x1b[2J"]


def test_in_chinese(manual: ManualRun, caplog: pytest.LogCaptureFixture) -> None:
    with speaking(CHINESE):
        fail(manual, "dev.login", "timeout")
    assert told(caplog) == [
        "dev.login 首次失败，代码 timeout：在期限内没有应答；参见 request_timeout 和 docs/troubleshooting.md"
    ]
