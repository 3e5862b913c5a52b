"""Whether runs can be compared at all: what makes a comparison worthless, and what its reader must know."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

from reports import text
from reports.compare import ComparedRun
from reports.compare_weather import schedules_differ
from reports.verdict import FAILED
from simulator.measurements.names import PUBACK, is_command
from simulator.protocol.catalogue import SUBSCRIBE

OF_A_TRANSPORT: Final = frozenset({"device.exchange.publicKey", "device.exchange.factor", SUBSCRIBE, PUBACK.name})
"""What only some transports have, or the channel that is usual over them: it may be missing over another."""
LONGER = 1.2
"""Times as long a run has to take that its length is told."""


def worthless(bases: Sequence[ComparedRun], new: ComparedRun) -> list[str]:
    """Why the comparison tells nothing, whatever its figures; each a sentence."""
    reasons = [f"{run.label} {run.doubt}" for run in (*bases, new) if run.doubt]
    reasons += [f"{run.label} made no request" for run in (*bases, new) if all(map(is_command, run.series))]
    if new.series and not any(set(run.series) & set(new.series) for run in bases):
        reasons.append("the runs have nothing in common: no funcId, flow or command occurred in both")
    return reasons


def transports_differ(bases: Sequence[ComparedRun], new: ComparedRun) -> bool:
    """Whether the devices of the new run came over another transport than those of any before it."""
    return any(run.run.transports and new.run.transports and run.run.transports != new.run.transports for run in bases)


def remarks(bases: Sequence[ComparedRun], new: ComparedRun) -> list[str]:
    """In what the runs differ that their figures may follow from; each a sentence."""
    found = [f"{run.label} failed by itself: {run.reason}" for run in (*bases, new) if run.verdict == FAILED]
    for run in bases:
        was, now = run.run, new.run
        between = f"between {run.label} and {new.label}"
        if was.scenario != now.scenario:
            found.append(f"different scenarios: {was.scenario} in {run.label}, {now.scenario} in {new.label}")
        elif was.scenario_text != now.scenario_text:
            found.append(f"the scenario {now.scenario} was changed {between}")
        if was.devices != now.devices:
            found.append(f"different fleets: {was.devices:,} devices in {run.label}, {now.devices:,} in {new.label}")
        if was.target != now.target:
            found.append(f"different targets: {was.target} in {run.label}, {now.target} in {new.label}")
        if told := schedules_differ(was, now, (run.label, new.label)):
            found.append(told)
        if transports_differ([run], new):
            kinds = f"{', '.join(was.transports)} in {run.label}, {', '.join(now.transports)} in {new.label}"
            found.append(f"different transports: {kinds}; what they share is compared, over whichever it went")
        if was.processes != now.processes:
            found.append(
                f"different numbers of processes: {was.processes} in {run.label}, {now.processes} in {new.label}"
            )
        longer, shorter = max(was.duration_s, now.duration_s), min(was.duration_s, now.duration_s)
        if longer > LONGER * shorter:
            lengths = f"{text.duration(was.duration_s)} in {run.label}, {text.duration(now.duration_s)} in {new.label}"
            found.append(f"different lengths: {lengths}")
    if unknown := [run.label for run in (*bases, new) if run.judged is None]:
        found.append(f"made by a version that did not judge the platform: {', '.join(unknown)}; violations tell less")
    return list(dict.fromkeys(found))


def same_runs(runs: Sequence[ComparedRun]) -> list[str]:
    """Which of the runs are one and the same, although their directories are not."""
    return [
        f"{one.label} and {other.label} hold the same run"
        for one, other in combinations(runs, 2)
        if set(one.run.run_ids) & set(other.run.run_ids)
    ]
