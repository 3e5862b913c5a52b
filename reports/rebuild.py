"""Reports of runs that are over: read back from their directories, alone or several as one.

A directory holds a run as `summary.json` and `latency.hlog`; of a run that broke off, the last checkpoint stands in for
the summary, and the report says that it is incomplete.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from reports import text
from reports.actions import merged_actions
from reports.causes import sentence
from reports.directory import ReportDirectory
from reports.former import brought_up_to_date
from reports.hlog import HlogFile, HlogFormatError, read_hlog
from reports.merged_attendance import merge_attendance
from reports.merged_faults import fault_offset_of, merged_faults
from reports.run_info import RunInfo
from reports.verdict import BROKEN_OFF, INVALID, broke_off, doubt
from reports.writer import CHECKPOINT, HLOG, SUMMARY, write_reports
from simulator.measurements.findings import Finding
from simulator.measurements.histogram import HistogramFormatError
from simulator.measurements.intervals import MemoryIntervals
from simulator.measurements.ledger import merged_ledgers
from simulator.measurements.run import RunMeasurements
from simulator.measurements.state import absorb_state, load_interval
from simulator.texts.translation import _


class UnreadableRunError(Exception):
    """A directory that holds no run; the message says what is missing or wrong."""


class ToldOfItself(NamedTuple):
    """What a run's own report says of it."""

    verdict: str
    reason: str
    """The first of its reasons."""
    doubt: str
    """Why its figures are not those of a whole, valid run; see `reports.verdict.doubt`."""


class SameRunError(Exception):
    """Runs that are to be added up, of which one would count twice; the message says which, a line each."""


def load_run(directory: Path) -> tuple[RunMeasurements, RunInfo]:
    """The measurements of the run in `directory`, as they were at its end or at its last checkpoint.

    Raises:
        UnreadableRunError: If there is none, or its files are damaged.
    """
    run, state, log = _read(directory)
    measurements = RunMeasurements(intervals=log)
    _absorb(measurements, state, log)
    return measurements, run


def rebuild(directory: Path) -> dict[str, Any]:
    """Write all files of the run in `directory` anew; returns its summary.

    Raises:
        UnreadableRunError: If `directory` holds no run.
        DirectoryBusyError: If a run still writes there.
        OSError: If nothing can be written there.
    """
    if not directory.is_dir():
        raise UnreadableRunError(_("{path}: no such directory", path=directory))
    with ReportDirectory(directory):
        return write_reports(directory, *load_run(directory))


def told_verdict(directory: Path) -> ToldOfItself:
    """How the run in `directory` was judged, in the words of its own report; all empty where it says nothing.

    Raises:
        UnreadableRunError: If the report cannot be read.
    """
    if (directory / CHECKPOINT).exists():
        reason = _("it broke off, or still goes on")
        return ToldOfItself(INVALID, reason, text.is_so(INVALID, reason))
    path = directory / SUMMARY
    try:
        summary = orjson.loads(path.read_bytes())
        reasons = summary.get("reasons") or ()
        return ToldOfItself(str(summary["verdict"]), sentence(reasons[0]) if reasons else "", doubt(summary))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise UnreadableRunError(_("{path}: cannot be read ({error})", path=path, error=error)) from error


def same_directories(directories: Sequence[Path]) -> list[str]:
    """Which of the directories are one and the same, however they are written; each a sentence."""
    found: list[str] = []
    known: dict[Path, Path] = {}
    for directory in directories:
        first = known.setdefault(directory.resolve(), directory)
        if first is not directory:
            if first == directory:
                found.append(_("{path} is given twice", path=directory))
            else:
                found.append(_("{path} and {other} are one", path=directory, other=first))
    return list(dict.fromkeys(found))


def load_merged(directories: Sequence[Path]) -> tuple[RunMeasurements, RunInfo]:
    """Runs of separate machines as one: counts and histograms add up, devices are taken as different ones.

    The thresholds of every run are judged on the whole.

    Raises:
        SameRunError: If a run is given twice, be it under two names or as a copy.
        UnreadableRunError: If one of the directories holds no run.
    """
    measurements, runs = _load_all(directories)
    return measurements, _merged_info(runs, [directory.name for directory in directories])


def _load_all(directories: Sequence[Path]) -> tuple[RunMeasurements, list[RunInfo]]:
    """The runs' measurements together, and what is known of each."""
    if same := same_directories(directories):
        raise SameRunError("\n".join(same))
    measurements = RunMeasurements()
    runs: list[RunInfo] = []
    holders: dict[str, Path] = {}
    found = [(directory, *_read(directory)) for directory in directories]
    several = len({name for _directory, run, *_others in found for name in _inhabited(run)}) > 1
    for directory, run, state, log in found:
        twice = {holders[run_id] for run_id in run.run_ids if run_id in holders}
        if twice:
            others = text.listed(map(str, sorted(twice)))
            raise SameRunError(_("{path} holds the same run as {others}", path=directory, others=others))
        holders.update(dict.fromkeys(run.run_ids, directory))
        own = _inhabited(run)
        _absorb(
            *(measurements, state, log, directory.name),
            offset=sum(run.devices for run in runs),
            faults=fault_offset_of(runs),
            group=own[0] if several and len(own) == 1 else "",
        )
        runs.append(run)
    if not runs:
        raise UnreadableRunError(_("no run to merge was named"))
    # as if one run had been logged: readers expect the order of time
    measurements.intervals = MemoryIntervals(sorted(measurements.intervals, key=lambda interval: interval.start))
    return measurements, runs


