"""`best-fleet device`: one device of a scenario without Locust, with everything that it says and hears.

Chooses the device and where the trace goes; its life is simulator.fleet.single's.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.errors import UsageError, unwritable
from simulator.cli.scenarios import identities_of, read_scenario
from simulator.cli.targets import target
from simulator.measurements.names import GENERATED, INIT, PENDING, REFUSED, is_failure
from simulator.scenario.shipped import scenario_file
from simulator.shown import detail
from simulator.texts.cells import padded
from simulator.texts.translation import N_, _

if TYPE_CHECKING:
    from simulator.fleet.single import SingleResult
    from simulator.fleet.trace import Out, Trace
    from simulator.measurements.findings import Finding
    from simulator.scenario.scenario import Scenario

DESCRIPTION = N_("""\
Run one device of a scenario, without Locust. With --trace every message is printed, both directions, decrypted, secrets
masked, times in ms since the start. Ctrl-C switches the device off in order. Exit code 0: it came online, no request
failed and no record is left without an answer; 5: stopped before --duration was over.""")
EPILOG = N_("""\
examples:
  best-fleet device --scenario smoke --trace
  best-fleet device --scenario mixed --group mqtt --trace
  best-fleet device --scenario staging.yaml --sn BEST000007 --trace device.jsonl --duration 60s
