"""The thresholds with `abort`, watched while a run goes on: one that is crossed ends it."""

from reports.causes import sentence
from reports.evaluation import ABORT_WINDOW_S, LiveThresholds
from reports.output import Output, RunView
from reports.run_info import ABORT_FIRED
from reports.thresholds import parse_all
from simulator.measurements.findings import Finding


class AbortThresholds(Output):
    """Looks at the last seconds of the run, until something has ended it."""

    name = "abort_thresholds"

    def __init__(self) -> None:
        self._live: LiveThresholds | None = None

    def start(self, run: RunView, now: float) -> None:
        info = run.info(now, complete=False)
        self._live = LiveThresholds(parse_all(info.thresholds, run.measurements), run.measurements, info)

    def tick(self, run: RunView, now: float) -> None:
        # Of a run that is ending devices still deliver their records: what goes wrong then ends nothing more.
        if self._live is None or run.aborted:
            return
        fired = []
        for result in self._live.tick(now):
            finding = Finding(
                ABORT_FIRED,
                {
                    "expression": result.expression,
                    "value": result.dump()["value"],
                    "unit": result.unit,
                    "window_s": ABORT_WINDOW_S,
                    "after_s": round(run.elapsed_s, 1),
                },
            )
            run.find(finding.key, **finding.values)
            fired.append(sentence(finding))
        if fired:
            run.abort(fired[-1])
