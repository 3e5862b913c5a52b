"""A run from its first moment to its reports, in the process that answers for it: the local one, or the master.

Takes the report's directory, starts the embedded platform, drives the outputs and finds out how the run ended."""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import gevent
import gevent.event

from reports.causes import cause_of, sentence
from reports.directory import ReportDirectory
from reports.hlog import HlogIntervals
from reports.output import Output
from reports.run_info import RunInfo
from reports.verdict import code_of, exit_code
from reports.writer import HLOG
from simulator.clock import JumpWatch, RunClock
from simulator.exit_codes import ExitCode
from simulator.fleet.platform_process import LOG_NAME, EmbeddedPlatform, PlatformAddress
from simulator.measurements.findings import Finding, Value
from simulator.measurements.ledger import LedgerFigures
from simulator.measurements.run import RunMeasurements
from simulator.scenario.scenario import Scenario
from simulator.swarm.generator.health import limits_of
from simulator.swarm.run.embedded import embedded_platform
from simulator.swarm.run.ledger import look_into_ledger
from simulator.swarm.run.order import RunOrder, identities_in, make_order
from simulator.swarm.run.platform_life import PlatformLife, watched
from simulator.swarm.run.platform_weather import Tell
from simulator.swarm.run.report_files import ReportFiles
from simulator.swarm.run.scenario_info import scenario_info
from simulator.swarm.run.weather import RunWeather
from simulator.swarm.tasks import counted
from simulator.texts.english import errors_in_english
from simulator.texts.translation import _, listed

logger = logging.getLogger("simulator.swarm")
SomeOutput = TypeVar("SomeOutput", bound=Output)

TICK_S = 1.0
EARLY_SHARE, EARLY_LEAST_S, EARLY_MOST_S = 0.02, 1.0, 5.0
"""A run that ends so much before its plan, and nobody knows why, has not ended as planned: timers are off by less."""


