"""`best-fleet simulate`: a scenario's fleet and the embedded platform on virtual time, through weather from a seed."""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.errors import UsageError, unwritable
from simulator.cli.scenarios import A_SCENARIO, read_scenario
from simulator.exit_codes import ExitCode
from simulator.scenario.shipped import scenario_file
from simulator.texts.cells import padded
from simulator.texts.told import said
from simulator.texts.translation import N_, _

if TYPE_CHECKING:
    from simulator.simulation.simulation import Outcome

DESCRIPTION = N_("""\
Play a scenario's fleet against the embedded platform in one process, on virtual time and without any socket, through
outages, power cuts, restarts and faults of the ledger that come from the seed, and through the faults that the scenario
itself has. The same seed gives the same history.
Exit code 1: something that must hold did not, such as an acknowledged record that is missing in the ledger. Meetings,
ramp and thresholds of the scenario are left alone; the channel is plain.""")
EPILOG = N_("""\
examples:
  best-fleet simulate smoke --seed 7
  best-fleet simulate smoke --seed 7 --days 7 --history history.txt
""")
PASSES_OPTIONS_ON = False

FIGURES = {
    "devices": N_("devices"),
    "faults": N_("faults"),
    "requests": N_("requests"),
    "requests failed": N_("requests failed"),
    "records generated": N_("records generated"),
    "records acknowledged": N_("records acknowledged"),
    "records resent": N_("records resent"),
    "records refused": N_("records refused"),
    "records rejected": N_("records rejected"),
    "records lost": N_("records lost"),
    "commits": N_("commits"),
}
"""What the figures of an outcome are called. Its events are words of the history file, and stay as they are there."""

WEATHER = ("drawn", "scenario", "both")
"""The values of `simulation.Source`."""
_DAY_S = 86_400.0
_MOST_DAYS = 3_660
_LEAST_DAYS = 0.01
_PATIENCE_S = 10.0
"""For which nobody minds that nothing is said."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which scenario, which seed, and for how long."""
    parser.add_argument("scenario", type=scenario_file, metavar="SCENARIO", help=_(A_SCENARIO))
    parser.add_argument("--seed", type=int, default=1, metavar="N", help=_("what happens when (default: %(default)s)"))
    parser.add_argument(
        "--days",
        type=float,
        default=1.0,
        metavar="D",
        help=_("virtual time, the calm at the end included (default: 1)"),
    )
    parser.add_argument(
        "--weather",
        choices=WEATHER,
        default="both",
        help=_("faults drawn from the seed, those of the scenario's `faults:`, or both (default: %(default)s)"),
    )
    parser.add_argument("--history", type=Path, metavar="FILE", help=_("write every event into it, a line each"))


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Simulate, and say what came of it.

    Raises:
        UsageError: For a wrong scenario or time, or a file that cannot be written.
    """
    if not _LEAST_DAYS <= options.days <= _MOST_DAYS:
        raise UsageError(
            _(
                "simulate: --days must be at least {least_days} and at most {most_days:,}",
                least_days=_LEAST_DAYS,
                most_days=_MOST_DAYS,
            )
        )
    scenario = read_scenario(options.scenario)

    from simulator.garbage import GarbagePolicy
    from simulator.scenario.problems import ScenarioError
    from simulator.simulation.simulation import Simulation, Source

    with ExitStack() as resources:
        tell = None
        if options.history is not None:
            try:
                tell = resources.enter_context(options.history.open("w", encoding="utf-8")).write
            except OSError as error:
                raise unwritable("simulate", options.history, error) from None
        garbage = GarbagePolicy()
        garbage.begin()
        resources.callback(garbage.end)
        try:
            length, source, progress = options.days * _DAY_S, Source(options.weather), Progress(options.days)
            simulation = Simulation(scenario, options.seed, length, source=source, tell=tell, progress=progress)
            outcome = simulation.run()
        except KeyboardInterrupt:
            print(_("stopped after {far}: nothing is judged", far=progress.far), file=sys.stderr)
            raise
        except ScenarioError as error:
            raise UsageError(f"simulate: {error}") from None
        except OSError as error:
            if options.history is None:
                raise
            raise unwritable("simulate", options.history, error) from None
    print("\n".join(lines_of(scenario.name, outcome)))
    return ExitCode.FAILED if outcome.broken else ExitCode.PASSED


class Progress:
    """Says on stderr how far a simulation is that lets people wait.

    Args:
        days: of virtual time in all.
    """

    def __init__(self, days: float) -> None:
        self._days = days
        self._began = time.monotonic()
        self._next = self._began + _PATIENCE_S
        self._done = 0.0

    @property
    def far(self) -> str:
        """How much of it is done."""
        return _("{done:.3g} of {days:g} days", done=self._done, days=self._days)

    def __call__(self, seconds: float) -> None:
        now, self._done = time.monotonic(), seconds / _DAY_S
        if now >= self._next and seconds > 0:
            self._next = now + _PATIENCE_S
            left = (now - self._began) * (self._days / self._done - 1)
            print(_("{far}, some {left:.0f} s to go", far=self.far, left=left), file=sys.stderr)


def lines_of(name: str, outcome: "Outcome") -> Iterator[str]:
    """What came of a simulation, for people."""
    yield _(
        "{name}: {seconds:g} days of virtual time, seed {seed}",
        name=name,
        seconds=outcome.seconds / _DAY_S,
        seed=outcome.seed,
    )
    for figure, count in outcome.figures.items():
        yield _figure(_(FIGURES.get(figure, figure)), count)
    yield _("events")
    for event, count in sorted(outcome.events.items()):
        yield _figure(event, count)
    yield _("history: {lines:,} lines, sha256 {digest}", lines=outcome.lines, digest=outcome.digest)
    if outcome.broken:
        yield _("FAILED: {broken} times something did not hold", broken=len(outcome.broken))
        yield from (f"  {said(text)}" for text in outcome.broken)
    else:
        yield _("PASSED: everything held")


def _figure(name: str, count: int) -> str:
    return f"  {padded(name, 28)} {count:>12,}"
