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
from simulator.texts.translation import _

OF_A_TRANSPORT: Final = frozenset({"device.exchange.publicKey", "device.exchange.factor", SUBSCRIBE, PUBACK.name})
"""What only some transports have, or the channel that is usual over them: it may be missing over another."""
LONGER = 1.2
"""Times as long a run has to take that its length is told."""


def worthless(bases: Sequence[ComparedRun], new: ComparedRun) -> list[str]:
    """Why the comparison tells nothing, whatever its figures; each a sentence."""
    reasons = [f"{run.label} {run.doubt}" for run in (*bases, new) if run.doubt]
    reasons += [_("{run} made no request", run=run.label) for run in (*bases, new) if all(map(is_command, run.series))]
    if new.series and not any(set(run.series) & set(new.series) for run in bases):
        reasons.append(_("the runs have nothing in common: no funcId, flow or command occurred in both"))
    return reasons


def transports_differ(bases: Sequence[ComparedRun], new: ComparedRun) -> bool:
    """Whether the devices of the new run came over another transport than those of any before it."""
    return any(run.run.transports and new.run.transports and run.run.transports != new.run.transports for run in bases)


def unlike(bases: Sequence[ComparedRun], new: ComparedRun) -> list[str]:
    """Where the runs are of different scenarios or fleets, so that any figure may follow from that; each a sentence."""
    found: list[str] = []
    for run in bases:
        was, now = run.run, new.run
        where = {"base": run.label, "new": new.label}
        if was.scenario != now.scenario:
            found.append(
                _("different scenarios: {was} in {base}, {now} in {new}", was=was.scenario, now=now.scenario, **where)
            )
        if was.devices != now.devices:
            sizes = {"was": text.count(was.devices), "now": text.count(now.devices)}
            found.append(_("different fleets: {was} devices in {base}, {now} in {new}", **sizes, **where))
    return found


def remarks(bases: Sequence[ComparedRun], new: ComparedRun) -> list[str]:
    """In what the runs differ that their figures may follow from; each a sentence."""
    found = [
        _("{run} failed by itself: {reason}", run=run.label, reason=run.reason)
        for run in (*bases, new)
        if run.verdict == FAILED
    ]
    for run in bases:
        was, now = run.run, new.run
        where = {"base": run.label, "new": new.label}
        found += unlike([run], new)
        if was.scenario == now.scenario and was.scenario_text != now.scenario_text:
            found.append(_("the scenario {name} was changed between {base} and {new}", name=now.scenario, **where))
        if was.target != now.target:
            found.append(
                _("different targets: {was} in {base}, {now} in {new}", was=was.target, now=now.target, **where)
            )
        if told := schedules_differ(was, now, (run.label, new.label)):
            found.append(told)
        if transports_differ([run], new):
            found.append(
                _(
                    "different transports: {was} in {base}, {now} in {new}; what they share is compared, over "
                    "whichever it went",
                    was=text.listed(was.transports),
                    now=text.listed(now.transports),
                    **where,
                )
            )
        if was.processes != now.processes:
            counts = {"was": was.processes, "now": now.processes}
            found.append(_("different numbers of processes: {was} in {base}, {now} in {new}", **counts, **where))
        longer, shorter = max(was.duration_s, now.duration_s), min(was.duration_s, now.duration_s)
        if longer > LONGER * shorter:
            lengths = {"was": text.duration(was.duration_s), "now": text.duration(now.duration_s)}
            found.append(_("different lengths: {was} in {base}, {now} in {new}", **lengths, **where))
    if unknown := [run.label for run in (*bases, new) if run.judged is None]:
        found.append(
            _(
                "made by a version that did not judge the platform: {runs}; violations tell less",
                runs=text.listed(unknown),
            )
        )
    return list(dict.fromkeys(found))


def same_runs(runs: Sequence[ComparedRun]) -> list[str]:
    """Which of the runs are one and the same, although their directories are not."""
    return [
        _("{one} and {other} hold the same run", one=one.label, other=other.label)
        for one, other in combinations(runs, 2)
        if set(one.run.run_ids) & set(other.run.run_ids)
    ]