class Run:
    """Everything about one run but its devices.

    Args:
        directory: where the reports go; made by `prepare`.
        outputs: all that tells of the run; started, ticked and finished in this order.
        on_abort: told why when the run must stop early (a threshold with `abort`, the platform's death).
        clock: of the process; begun anew when the run opens.
        overwrite: an earlier report in the directory is removed instead of being kept aside.
    """

    def __init__(
        self,
        scenario: Scenario,
        directory: Path,
        outputs: Sequence[Output],
        on_abort: Callable[[str], None],
        process: str,
        clock: RunClock,
        *,
        overwrite: bool = False,
    ) -> None:
        self.scenario = scenario
        self.directory = directory
        self.clock = clock
        self.started = clock.wall()
        self.run_id = uuid.uuid4().hex
        self.ended: float | None = None
        self.order: RunOrder | None = None
        self.findings: list[Finding] = []
        self.processes = 1
        self._outputs = tuple(outputs)
        self._on_abort = on_abort
        self._process = process
        self.platform: EmbeddedPlatform | None = None
        self._address: PlatformAddress | None = None
        self.weather: RunWeather | None = None
        """What goes wrong on purpose; known once the run is open."""
        self.prepared = False
        """Whether its directory is taken and its platform there."""
        self._ticker: gevent.Greenlet | None = None
        self._closing: gevent.event.Event | None = None
        self._overwrite = overwrite
        self._taken: ReportDirectory | None = None
        self._life: PlatformLife | None = None
        self._ledger: LedgerFigures | None = None
        self._aborted, self._end_begun = False, 0.0
        self._jumps = JumpWatch(clock)
        self._asked = self.clock.monotonic()
        self.planned_s: float | None = None
        """How long the run is to take; None if until it is stopped."""
        self.stopping = False
        """Whether its end has begun."""
        self.failure_code: int = ExitCode.FAILED
        """What failed requests alone end with (Locust's `--exit-code-on-error`)."""
        self.measurements = RunMeasurements(process, self.run_id)
        self.log: HlogIntervals | None = None
        for profile, keys in scenario.assumed():
            self.find("mqtt_assumed", profile=profile, keys=", ".join(keys))

    # --- From its beginning to its end ---

    def prepare(
        self, host: str | None, identities_file: Path | None, total: int | None = None, generators: int = 1
    ) -> None:
        """Take the directory, and start the platform if one is needed. May be done long before `open`.

        Args:
            host: the command line's dispatch URL, which goes before the scenario's.

        Raises:
            PlatformStartError: If the embedded platform does not start.
            DirectoryBusyError: If another run writes its report there.
            OSError: If the directory cannot be made or written.
        """
        self._taken = ReportDirectory(self.directory)
        own_files = (name for output in self._outputs for name in output.files)
        self._taken.clear(overwrite=self._overwrite, beside=(LOG_NAME, *own_files))
        if not host and self.scenario.embedded:
            logger.info(_("starting the embedded platform"))
            self.platform = embedded_platform(self.scenario, self.directory, identities_file, total, generators)
            self._address = self.platform.start()
        self.prepared = True

    def open(
        self,
        *,
        host: str | None,
        total: int,
        identities_file: Path | None,
        stop_timeout: float,
        travels: bool,
        processes: int,
        planned_s: float | None,
    ) -> RunOrder:
        """Begin the run, and say what all processes must know of it.

        Args:
            total: devices of the fleet.
            travels: workers may be on other machines.
            processes: how many run devices, as far as is known.
            planned_s: how long it will take; None if until it is stopped.

        Raises:
            ScenarioError: If the identities are wrong or too few.
            WarmStateError: If the file with earlier runs' logins cannot be used.
            PlatformStartError, DirectoryBusyError: If `prepare` does, which is done now if it was not.
            OSError: If `prepare` does, if a file that must travel cannot be read, or the log cannot be begun.
        """
        self._asked = self.clock.monotonic()
        self.planned_s = planned_s
        if not self.prepared:
            self.prepare(host, identities_file, total, processes)
        address = self._address
        urls = (host,) if host else self.scenario.targets
        if address is not None:
            urls = (address.dispatch_url,)
        order = make_order(
            self.scenario,
            run_id=self.run_id,
            total=total,
            dispatch_urls=urls,
            processes=processes,
            embedded=address is not None,
            stop_timeout=stop_timeout,
            root_ca=Path(address.ca_file).read_text("ascii") if address is not None and address.ca_file else None,
            identities_file=identities_file,
            travels=travels,
        )
        self.weather = RunWeather(self.scenario, total, identities_in(order, self.scenario), planned_s)
        self.clock.begin()
        self.started = self.clock.wall()
        self.order = order = replace(order, begun=self.started, length=self.weather.length)
        self._jumps = JumpWatch(self.clock)
        self.log = HlogIntervals(self.directory / HLOG, self.started)
        self.measurements = RunMeasurements(self._process, self.run_id, self.log)
        self._life = watched(self.platform, self.measurements, self.clock, total, self.internal_error)
        self.measurements.health.cpu_limit_percent = limits_of(self.scenario).cpu_percent
        self.measurements.attendance.keeps_rows = self.scenario.document.report.attendance
        for output in self._outputs:
            self._guarded(output, output.start)(self, self.started)
        self._ticker = gevent.spawn(self._work)
        logger.info(_("%d devices of %s towards %s"), total, self.scenario.name, listed(urls))
        return order

    def begin_weather(self, tell: Tell) -> None:
        """Give the embedded platform its share of the faults; `tell` reaches all engines."""
        if self.weather is not None and self.platform is not None:
            self.weather.begin(
                self.platform,
                lambda: self.elapsed_s,
                tell=tell,
                lost=self._lost_platform,
                on_error=self.internal_error,
            )

    def begin_end(self) -> None:
        """Its end has begun; the users are still there. Returns when an embedded platform that was away is back."""
        self.stopping, self._end_begun = True, self.elapsed_s
        if self.weather is not None:
            self.weather.clear_up()

    def close(self) -> None:
        """The load has ended and all is counted: stop the platform, finish the outputs. Who comes later waits."""
        if self._closing is not None:
            self._closing.wait()
            return
        self._closing = gevent.event.Event()
        if self.order is not None:
            counted("run.away", self._find_away, self.internal_error)()
            self.find_early_end("ended_early")
        self.ended = ended = self.clock.wall()
        try:
            if self._ticker is not None:
                self._ticker.kill()
            if self.weather is not None:
                self.weather.stop()
            self._find_platforms_death()
            self.stop_platform()
            if self.order is not None:
                self._ledger = look_into_ledger(self.platform, self.measurements, self.findings, self.find)
                for output in self._outputs:
                    self._guarded(output, output.finish)(self, ended)
        finally:
            self._release()
            self._closing.set()

    def abandon(self) -> None:
        """The run never begins: stop the embedded platform, let go of the directory."""
        self.stop_platform()
        self._release()

    def _release(self) -> None:
        if self._taken is not None:
            self._taken.release()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closing is not None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began, or until it ended."""
        return (self.clock.wall() if self.ended is None else self.ended) - self.started

    # --- Once a second ---

    def _work(self) -> None:
        while True:
            gevent.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        """Tell every output how far the run is, and look after it. Done by the run itself, once a second."""
        now = self.clock.wall()
        for output in self._outputs:
            self._guarded(output, output.tick)(self, now)
        counted("background.run", self._look, self.internal_error)()

    def _look(self) -> None:
        """See whether the clock was set, and whether the platform is still there."""
        jumped = self._jumps.look()
        if jumped is not None:
            self.find("clock_jumped", process=self._process, seconds=round(jumped, 3))
            logger.warning("%s", sentence(self.findings[-1]))
        if self._find_platforms_death():
            self.abort(sentence(self.findings[-1]))

    def abort(self, reason: str) -> None:
        """End the run early, once. Devices still deliver their records, and the outputs go on until the end."""
        if not self._aborted:
            self._aborted = True
            self._on_abort(reason)

    @property
    def aborted(self) -> bool:
        """Whether `abort` was called."""
        return self._aborted

    # --- What it finds out about itself ---

    def find(self, key: str, **values: Value) -> None:
        """Keep what was found out about the run, for its verdict and its notes (`reports.causes`). Once is enough."""
        finding = Finding(key, errors_in_english(values))
        if finding not in self.findings:
            self.findings.append(finding)

    def internal_error(self, rule: str, detail: str) -> None:
        """Count an exception of our own in this process."""
        self.measurements.internal_errors.add(rule, detail, self.clock.wall())

    def interrupt(self, signal_name: str) -> None:
        """A signal ends the run: that is no pass before the planned end. A second one may leave no time for more."""
        # Needs no tolerance: it came before the plan was over.
        if self.ended is not None or self.stopping or self.planned_s is None or self._since_asked() >= self.planned_s:
            return
        self.find("interrupted", signal=signal_name, after_s=round(self.elapsed_s, 1), planned_s=self.planned_s)
        now = self.clock.wall()
        for output in self._outputs:
            self._guarded(output, output.flush)(self, now)

    def find_early_end(self, key: str) -> None:
        """Say by `key` that the run ends before its plan, if it does and no other finding explains it."""
        if self._is_early() and not self._is_cut_short():
            self.find(key, after_s=round(self.elapsed_s, 1), planned_s=self.planned_s)

    def _find_away(self) -> None:
        """Who takes the whole fleet away by hand, and does not give it back, has ended the run: that is no pass."""
        if self.weather is None or self.order is None or self.planned_s is None:
            return
        count, since = self.weather.away_by_hand(self._end_begun or self.elapsed_s)
        if 0 < count < self.order.total:
            self.find("away_by_hand", count=count, devices=self.order.total)
        elif count and self._is_early(self.elapsed_s - since) and not self._is_cut_short():
            self.find("taken_by_hand", after_s=round(since, 1), planned_s=self.planned_s)

    def _is_cut_short(self) -> bool:
        return any(cause_of(finding.key).cut_short for finding in self.findings)

    def _is_early(self, ago_s: float = 0.0) -> bool:
        if self.planned_s is None:
            return False
        tolerance = min(max(EARLY_LEAST_S, EARLY_SHARE * self.planned_s), EARLY_MOST_S)
        return self._since_asked() - ago_s < self.planned_s - tolerance

    def _since_asked(self) -> float:
        """Seconds since the run was asked for: from then on Locust counts its run time."""
        return self.clock.monotonic() - self._asked

    # --- The embedded platform ---

    def stop_platform(self) -> None:
        """Stop the embedded platform, if there is one."""
        if self._life is not None:
            self._life.stop()
        if self.platform is not None:
            self.platform.stop()

    def _find_platforms_death(self) -> bool:
        """Whether the embedded platform has died since the last look, which is a finding then."""
        told = any(finding.key == "platform_died" for finding in self.findings)
        if told or self.platform is None or (code := self.platform.exit_code) is None:
            return False
        self.find("platform_died", exit_code=code, after_s=round(self.elapsed_s, 1), log=str(self.directory / LOG_NAME))
        return True

    def _lost_platform(self, problem: str) -> None:
        """It was killed by a fault of ours, and its start failed."""
        self.find("platform_not_back", after_s=round(self.elapsed_s, 1), problem=problem)
        self.abort(sentence(self.findings[-1]))

    # --- Its outputs and what they need ---

    def output(self, kind: type[SomeOutput]) -> SomeOutput | None:
        """The run's output of a class; None if it has none."""
        return next((output for output in self._outputs if isinstance(output, kind)), None)

    def _guarded(self, output: Output, part: Callable[..., None]) -> Callable[..., object]:
        """A method of an output: its exception takes neither the run nor another output along."""
        return counted(f"output.{output.name}", part, self.internal_error)

    def info(self, now: float, *, complete: bool) -> RunInfo:
        """What the reports say about the run besides its measurements."""
        return replace(
            scenario_info(self.scenario, self.order, self.started, now),
            processes=self.processes,
            complete=complete,
            findings=tuple(self.findings),
            run_ids=(self.run_id,),
            failure_code=self.failure_code,
            **({} if self.weather is None else self.weather.told()),
            ledger=self._ledger,
        )

    @property
    def summary(self) -> dict[str, Any] | None:
        """What the reports say, once the run has ended; None before, and where no report can be made."""
        reports = self.output(ReportFiles)
        return None if reports is None else reports.summary

    @property
    def code(self) -> int:
        """The exit code of the run, once it has ended."""
        return code_of(self.findings) if self.summary is None else exit_code(self.summary)

    def write_again(self) -> None:
        """Write the reports of a run that is over once more, because something was found since."""
        reports = self.output(ReportFiles)
        if reports is not None and self.order is not None and self.ended is not None:
            reports.finish(self, self.ended)
