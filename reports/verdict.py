"""The verdict on a run: from what is known of it to the reasons, in order, the remarks, the exit code and the headline.

Pure. Every fact that decides is looked at here and nowhere else, whoever found it: figures, thresholds, what the run
told about itself (`RunInfo.findings`). What a reason is called and what it means stands in `reports.causes`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reports import text
from reports.actions import by_hand
from reports.attendance import attendance_figures, was_held
from reports.causes import cause_of, place_of, sentence
from reports.evaluation import ThresholdResult
from reports.figures import all_requests, lost_connections, missed_requests, record_counts
from reports.measures import FAILURES
from reports.occurrences import VIOLATIONS
from reports.run_info import RunInfo, masked
from reports.thresholds import Threshold
from reports.weather_verdict import of_weather, under_faults
from simulator.exit_codes import PRECEDENCE, ExitCode
from simulator.measurements.findings import Finding, Value
from simulator.measurements.names import (
    INIT,
    KEPT,
    RECORD_DELIVERY,
    RESTORED,
    UNCLAIMED,
    UNKEPT,
    is_flow,
    is_request,
    name_of,
)
from simulator.measurements.run import RunMeasurements
from simulator.texts.translation import _, ngettext

PASSED, FAILED, INVALID, INTERRUPTED = "passed", "failed", "invalid", "interrupted"
VERIFY_LOG: Final = "dev.data.upload.verifyLog"
_VERDICTS: Final = {
    ExitCode.PASSED: PASSED,
    ExitCode.FAILED: FAILED,
    ExitCode.THRESHOLD_CROSSED: FAILED,
    ExitCode.USAGE: INVALID,
    ExitCode.INVALID: INVALID,
    ExitCode.INTERRUPTED: INTERRUPTED,
}
BROKEN_OFF: Final = Finding("broken_off")


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a run is judged."""

    verdict: str
    reasons: tuple[Finding, ...]
    """Why, the one that decides first; empty for a run that passed."""
    notes: tuple[Finding, ...]
    """What a reader must know besides."""
    complete: bool
    """Whether the run went to its planned end (or had none)."""

    def dump(self) -> dict[str, Any]:
        """The keys of `summary.json` that say it."""
        return {
            "verdict": self.verdict,
            "reasons": [masked(finding).dump() for finding in self.reasons],
            "notes": [masked(finding).dump() for finding in self.notes],
            "complete": self.complete,
        }


def judge(
    measurements: RunMeasurements,
    run: RunInfo,
    thresholds: Sequence[Threshold],
    results: Sequence[ThresholdResult],
    generator: Iterable[Finding],
) -> Judgement:
    """Judge a run.

    Args:
        results: how each of `thresholds` came out.
        generator: why the generator's figures are not valid.
    """
    told = [*run.findings, *generator]
    cut = _cut_short(told)
    whole = run.complete and not cut
    found = [
        *told,
        *_of_measuring(measurements),
        *_of_thresholds(run, results, whole=whole),
        *_of_the_platform(measurements, thresholds),
        *_of_the_fleet(measurements, run, thresholds),
        *_of_requests(measurements, run, thresholds),
    ]
    found += by_hand(run)
    found += of_weather(measurements, run, thresholds, whole=whole)
    if not run.complete and not cut:
        found.append(BROKEN_OFF)
    reasons, notes = sorted_out(found)
    return Judgement(_verdict_of(reasons), reasons, notes, whole)


def broke_off(run: RunInfo) -> bool:
    """Whether the run has no end, and it found out nothing that would explain that."""
    return not run.complete and not _cut_short(run.findings)


def _cut_short(findings: Iterable[Finding]) -> bool:
    return any(cause_of(finding.key).cut_short for finding in findings)


