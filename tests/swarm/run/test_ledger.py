"""A run on the embedded platform that does not keep what it acknowledged is no pass."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from reports.rebuild import rebuild
from reports.verdict import headline
from simulator.exit_codes import ExitCode
from simulator.measurements.events import Event, QueueRecorder
from simulator.measurements.ledger import Kept
from tests.swarm.manual_run import PLANNED_S, ManualRun

HOLDS = "thresholds: ['dev.heartbeat p99 < 10 s']\n"


class Stopped:
    """An embedded platform that gives an account when it is stopped; None gives none."""

    exit_code = None

    def __init__(self, kept: Kept | None) -> None:
        self.kept: Kept | None = None
        self._account = kept

    def stop(self) -> None:
        self.kept = self._account


def ended(directory: Path, kept: Kept | None, found: str = "", scenario: str = "") -> tuple[ManualRun, dict[str, Any]]:
    """A run in which 8 records were made and 6 acknowledged, with a picture each; 2 are lost with the store."""
    manual = ManualRun(directory / "report", scenario=scenario).open()
    manual.run.platform = Stopped(kept)  # type: ignore[assignment]
    events: list[Event] = []
    recorder = QueueRecorder(events.append)
    for name, count in (("generated", 8), ("acknowledged", 6), ("lost", 2)):
        recorder.record(name, count)
        recorder.record(f"photo_{name}", count)
    manual.run.measurements.apply(events)
    if found:
        manual.run.find(found, worker="w1", at=0.0)
    return manual, manual.end(PLANNED_S)


@pytest.mark.parametrize("records", [6, 8])
def test_what_was_acknowledged_is_kept(tmp_path: Path, records: int) -> None:
    manual, summary = ended(tmp_path, Kept(records, 6, 1))
    assert (summary["reasons"], manual.run.code) == ([], ExitCode.PASSED)
    assert summary["ledger"] == {
        "records": records,
        "photos": 6,
        "duplicates": 1,
        "missing": 0,
        "missing_photos": 0,
        "unexpected": 0,
    }


@pytest.mark.parametrize("scenario", ["", HOLDS], ids=["no threshold", "a threshold that holds"])
@pytest.mark.parametrize(
    ("kept", "key", "told"),
    [
        (Kept(5, 6, 0), "records_missing", "the platform acknowledged 6 records and keeps 5: 1 is missing"),
        (Kept(6, 0, 0), "photos_missing", "acknowledged 6 pictures of records and keeps 0: 6 are missing"),
        (Kept(9, 6, 0), "records_unexpected", "keeps 9 records, and devices offered it 8 at most"),
    ],
)
def test_a_ledger_that_is_wrong_fails_the_run(tmp_path: Path, scenario: str, kept: Kept, key: str, told: str) -> None:
    manual, summary = ended(tmp_path, kept, scenario=scenario)
    assert [reason["key"] for reason in summary["reasons"]] == [key]
    assert all(result["passed"] for result in summary["thresholds"])
    assert (summary["verdict"], manual.run.code) == ("failed", ExitCode.FAILED)
    assert told in headline(summary)


def test_a_report_that_is_made_anew_keeps_it(tmp_path: Path) -> None:
    _, summary = ended(tmp_path, Kept(5, 6, 0))
    again = rebuild(tmp_path / "report")
    assert again["ledger"] == summary["ledger"]
    assert again["reasons"] == summary["reasons"]
    assert orjson.loads((tmp_path / "report" / "summary.json").read_bytes())["ledger"]["missing"] == 1


def test_a_platform_that_gives_no_account_is_never_a_pass(tmp_path: Path) -> None:
    manual, summary = ended(tmp_path, None)
    assert [reason["key"] for reason in summary["reasons"]] == ["ledger_unread"]
    assert manual.run.code == ExitCode.INVALID
    assert "ledger" not in summary


@pytest.mark.parametrize("found", ["platform_died", "platform_not_back", "start_failed"])
def test_what_is_known_of_its_end_is_reason_enough(tmp_path: Path, found: str) -> None:
    _, summary = ended(tmp_path, None, found)
    assert [reason["key"] for reason in summary["reasons"]] == [found]


def test_what_a_lost_worker_did_not_tell_is_not_unexpected(tmp_path: Path) -> None:
    _, summary = ended(tmp_path, Kept(50, 60, 0), "worker_lost")
    assert [reason["key"] for reason in summary["reasons"]] == ["worker_lost"]
    assert summary["ledger"]["unexpected"] is None


def test_what_is_missing_is_missing_beside_a_lost_worker(tmp_path: Path) -> None:
    manual, summary = ended(tmp_path, Kept(5, 6, 0), "worker_lost")
    assert [reason["key"] for reason in summary["reasons"]] == ["worker_lost", "records_missing"]
    assert manual.run.code == ExitCode.INVALID


def test_a_platform_of_somebody_elses_is_not_asked(tmp_path: Path) -> None:
    summary = ManualRun(tmp_path / "report").open().end(PLANNED_S)
    assert "ledger" not in summary
    assert summary["reasons"] == []
