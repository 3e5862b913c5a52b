"""What faults mean for the verdict: what they cut off never fails a run, who is not back does."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.verdict import exit_code, headline, note_lines, reason_lines
from simulator.measurements import weather
from simulator.measurements.events import QueueRecorder
from simulator.measurements.findings import Finding
from simulator.measurements.run import RunMeasurements
from simulator.measurements.weather import PlannedFault
from tests.reports.conftest import STARTED
from tests.reports.stormy import planned, strike

Info = Callable[..., RunInfo]
FAULT = planned(0)
HOLDS = ("failures < 5 %",)


def steady() -> RunMeasurements:
    """A device that is online and makes a request, nothing else."""
    measurements = RunMeasurements()
    events: list[object] = []
    recorder = QueueRecorder(events.append)
    recorder.state(0, "offline", "online", STARTED)
    recorder.request("dev.heartbeat", STARTED, 0.01, "00000000", 1, 1, 0.0)
    measurements.apply(events)  # type: ignore[arg-type]
    return measurements


def keys(summary: dict[str, object]) -> list[str]:
    return [reason["key"] for reason in summary["reasons"]]  # type: ignore[attr-defined]


def summed_up(
    info: Info, *faults: PlannedFault, struck: Iterable[PlannedFault] = (), seconds: float = 200.0, **changes: object
) -> dict[str, object]:
    measurements = steady()
    for fault in struck:
        strike(measurements, fault)
    return build_summary(measurements, info(seconds, devices=1, **{"thresholds": (), "faults": faults} | changes))


def test_what_a_fault_cut_off_fails_no_run(info: Info) -> None:
    for thresholds in ((), HOLDS):
        summary = summed_up(info, FAULT, struck=[FAULT], thresholds=thresholds)
        assert summary["verdict"] == "passed", headline(summary)
        assert summary["weather"]["requests_cut"] == 4  # type: ignore[index]


# --- Who is not back ---


def lost(info: Info, seconds: float = 200.0, thresholds: tuple[str, ...] = ()) -> dict[str, object]:
    measurements = steady()
    faults = (FAULT, planned(1, 60.0), planned(2, 70.0, what="power_cut"))
    for fault, back in zip(faults, ((0.5,), (1.0, 2.0, 3.0), (1.0,) * 4), strict=True):
        strike(measurements, fault, back)
    return build_summary(measurements, info(seconds, devices=1, thresholds=thresholds, faults=faults))


@pytest.mark.parametrize("thresholds", [(), HOLDS, ("never_back.power_cut == 0",), ("recovery.p50 < 60 s",)])
def test_a_device_that_never_came_back_fails_the_run(info: Info, thresholds: tuple[str, ...]) -> None:
    summary = lost(info, thresholds=thresholds)
    assert "devices_not_back" in keys(summary)
    assert reason_lines(summary)[-1] == (
        "3 of 4 devices that outage (reset), 20% of the devices at 20.0 s hit were not back when the run ended, "
        "2 min 50 s after it; so it was after 1 more fault"
    )
    assert exit_code(summary) == (3 if "recovery.p50 < 60 s" in thresholds else 1)


@pytest.mark.parametrize(
    ("thresholds", "crossed"),
    [(("never_back < 9",), False), (("never_back.outage == 0",), True), (("recovery.all < 1 min",), True)],
)
def test_unless_a_threshold_decides(info: Info, thresholds: tuple[str, ...], crossed: bool) -> None:
    summary = lost(info, thresholds=thresholds)
    assert "devices_not_back" not in keys(summary)
    assert exit_code(summary) == (3 if crossed else 0)


def test_who_had_too_little_time_is_a_remark(info: Info) -> None:
    summary = lost(info, seconds=85.0)
    assert keys(summary) == []
    assert "4 devices were not back when the run ended, less than a minute after their fault" in note_lines(summary)[0]


def test_records_that_a_fault_took_are_a_remark(info: Info) -> None:
    measurements = steady()
    strike(measurements, FAULT)
    measurements.records |= {"generated": 9, "lost": 9}
    measurements.weather.faults[0].add(weather.UNSENT_LOST, STARTED + 20, "", "", 9.0)
    summary = build_summary(measurements, info(200.0, devices=1, thresholds=(), faults=(FAULT,)))
    assert (keys(summary), summary["records"]["pending"]) == ([], 0)
    assert note_lines(summary) == ["9 records were lost with stores that faults of the scenario emptied"]


# --- What never came ---


def test_a_fault_that_never_came_fails_the_run(info: Info) -> None:
    for thresholds in ((), HOLDS):
        summary = summed_up(info, FAULT, planned(1, 60.0), struck=[planned(1, 60.0)], thresholds=thresholds)
        assert keys(summary) == ["faults_absent"]
        assert reason_lines(summary) == [
            "1 of 2 faults of the scenario never came, the first outage (reset), 20% of the devices at 20.0 s"
        ]
        assert exit_code(summary) == 1


def test_and_so_does_one_that_hit_nobody(info: Info) -> None:
    measurements = steady()
    measurements.weather.faults[0].add(weather.BEGUN, STARTED + 20, "", "", 1.0)
    summary = build_summary(measurements, info(200.0, thresholds=(), faults=(FAULT,)))
    assert keys(summary) == ["faults_hit_nobody"]


@pytest.mark.parametrize(
    "changes",
    [
        {"seconds": 21.0},
        {"findings": (Finding("interrupted", {"signal": "SIGINT", "after_s": 9.0, "planned_s": 200.0}),)},
        {"complete": False},
    ],
)
def test_a_run_that_ended_before_it_does_not_miss_it(info: Info, changes: dict[str, object]) -> None:
    assert "faults_absent" not in keys(summed_up(info, FAULT, **changes))  # type: ignore[arg-type]


def test_a_fault_that_was_meant_for_nobody_is_not_missed(info: Info) -> None:
    assert keys(summed_up(info, replace(FAULT, devices=0))) == []


# --- What nobody knows of the platform ---


@pytest.mark.parametrize("thresholds", [(), ("failures == 0",), HOLDS, ("recovery.p99 < 60 s",)])
def test_a_run_in_which_all_was_cut_off_is_not_green(info: Info, thresholds: tuple[str, ...]) -> None:
    measurements = RunMeasurements()
    strike(measurements, FAULT)
    measurements.totals.pop("connect", None)
    measurements.slots.clear()
    measurements._unsettled.clear()
    measurements.devices.change(0, "offline", "online", STARTED)
    summary = build_summary(measurements, info(200.0, faults=(FAULT,), thresholds=thresholds))
    assert "all_under_faults" in keys(summary)
    assert summary["verdict"] == "failed"
    assert any("cut off 4 requests and held up 4" in line for line in reason_lines(summary))


# --- Misbehaviour ---


@pytest.mark.parametrize(
    ("outcome", "refused", "thresholds", "reasons", "notes"),
    [
        ("accepted", ("bad_sign",), (), ["misbehaviour_accepted"], []),
        ("accepted", ("bad_sign",), HOLDS, ["misbehaviour_accepted"], []),
        ("accepted", ("bad_sign",), ("misbehaviour.oversize.silent < 9",), None, []),
        ("accepted", ("bad_sign",), ("misbehaviour.accepted < 9",), [], []),
        ("accepted", ("bad_sign",), ("misbehaviour.bad_sign.accepted < 9",), [], []),
        ("accepted", ("oversize",), (), [], []),
        ("silent", ("bad_sign",), (), [], ["misbehaviour_silent"]),
        ("silent", ("bad_sign",), ("misbehaviour.silent < 9",), [], []),
        ("refused_as_expected", ("bad_sign",), (), [], []),
    ],
)
def test_what_the_platform_must_refuse(
    info: Info,
    outcome: str,
    refused: tuple[str, ...],
    thresholds: tuple[str, ...],
    reasons: list[str] | None,
    notes: list[str],
) -> None:
    measurements = steady()
    measurements.weather.misbehaved("bad_sign", "sent", 3)
    measurements.weather.misbehaved("bad_sign", outcome, 3)
    fault = replace(FAULT, what="misbehave", refused=refused)
    strike(measurements, fault)
    summary = build_summary(measurements, info(200.0, faults=(fault,), thresholds=thresholds))
    if reasons is None:
        assert "misbehaviour_accepted" in keys(summary)
    else:
        assert keys(summary) == reasons
    assert [note["key"] for note in summary["notes"]] == notes