def merge(directories: Sequence[Path], target: Path, *, overwrite: bool = False) -> dict[str, Any]:
    """Write the report of several runs as one into `target`; returns its summary.

    Args:
        overwrite: replace a report that is there, instead of keeping it aside.

    Raises:
        SameRunError: If a run is given twice, or `target` is one of them.
        UnreadableRunError: If one of the directories holds no run.
        DirectoryBusyError: If another process writes there.
        OSError: If `target` cannot be made or an earlier report not be moved.
    """
    if target.resolve() in {directory.resolve() for directory in directories}:
        raise SameRunError(_("{path} is one of the runs: the merged report goes elsewhere", path=target))
    measurements, runs = _load_all(directories)
    run = _merged_info(runs, [directory.name for directory in directories])
    with ReportDirectory(target) as taken:
        taken.clear(overwrite=overwrite)
        run.findings += tuple(merge_attendance(directories, [one.attendance for one in runs], target))
        return write_reports(target, measurements, run)


def _read(directory: Path) -> tuple[RunInfo, dict[str, Any], HlogFile]:
    if not directory.is_dir():
        raise UnreadableRunError(_("{path}: no such directory", path=directory))
    # a checkpoint beside a summary is of a later run that broke off: the summary's writer removes it
    for name in (CHECKPOINT, SUMMARY):
        path = directory / name
        try:
            data = orjson.loads(path.read_bytes())
            state = data["state"]
            run = brought_up_to_date(RunInfo.load(data["run"]), state, data.get("thresholds"))
            waiting = [load_interval(item) for item in state.pop("unwritten", ())]
            in_log = state["sealed"] - len(waiting)
        except FileNotFoundError:
            continue
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise UnreadableRunError(_("{path}: cannot be read ({error})", path=path, error=error)) from error
        log = directory / HLOG
        if name == CHECKPOINT and (found := _held(log, in_log)) < in_log:
            # A power cut: the log did not reach the disk as far as the checkpoint did.
            run.findings += (Finding("log_short", {"file": str(log), "found": found, "sealed": in_log}),)
            state["sealed"] = in_log = found
        intervals = HlogFile(log, in_log)
        for interval in waiting:
            intervals.append(interval)
        return run, state, intervals
    raise UnreadableRunError(
        _(
            "{path}: holds neither {summary} nor {checkpoint}: no report of a run",
            path=directory,
            summary=SUMMARY,
            checkpoint=CHECKPOINT,
        )
    )


def _held(log: Path, most: int) -> int:
    try:
        return sum(1 for _interval in islice(read_hlog(log), most))
    except (OSError, HlogFormatError):
        return most  # said where it is read


def _absorb(
    measurements: RunMeasurements,
    state: dict[str, Any],
    log: HlogFile,
    source: str = "",
    *,
    offset: int = 0,
    faults: int = 0,
    group: str = "",
) -> None:
    try:
        absorb_state(measurements, state, log, source, offset, faults, group)
    except FileNotFoundError as error:
        raise UnreadableRunError(_("{path}: missing", path=log.path)) from error
    except (OSError, HlogFormatError, HistogramFormatError, KeyError, TypeError, ValueError) as error:
        raise UnreadableRunError(f"{log.path}: {error}") from error


def _inhabited(run: RunInfo) -> list[str]:
    """The groups of a run that have devices."""
    return [name for name, devices in run.groups.items() if devices]


def _merged_groups(runs: Sequence[RunInfo]) -> dict[str, int]:
    """Groups of one name are one; nothing where one of the runs does not tell of its groups."""
    if not all(run.groups for run in runs):
        return {}
    merged: dict[str, int] = {}
    for run in runs:
        for name, devices in run.groups.items():
            merged[name] = merged.get(name, 0) + devices
    return merged


def _merged_info(runs: Sequence[RunInfo], names: Sequence[str]) -> RunInfo:
    first = runs[0]
    scenarios = list(dict.fromkeys(run.scenario for run in runs))
    merged = [Finding("merged", {"runs": len(runs), "names": list(names)})]
    if len(scenarios) > 1:
        merged.append(Finding("merged_scenarios", {"names": scenarios}))
    # Of several runs, what cut one short does not explain why another broke off.
    merged += [BROKEN_OFF for run in runs if broke_off(run)]
    return RunInfo(
        scenario=" + ".join(scenarios),
        started=min(run.started for run in runs),
        ended=max(run.ended for run in runs),
        devices=sum(run.devices for run in runs),
        groups=_merged_groups(runs),
        thresholds=tuple(dict.fromkeys(expression for run in runs for expression in run.thresholds)),
        processes=sum(run.processes for run in runs),
        target=", ".join(dict.fromkeys(run.target for run in runs if run.target)),
        scenario_text="\n".join(dict.fromkeys(run.scenario_text for run in runs)),
        transports=tuple(sorted({each for run in runs for each in run.transports})),
        versions=first.versions,
        lag_limit_ms=min(run.lag_limit_ms for run in runs),
        stall_limit_ms=min(run.stall_limit_ms for run in runs),
        promise_s=first.promise_s,
        complete=all(run.complete for run in runs),
        findings=(*merged, *(finding for run in runs for finding in run.findings)),
        run_ids=tuple(run_id for run in runs for run_id in run.run_ids),
        failure_code=max(run.failure_code for run in runs),
        attendance=any(run.attendance for run in runs),
        faults=merged_faults(runs),
        actions=merged_actions(runs),
        actions_refused=sum(run.actions_refused for run in runs),
        ledger=merged_ledgers([run.ledger for run in runs]),
    )