""")
PASSES_OPTIONS_ON = False
_DETAIL_CHARS = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which device, against what, and how it is shown."""
    parser.add_argument(
        "--scenario", type=scenario_file, metavar="FILE", required=True, help=_("how the device behaves")
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--sn", metavar="SN", help=_("its serial number (default: the fleet's first)"))
    which.add_argument("--group", metavar="NAME", help=_("the first device of this group, such as one over MQTT"))
    parser.add_argument("--host", metavar="URL", help=_("the dispatch URL, instead of the scenario's target"))
    parser.add_argument("--identities", type=Path, metavar="CSV", help=_("identities, instead of the scenario's"))
    parser.add_argument("--duration", metavar="TIME", help=_("such as 60s (default: the scenario's duration)"))
    parser.add_argument(
        "--trace",
        nargs="?",
        type=Path,
        const=Path("-"),
        metavar="FILE.jsonl",
        help=_("print every message, or write them to FILE.jsonl as JSON lines; a file that is there is kept aside"),
    )
    parser.add_argument("--overwrite", action="store_true", help=_("replace FILE.jsonl, instead of keeping it aside"))


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Run the device; prints how often each request ended how.

    Raises:
        UsageError: If the scenario is wrong, the serial number unknown, or a file cannot be used.
    """
    scenario = read_scenario(options.scenario, options.identities)

    from reports.causes import sentence
    from reports.hints import told
    from reports.text import clauses
    from reports.verdict import code_of, sorted_out
    from simulator.clock import RunClock
    from simulator.fleet.plan import FleetPlan
    from simulator.fleet.single import UnknownDevice, first_of, index_of, run_single
    from simulator.fleet.trace import Trace
    from simulator.fleet.warm_state import WarmState, WarmStateError
    from simulator.measurements.findings import Finding
    from simulator.wire import TlsFileError

    identities = identities_of(scenario, options.identities, needed=scenario.devices)
    duration = _duration(options, scenario)
    findings: list[Finding] = []

    def died(text: str) -> None:
        findings.append(Finding("fault", {"text": text}))

    arguments = _platform_arguments(options)
    with target("device", scenario, options.host, arguments, died) as found, _trace_file(options) as out:
        urls, tls, platform = found.urls, found.tls, found.name
        try:
            plan = FleetPlan(scenario, identities=identities, dispatch_url=urls)
            if options.group is not None:
                index = first_of(plan, [group.name for group in scenario.groups], options.group)
            else:
                index = 0 if options.sn is None else index_of(plan, options.sn)
            if scenario.state_file is not None:
                with WarmState(scenario.state_file) as state:
                    logins = state.load_many(platform or urls[0], [plan.sn(index)])
                plan = FleetPlan(scenario, identities=identities, dispatch_url=urls, logins=logins)
            trace = None if out is None else Trace(out, RunClock(), as_json=out is not sys.stdout)
            result = run_single(plan, index, duration=duration, trace=trace, tls=tls, platform=platform)
        except (UnknownDevice, TlsFileError, WarmStateError) as error:
            raise UsageError(f"device: {error}") from None
    _print(result, plan.sn(index))
    reasons, _found = sorted_out([*findings, *_findings(result, duration), *_lost(options.trace, trace)])
    for reason in reasons:
        known = result.details.get((str(reason.values.get("name")), str(reason.values.get("code"))))
        why = clauses([sentence(reason), detail(told(known), _DETAIL_CHARS) if known else ""])
        print(f"best-fleet device: {why}", file=sys.stderr)
    return code_of(reasons)


def _findings(result: "SingleResult", duration: float) -> Iterator["Finding"]:
    """What decides about the exit code, as in a run."""
    from reports.figures import record_counts
    from reports.verdict import VERIFY_LOG, none_online, pending_records
    from simulator.measurements.findings import Finding

    if result.internal_errors:
        yield Finding("internal_error", {"count": len(result.internal_errors), "example": result.internal_errors[0]})
    failed = {key: count for key, count in result.requests.items() if is_failure(key[1])}
    if not result.came_online:
        yield none_online(1, {key: failed[key] for step in INIT.parts for key in failed if key[0] == step})
    records = record_counts(result.records)
    generated = records[GENERATED]
    if records[PENDING]:
        yield pending_records(records, {code: count for (name, code), count in failed.items() if name == VERIFY_LOG})
    if records[REFUSED]:
        yield Finding("records_refused", {"refused": records[REFUSED], "generated": generated})
    if failed:
        name, code = max(failed, key=lambda key: failed[key])
        count = result.requests.total()
        yield Finding("requests_failed", {"failures": result.failures, "count": count, "name": name, "code": code})
    if result.stopped_by is not None and result.seconds < duration:
        seconds = round(result.seconds, 1)
        yield Finding("interrupted", {"signal": result.stopped_by, "after_s": seconds, "planned_s": duration})


def _lost(path: Path | None, trace: "Trace | None") -> Iterator["Finding"]:
    """A trace that was asked for and is not whole."""
    from simulator.measurements.findings import Finding

    if trace is not None and trace.lost is not None:
        yield Finding("output_failed", {"file": str(path), "problem": trace.lost})


def _platform_arguments(options: argparse.Namespace) -> list[str]:
    """Of the embedded platform."""
    arguments = ["--scenario", str(options.scenario)]
    if options.identities is not None:
        arguments += ["--identities", str(options.identities)]
    return arguments


class _TraceFile:
    """A file that only its owner can read, and that never holds half a line."""

    def __init__(self, path: Path) -> None:
        from simulator.growing_file import GrowingFile

        self._file = GrowingFile(path, 0o600)
        self.close = self._file.close

    def write(self, line: str) -> None:
        self._file.append(line.encode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        """Nothing waits."""


@contextlib.contextmanager
def _trace_file(options: argparse.Namespace) -> "Iterator[Out | None]":
    """Where the trace goes: nowhere, to standard output, or into a file."""
    path: Path | None = options.trace
    if path is None:
        yield None
    elif path == Path("-"):
        yield sys.stdout
    else:
        from reports.directory import keep_aside

        try:
            aside = None if options.overwrite else keep_aside(path)
            out = _TraceFile(path)
        except OSError as error:
            raise unwritable("device: --trace", path, error) from None
        if aside is not None:
            print(_("{path}: an earlier one is kept as {aside}", path=path, aside=aside), file=sys.stderr)
        try:
            yield out
        finally:
            with contextlib.suppress(OSError):  # each line that failed is counted already
                out.close()


def _duration(options: argparse.Namespace, scenario: "Scenario") -> float:
    from simulator.fields.limits import LONGEST_RUN
    from simulator.fields.units import parse_duration

    if options.duration is None:
        return scenario.duration
    try:
        seconds = parse_duration(options.duration)
    except ValueError as error:
        raise UsageError(f"device: --duration: {error}") from None
    if not 0 < seconds <= parse_duration(LONGEST_RUN):
        raise UsageError(_("device: --duration: more than 0 and at most {longest_run}", longest_run=LONGEST_RUN))
    return seconds


def _print(result: "SingleResult", sn: str) -> None:
    from reports.hints import told

    online = _("{sn} came online", sn=sn) if result.came_online else _("{sn} never came online", sn=sn)
    print(f"\n{online}", file=sys.stderr)
    width = max((len(code) for counts in (result.requests, result.commands) for _name, code in counts), default=0)
    for title, counts in ((_("requests"), result.requests), (_("commands"), result.commands)):
        for (name, code), count in counts.items():
            print(f"  {padded(title, 9)} {name:<32} {code:<{max(width, 12)}} {count}", file=sys.stderr)
            if known := result.details.get((name, code)):
                print(f"            {detail(told(known), _DETAIL_CHARS)}", file=sys.stderr)
    for (kind, rule), count in result.findings.items():
        print(f"  {kind:<11} {rule:<43} {count}", file=sys.stderr)
        print(f"            {detail(result.examples[rule], _DETAIL_CHARS)}", file=sys.stderr)
    if result.records:
        records = ", ".join(f"{event} {count}" for event, count in sorted(result.records.items()))
        title = padded(_("records"), 9)
        print(f"  {title} {records}", file=sys.stderr)
