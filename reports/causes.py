"""Every reason that a verdict may have, and every remark: its key, what it means, its text. Each is declared once.

A text is a template over the finding's values. What follows a colon is a function of `reports.text` that writes the
value for people (`{after_s:duration}`), with a word behind it where it takes one (`{count:counted record}`);
`{values:threshold_value}` hands it all of them.
"""

import string
from collections.abc import Mapping, Sequence
from typing import Any, Final

from reports import text
from reports.cause import Cause
from reports.labels import short_name
from reports.remarks import REMARKS
from reports.retold import retold
from simulator.endings import ending
from simulator.exit_codes import ExitCode
from simulator.measurements.findings import Finding
from simulator.measurements.health import kept_from_running
from simulator.shown import printable
from simulator.texts.told import said
from simulator.texts.translation import N_, _

_USAGE, _INVALID, _CROSSED = ExitCode.USAGE, ExitCode.INVALID, ExitCode.THRESHOLD_CROSSED
_FAILED, _INTERRUPTED = ExitCode.FAILED, ExitCode.INTERRUPTED

CAUSES: Final = (
    # The order is that of the reasons of one exit code: what explains the others comes first.
    Cause("start_failed", _USAGE, N_("the run could not start: {problem}"), cut_short=True),
    Cause("worker_refused", _USAGE, N_("worker {worker} could not take part: {problem}"), cut_short=True),
    Cause("platform_failed_to_start", _INVALID, N_("the embedded platform did not start: {problem}"), cut_short=True),
    Cause(
        "platform_died",
        _INVALID,
        N_("the embedded platform died by itself after {after_s:duration} ({exit_code:ending}); its log is {log}"),
        cut_short=True,
    ),
    Cause(
        "platform_not_back",
        _INVALID,
        N_("the platform did not come back from its restart after {after_s:duration}: {problem}"),
        cut_short=True,
    ),
    Cause("engine_died", _INVALID, N_("the engine of {process} died: {problem}"), cut_short=True),
    Cause(
        "not_recovered",
        _INVALID,
        N_(
            "the fleet did not recover from the loss of a worker within {within_s:duration}: {online:count} of "
            "{before:count} devices were online again"
        ),
        cut_short=True,
    ),
    Cause(
        "worker_lost",
        _INVALID,
        N_("worker {worker} was lost: what it measured after {at:clock} UTC is not in these figures"),
    ),
    Cause(
        "worker_fenced",
        _INVALID,
        N_("worker {worker} did not hear of the master within its lease and dropped its {devices:counted device}"),
    ),
    Cause(
        "workers_gone",
        _INVALID,
        N_("no worker was left after {after_s:duration} of {planned_s:duration}"),
        cut_short=True,
    ),
    Cause(
        "worker_ended_early",
        _INVALID,
        N_("worker {worker} of {workers} ended ({code:ending}) before the run could begin"),
        cut_short=True,
    ),
    Cause(
        "workers_missing",
        _INVALID,
        N_("{came} of {workers} workers had come after {within_s:duration}, so the run did not begin"),
        cut_short=True,
    ),
    Cause("worker_idle", _INVALID, N_("worker {worker} never ran a device, though {users:count} were assigned to it")),
    Cause("internal_error", _INVALID, N_("{count:counted internal error} of best-fleet itself, the first: {example}")),
    Cause("broken_off", _INVALID, N_("the run broke off: this is what had been measured until shortly before")),
    Cause(
        "ended_early",
        _INVALID,
        N_("the run ended after {after_s:duration} of {planned_s:duration}, and nobody had asked for that"),
        cut_short=True,
    ),
    Cause(
        "reports_missing",
        _INVALID,
        N_("{count:count} of the reports of worker {worker} never arrived, so that its counts are too low"),
    ),
    Cause(
        "ledger_unread",
        _INVALID,
        N_("the embedded platform gave no account of what it keeps, so that nobody knows whether records are missing"),
    ),
    Cause(
        "frozen",
        _INVALID,
        N_("generator frozen: process {process} stood still for {seconds:duration}, limit {limit_s:duration}"),
    ),
    Cause(
        "loop_lag",
        _INVALID,
        N_(
            "generator overloaded: event loop lag p99 {lag_ms:milliseconds} ms in process {process}, limit "
            "{limit_ms} ms"
        ),
    ),
    Cause(
        "cpu_busy",
        _INVALID,
        N_("generator overloaded: process {process} used over {limit_percent} % of a core for {seconds:duration}"),
    ),
    Cause("fault", _INVALID, "{text}"),
    Cause("output_failed", _INVALID, N_("{file} could not be written: {problem}"), last=True),
    Cause(
        "log_short",
        _INVALID,
        N_("{file} holds {found:count} of {sealed:count} intervals: the others are not in these figures"),
    ),
    Cause(
        "abort_fired",
        _CROSSED,
        N_(
            "`{expression}` was crossed for {window_s} s without a break ({values:threshold_value}) and ended the run "
            "after {after_s:duration}"
        ),
        cut_short=True,
    ),
    Cause("threshold_crossed", _CROSSED, N_("`{expression}` was crossed ({values:measured})")),
    Cause("threshold_unmeasured", _CROSSED, N_("`{expression}` could not be judged ({remark})")),
    Cause("none_online", _FAILED, N_("no device came online (0 of {devices:count}){values:why_offline}")),
    Cause("no_request", _FAILED, N_("no request was made")),
    Cause(
        "all_under_faults",
        _FAILED,
        N_(
            "nothing is known of the platform: the scenario's faults cut off {cut:counted request} and held up "
            "{delayed:count}, and there were no others"
        ),
    ),
    Cause(
        "devices_not_back",
        _FAILED,
        N_(
            "{count:count} of {hit:counted device} that {fault} at {at_s:duration} hit {count:were} not back when "
            "the run ended, {left_s:duration} after it{values:other_faults}"
        ),
    ),
    Cause(
        "faults_absent",
        _FAILED,
        N_("{count:count} of {planned:counted fault} of the scenario never came, the first {fault} at {at_s:duration}"),
    ),
    Cause(
        "faults_hit_nobody",
        _FAILED,
        N_(
            "{count:count} of {planned:counted fault} of the scenario hit no device, the first {fault} at "
            "{at_s:duration}"
        ),
    ),
    Cause("misbehaviour_accepted", _FAILED, N_("the platform took {values:times} what it must refuse: {names:tally}")),
    Cause(
        "no_attendance",
        _FAILED,
        N_(
            "nobody came to a meeting, so that attendance.csv holds nothing that a platform's sheet could be "
            "compared with"
        ),
    ),
    Cause(
        "records_missing",
        _FAILED,
        N_("the platform acknowledged {acknowledged:count} records and keeps {kept:count}: {missing:are_missing}"),
    ),
    Cause(
        "photos_missing",
        _FAILED,
        N_(
            "the platform acknowledged {acknowledged:count} pictures of records and keeps {kept:count}: "
            "{missing:are_missing}"
        ),
    ),
    Cause(
        "records_unexpected",
        _FAILED,
        N_("the platform keeps {kept:count} records, and devices offered it {offered:count} at most"),
    ),
    Cause(
        "records_unaccounted",
        _FAILED,
        N_(
            "{pending:count} of {values:all_records} are unaccounted for: neither acknowledged nor given up"
            "{values:failed_uploads}"
        ),
    ),
    Cause(
        "records_kept",
        _FAILED,
        N_(
            "{pending:count} of {values:all_records} were neither acknowledged nor given up; {values:kept_records}"
            "{values:failed_uploads}"
        ),
    ),
    Cause(
        "records_refused",
        _FAILED,
        N_(
            "{refused:count} of {generated:count} records were never offered to the platform, because the devices' own "
            "stores were full"
        ),
    ),
    Cause(
        "records_rejected",
        _FAILED,
        N_("{rejected:count} of {values:all_records} never arrived: refused five times, or too large for a package"),
    ),
    Cause(
        "requests_failed", _FAILED, N_("{failures:count} of {count:count} requests failed, the most {name} ({code})")
    ),
    Cause("flows_failed", _FAILED, N_("{failures:count} of {count:count} runs of the flow {name} failed ({code})")),
    Cause("code_set_elsewhere", _FAILED, N_("another part of the locustfile demands exit code {code}")),
    Cause(
        "interrupted",
        _INTERRUPTED,
        N_("stopped by {signal} after {after_s:duration} of {planned_s:duration}"),
        cut_short=True,
    ),
    Cause(
        "stopped_by_hand",
        _INTERRUPTED,
        N_("stopped by hand after {after_s:duration} of {planned_s:duration}"),
        cut_short=True,
    ),
    Cause(
        "taken_by_hand",
        _INTERRUPTED,
        N_("all devices were taken away by hand after {after_s:duration} of {planned_s:duration}, and not given back"),
        cut_short=True,
    ),
    *REMARKS,
)
BY_KEY: Final = {cause.key: cause for cause in CAUSES}
_PLACES: Final = {cause.key: number for number, cause in enumerate(CAUSES)}


