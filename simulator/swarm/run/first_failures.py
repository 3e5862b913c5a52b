"""The first failure of each kind, told while the run goes on: what it was and which setting may help."""

import logging
from typing import Final

from reports.hints import helped
from reports.masking import mask
from reports.output import Output, RunView
from simulator.measurements.names import is_command, is_request, name_of
from simulator.shown import printable
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

MOST_KINDS: Final = 10
"""Of a platform that refuses everything the log must not be full."""


class FirstFailures(Output):
    """Logs each name and code once, on whatever process it was met: the one that answers for the run hears of all.

    Flows are left out: a request of theirs has failed, which says more.
    """

    name = "first_failures"

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def tick(self, run: RunView, now: float) -> None:
        if len(self._told) > MOST_KINDS:
            return
        measurements = run.measurements
        # What no platform may have been there for is told when that is known: a setting would not have helped.
        known_until = measurements.violations.open_since
        found = [
            (tally.first, tag, code)
            for tag, totals in measurements.totals.items()
            if is_request(tag) or is_command(tag)
            for code, tally in totals.failed.items()
            if (tag, code) not in self._told and tally.first < known_until
        ]
        for _first, tag, code in sorted(found):
            self._told.add((tag, code))
            if len(self._told) > MOST_KINDS:
                logger.warning("%s", _("failures of further kinds are told in the report alone"))
                return
            known = helped(code, mask(measurements.details.of(tag, code)))
            if known:
                told = _("{name} fails with {code}, the first time: {known}", name=name_of(tag), code=code, known=known)
            else:
                told = _("{name} fails with {code}", name=name_of(tag), code=code)
            logger.warning("%s", printable(told))

    def finish(self, run: RunView, now: float) -> None:
        """What failed in the last second."""
        self.tick(run, now)