def sorted_out(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """(reasons, remarks), each once; the reason that decides stands first."""
    unique: list[Finding] = []
    for finding in findings:
        if finding not in unique:
            unique.append(finding)
    # Python sorts stably: what is equal keeps the order of finding.
    ordered = sorted(unique, key=_rank)
    reasons = tuple(item for item in ordered if cause_of(item.key).code is not ExitCode.PASSED)
    return reasons, tuple(item for item in ordered if cause_of(item.key).code is ExitCode.PASSED)


def _rank(finding: Finding) -> tuple[int, bool, int]:
    cause = cause_of(finding.key)
    place = PRECEDENCE.index(ExitCode.INTERRUPTED if cause.last else cause.code)
    return place, cause.last, place_of(finding)


def with_findings(summary: Mapping[str, Any], findings: Iterable[Finding]) -> dict[str, Any]:
    """The summary, judged anew with `findings` that became known after it was made (a file that was not written)."""
    told = [Finding.load(item) for item in (*summary["reasons"], *summary["notes"])]
    reasons, notes = sorted_out([*told, *findings])
    return {**summary, **Judgement(_verdict_of(reasons), reasons, notes, summary["complete"]).dump()}


def exit_code(summary: Mapping[str, Any]) -> int:
    """The exit code that a run with this summary ends with (see the README): an `ExitCode`, but for failed requests,
    whose code Locust's `--exit-code-on-error` says."""
    keys = [reason["key"] for reason in summary["reasons"]]
    code = cause_of(keys[0]).code if keys else ExitCode.PASSED
    if keys and keys[0] == "code_set_elsewhere":
        return int(summary["reasons"][0]["values"]["code"])
    if code is ExitCode.FAILED and all(key in _REQUESTS for key in keys if cause_of(key).code is code):
        asked = int(summary["run"].get("failure_code", code))
        return code if asked == code else asked
    return code


_REQUESTS: Final = ("requests_failed", "flows_failed")


def doubt(summary: Mapping[str, Any]) -> str:
    """Why the figures are not those of a whole, valid run ("is interrupted: …"), whatever the verdict; empty for none.

    A run that failed and was stopped has the verdict `failed`, and yet is no measurement.
    """
    reasons = summary.get("reasons") or ()
    for reason in reasons:
        verdict = _VERDICTS[cause_of(reason["key"]).code]
        if verdict in (INVALID, INTERRUPTED):
            return text.is_so(verdict, sentence(reason))
    if summary["verdict"] in (INVALID, INTERRUPTED):
        return text.is_so(summary["verdict"], _("its report says no more"))
    if summary.get("complete", True):
        return ""
    cut = next((reason for reason in reasons if cause_of(reason["key"]).cut_short), None)
    why = sentence(cut) if cut else _("its report says no more")
    return _("did not go to its end: {why}", why=why)


def code_of(findings: Iterable[Finding]) -> ExitCode:
    """The exit code that findings alone make, where there is no summary."""
    reasons, _ = sorted_out(findings)
    return cause_of(reasons[0].key).code if reasons else ExitCode.PASSED


def headline(summary: Mapping[str, Any]) -> str:
    """The first line of every output: the verdict and its reason."""
    verdict, duration = text.verdict_mark(summary["verdict"]), text.duration(summary["duration_s"])
    return _(
        "{verdict} after {duration} of {scenario}: {why}",
        verdict=verdict,
        duration=duration,
        scenario=summary["scenario"],
        why=_why(summary),
    )


def _why(summary: Mapping[str, Any]) -> str:
    """Half a sentence."""
    reasons = _led(summary["reasons"])
    if not reasons:
        held = len(summary["thresholds"])
        if held:
            return ngettext("the threshold holds", "all {number} thresholds hold", held)
        allowed = next((note for note in summary["notes"] if note["key"] == "errors_allowed"), None)
        return sentence(allowed) if allowed else _("no request failed")
    first, more = sentence(reasons[0]), len(reasons) - 1
    if not more:
        return first
    return ngettext("{reason} (and {number} more reason)", "{reason} (and {number} more reasons)", more, reason=first)


def reason_lines(summary: Mapping[str, Any]) -> list[str]:
    """Every reason as a sentence, in the order in which people want to read them: as in `headline`."""
    return [sentence(reason) for reason in _led(summary["reasons"])]


def note_lines(summary: Mapping[str, Any]) -> list[str]:
    """Every remark as a sentence."""
    return [sentence(note) for note in summary["notes"]]


def _led(reasons: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The reasons, led by the cause: where nobody came online, every threshold that was crossed is a consequence."""
    led = list(reasons)
    if led and led[0]["key"] in ("threshold_crossed", "threshold_unmeasured"):
        led.sort(key=lambda reason: reason["key"] != "none_online")
    return led


def _verdict_of(reasons: Sequence[Finding]) -> str:
    return _VERDICTS[cause_of(reasons[0].key).code] if reasons else PASSED


def _of_measuring(measurements: RunMeasurements) -> Iterator[Finding]:
    errors = measurements.internal_errors
    if errors.total:
        yield Finding("internal_error", {"count": errors.total, "example": errors.first_example()})
    if missed := missed_requests(measurements):
        yield Finding("requests_missed", {"names": missed})
    for process, count in sorted(measurements.missing_deltas().items()):
        yield Finding("reports_missing", {"worker": process, "count": count})


def _of_thresholds(run: RunInfo, results: Sequence[ThresholdResult], *, whole: bool) -> Iterator[Finding]:
    """Those that did not pass; what a run that was cut short could not judge is no reason beside what cut it short."""
    fired = run.fired()
    for result in results:
        if result.passed or result.expression in fired:
            continue
        if not result.judged:
            if whole:
                yield Finding("threshold_unmeasured", {"expression": result.expression, "remark": result.reason})
        else:
            told = result.dump()
            yield Finding(
                "threshold_crossed",
                {"expression": result.expression, "value": told["value"], "unit": result.unit, "remark": result.reason},
            )


def _of_the_platform(measurements: RunMeasurements, thresholds: Sequence[Threshold]) -> Iterator[Finding]:
    """Violations leave the verdict alone; those of which no threshold speaks are a remark, lest nobody look."""
    asked = [threshold for threshold in thresholds if threshold.measure.name == VIOLATIONS]
    found = measurements.violations.counts().items()
    silent = {rule: count for rule, count in found if not any(threshold.speaks_of(rule) for threshold in asked)}
    if silent:
        names = dict(sorted(silent.items(), key=lambda item: (-item[1], item[0])))
        yield Finding("violations_found", {"count": sum(silent.values()), "names": names})


def _of_the_fleet(measurements: RunMeasurements, run: RunInfo, thresholds: Sequence[Threshold]) -> Iterator[Finding]:
    if run.devices and not len(measurements.devices.came_online):
        yield none_online(run.devices, _failed_steps(measurements))
    if run.attendance and run.complete and not was_held(attendance_figures(measurements)):
        yield Finding("no_attendance")
    records = record_counts(measurements.records)
    of = _of_records(records)
    if records["pending"] and not any(map(_speaks_of_pending, thresholds)):
        uploads = measurements.totals.get(VERIFY_LOG)
        failed = {} if uploads is None else {code: tally.count for code, tally in uploads.failed.items()}
        yield pending_records(records, failed, broke_off=not run.complete)
    for name in (UNCLAIMED, UNKEPT):
        if records[name] > 0:
            yield Finding(f"records_{name}", {"count": records[name]})
    if records["refused"]:
        # As failed requests: where there are thresholds they decide.
        yield Finding(f"records_refused{'_judged' if thresholds else ''}", {"refused": records["refused"], **of})
    if records["rejected"]:
        judged = any(map(_speaks_of_rejected, thresholds))
        yield Finding(f"records_rejected{'_judged' if judged else ''}", {"rejected": records["rejected"], **of})
    if lost := lost_connections(measurements):
        yield Finding("connections_lost", {"count": sum(lost.values()), "reasons": lost})


def _failed_steps(measurements: RunMeasurements) -> dict[tuple[str, str], int]:
    """How often each step of the initial flow failed with each code, in the flow's order."""
    return {
        (step, code): tally.count
        for step in INIT.parts
        if (totals := measurements.totals.get(step)) is not None
        for code, tally in totals.failed.items()
    }


def none_online(devices: int, failed: Mapping[tuple[str, str], int]) -> Finding:
    """That nobody came online, with the step at which most of them failed.

    Args:
        failed: how often, by step of the initial flow and code.
    """
    values: dict[str, Any] = {"devices": devices}
    if failed:
        # Of several that failed as often, the first one of the flow.
        (step, code), count = max(failed.items(), key=lambda item: item[1])
        values |= {"step": step, "code": code, "failed": count}
    return Finding("none_online", values)


def pending_records(records: Mapping[str, int], failed: Mapping[str, int], *, broke_off: bool = False) -> Finding:
    """What pending records mean: what is kept for the next run is not lost, but this run did not deliver it.

    Args:
        records: of `record_counts`.
        failed: how many uploads of records failed with each code, which is why they are pending where any did.
        broke_off: what is kept is known as of the last checkpoint; the state file was written on after it.
    """
    pending, kept = records["pending"], min(records[KEPT], records["pending"])
    values: dict[str, Value] = {"pending": pending, **_of_records(records)}
    if failed:
        values |= {"uploads_failed": sum(failed.values()), "code": max(failed, key=lambda code: failed[code])}
    if kept > 0:
        at = {"at_checkpoint": True} if broke_off else {}
        return Finding("records_kept", {**values, "kept": kept, **at})
    return Finding("records_unaccounted", values)


def _of_records(records: Mapping[str, int]) -> dict[str, int]:
    of = {"generated": records["generated"]}
    return of | {"restored": records[RESTORED]} if records[RESTORED] else of


def _speaks_of_pending(threshold: Threshold) -> bool:
    """Whether records that nobody answered for decide about this threshold (see `reports.thresholds`)."""
    if threshold.subject in ("records.pending", "records.acknowledged"):
        return True
    return threshold.promised_percent is not None and threshold.matches(RECORD_DELIVERY.name)


def _speaks_of_rejected(threshold: Threshold) -> bool:
    """Whether records that were given up decide about this threshold: themselves, or the requests that were refused."""
    if threshold.subject in ("records.rejected", "records.acknowledged", FAILURES):
        return True
    failing = threshold.measure.name == FAILURES or threshold.comparison in ("<", "<=")
    return failing and (threshold.matches(RECORD_DELIVERY.name) or threshold.matches(VERIFY_LOG))


def _of_requests(measurements: RunMeasurements, run: RunInfo, thresholds: Sequence[Threshold]) -> Iterator[Finding]:
    requests = {tag: totals for tag, totals in measurements.totals.items() if is_request(tag) and totals.count}
    if not requests:
        weather = under_faults(measurements)
        yield Finding("all_under_faults", weather) if weather else Finding("no_request")
    if thresholds:
        return
    failed = {
        (tag, code): tally.count
        for tag, totals in measurements.totals.items()
        if is_request(tag) or is_flow(tag)
        for code, tally in totals.failed.items()
    }
    of_requests = {key: count for key, count in failed.items() if is_request(key[0])}
    # The requests behind a flow explain it; it stands for itself where none of them failed.
    kind, counted = ("requests_failed", of_requests) if of_requests else ("flows_failed", failed)
    if not counted:
        return
    tag, code = max(counted, key=lambda key: counted[key])
    flow = measurements.totals[tag]
    # Only one flow is named, so its own figures stand beside the name.
    count, failures = all_requests(requests) if of_requests else (flow.count, flow.failures)
    values = {"failures": failures, "count": count}
    if not run.failure_code:
        yield Finding("errors_allowed", values)
    else:
        yield Finding(kind, {**values, "name": name_of(tag), "code": code})