def cause_of(key: str) -> Cause:
    """What `key` means; one that this version does not know (of a later one's report) makes a run invalid."""
    return BY_KEY.get(key) or Cause(key, ExitCode.INVALID, key)


def place_of(finding: Finding) -> int:
    """Where a finding stands among others of its exit code."""
    return _PLACES.get(finding.key, len(_PLACES))


def sentence(finding: Finding | Mapping[str, Any]) -> str:
    """The text for people, on one line."""
    found = finding if isinstance(finding, Finding) else Finding.load(finding)
    # The key of a cause that this version does not know is no text.
    held_up = found.key == "loop_lag" and kept_from_running(found.values)
    template = _KEPT_FROM_RUNNING if held_up else cause_of(found.key).text
    written = _FORMATTER.vformat(_(template), (), {**found.values, "values": found.values})
    return printable(" ".join(written.split()))


def measured(result: Mapping[str, Any]) -> str:
    """A threshold's value and the remark to it, whichever there is."""
    value = text.threshold_value(result)
    return text.clauses([value if value != text.NOTHING else "", retold(result.get("remark") or "")]) or text.NOTHING


_KEPT_FROM_RUNNING: Final = N_(
    "generator held up: event loop lag p99 {lag_ms:milliseconds} ms in process {process}, limit {limit_ms} ms, though "
    "it used {cpu_percent:hundredths} % of a core on average: something else on the machine most likely kept it from "
    "running (other programs, stolen time, a frozen machine), which more processes do not mend"
)
"""Instead of the text of `loop_lag`, where the process had little to do."""
_PROCESSES: Final = frozenset({"process", "worker"})
"""Values that name a process."""
_STORED: Final = frozenset({"problem", "remark", "fault", "text"})
"""Values that are texts; all others are names or figures, which are the same in every language."""


class _Formatter(string.Formatter):
    """Templates whose format specifications are names of functions in `reports.text`."""

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        # A report of another version may lack a value; its sentence must stand nevertheless.
        value = kwargs.get(str(key))
        if key in _PROCESSES and isinstance(value, str):
            return short_name(value)
        return retold(value) if key in _STORED and isinstance(value, str) else value

    def format_field(self, value: Any, format_spec: str) -> str:
        if value is None:
            return text.NOTHING
        if format_spec:
            function, *words = format_spec.split(" ", 1)
            if function == measured.__name__:
                return measured(value)
            if function == ending.__name__:
                return said(ending(value))
            return str(getattr(text, function)(value, *words))
        return f"{value:g}" if isinstance(value, float) else str(value)


_FORMATTER: Final = _Formatter()
