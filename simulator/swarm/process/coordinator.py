"""What the local process and the master have in common: they coordinate a run, from its directory to its exit code."""

import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import gevent
from locust.runners import STATE_RUNNING, STATE_SPAWNING

from reports.directory import new_directory, numbered
from reports.verdict import code_of
from reports.writer import CHECKPOINT
from simulator.exit_codes import ExitCode, precedence
from simulator.file_names import file_name
from simulator.measurements.findings import Finding
from simulator.printing import exit_code
from simulator.scenario.scenario import Scenario
from simulator.swarm.locust.host import asked_host
from simulator.swarm.locust.locust_files import LocustFiles
from simulator.swarm.process.base import START_FAILURES, Role, start_failure
from simulator.swarm.process.fleet_view import FleetView
from simulator.swarm.process.operations import Order, Outcome, operate
from simulator.swarm.run.outputs import outputs_of
from simulator.swarm.run.run import Run
from simulator.swarm.tasks import ELSEWHERE, spawn, swallowed_by_locust
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")


class Coordinator(Role):
    """A role that begins runs, ends them, and answers for their exit codes."""

    run: Run | None = None
    _runs = 0
    _interrupted = False
    _broken = False
    _told: int | None = None
    """The exit code that we set ourselves."""
    _next: Run | None = None
    """A run that was prepared and not opened yet."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._codes: dict[str, int] = {}
        """Exit code by run."""
        self._locust_files = LocustFiles(self.environment)

    def prepare(self) -> None:
        """Start the embedded platform before Locust's clock runs: a headless run begins when the process does.

        Raises:
            PlatformStartError, DirectoryBusyError, OSError: If `Run.prepare` does.
        """
        self._next = run = self._new_run()
        try:
            generators = int(self.options.processes or 1)
            run.prepare(self.host, self._identities_file(), self.total(run.scenario), generators)
        except BaseException:
            run.abandon()
            raise

    def _new_run(self) -> Run:
        scenario = self.choice.scenario
        if scenario is None:
            raise RuntimeError("a process that coordinates runs has a scenario")
        self._runs += 1
        directory = self._directory(scenario)
        run = Run(
            scenario,
            directory,
            outputs_of(directory, self._locust_files, web_page=self.environment.web_ui is not None),
            self._abort_soon,
            self.process_name,
            self.clock,
            overwrite=self.options.overwrite,
        )
        run.failure_code = self.options.exit_code_on_error
        return run

    @property
    def host(self) -> str | None:
        """The dispatch URL that was asked for: by the web page's form, else by the command line; None: the scenario's.

        Raises:
            DispatchUrlError: If the form's is none, or none for the scenario's faults.
        """
        return asked_host(self.environment.host, self.choice.scenario, self.choice.host)

    def _identities_file(self) -> Path | None:
        return Path(self.options.identities) if self.options.identities else None

    def open_run(self, *, travels: bool) -> Run | None:
        """Begin a run; None if that failed, which is told and ends it."""
        self.run = None
        try:
            self.run = run = self._next or self._new_run()
            self._next = None
            run.open(
                host=self.host,
                total=self.total(run.scenario),
                identities_file=self._identities_file(),
                stop_timeout=self.environment.stop_timeout,
                travels=travels,
                processes=max(1, self.runner.worker_count),
                planned_s=self._planned_seconds(),
            )
        except START_FAILURES as error:
            self.start_failed(error)
            return None
        if self.environment.shape_class is not None:
            # Locust's clock has run while the platform started.
            self.environment.shape_class.reset_time()
        return run

    process_name = "local"

    def view(self) -> FleetView | None:
        """The devices of the current or the last run, for our web page; None before the first."""
        return None

    def operate(self, order: Order) -> Outcome:
        """Do what somebody at the web page asks for (`operations`)."""
        return operate(self.run, self.view(), order)

    def total(self, scenario: Scenario) -> int:
        """The fleet's size: as many as were asked for, or the scenario's own."""
        shape = self.environment.shape_class
        asked = self.options.num_users
        return scenario.devices if shape is not None and shape.follows_scenario else int(asked or 1)

    def _planned_seconds(self) -> float | None:
        shape = self.environment.shape_class
        if shape is not None and shape.follows_scenario:
            return float(shape.ramp.duration)
        web_ui = self.environment.web_ui
        if shape is None and web_ui is not None and not self.options.autostart and not _has_timer(web_ui):
            return None
        return float(self.options.run_time) if self.options.run_time else None

    def start_failed(self, error: Exception) -> None:
        """The run cannot begin: say why, and end with exit code 2 (4 where the embedded platform broke down)."""
        for line in str(error).splitlines():
            logger.error("%s", line)
        if self.run is not None:
            failure = start_failure(error)
            self.run.find(failure.key, **failure.values)
            self.run.stop_platform()
        else:
            self._codes[""] = code_of([start_failure(error)])
        self._abort_soon(_("the run could not start"))

    @property
    def preparing(self) -> bool:
        """Whether the next run is just being prepared."""
        return self._next is not None and not self._next.prepared

    @property
    def platform_is_gone(self) -> bool:
        """Whether the embedded platform of a run that has not begun yet has ended."""
        platform = None if self._next is None else self._next.platform
        return platform is not None and platform.exit_code is not None

    def end_before_it_began(self, obstacle: Finding | None) -> NoReturn:
        """The run will never begin: leave its report, with `obstacle` or what the run itself finds, and end."""
        run = self.open_run(travels=True)
        if run is not None and obstacle is not None:
            run.find(obstacle.key, **obstacle.values)
        self.close_run()
        self.runner.quit()
        self.finished()
        # Locust still waits for workers, in a loop that nothing else ends.
        sys.exit(self._exit_code())

    def _abort_soon(self, reason: str) -> None:
        logger.error("%s", reason)
        spawn("background.abort", self._abort, on_error=self.internal_error)

    def _abort(self) -> None:
        # Locust ignores `stop` until its start has got as far as this.
        for _attempt in range(50):
            if self.runner.state in (STATE_SPAWNING, STATE_RUNNING):
                break
            gevent.sleep(0.1)
        if self.options.headless:
            self.runner.quit()
        else:
            self.runner.stop()

    def close_run(self) -> None:
        """The run is over: reports, exit code."""
        if self._next is not None:
            self._next.abandon()
        run = self.run
        if run is not None:
            if not run.closed and swallowed_by_locust():
                run.internal_error("locust.exception", ELSEWHERE)
            if not run.closed and self.environment.web_ui is not None:
                # Nothing else ends a run of the web page before its time without a word.
                run.find_early_end("stopped_by_hand")
            again = run.closed
            run.close()
            self._codes[run.run_id] = self._judged_elsewhere(run)
            if self.environment.web_ui is not None and run.summary is not None and not again:
                from reports.terminal import print_verdict

                # Who has the terminal before them reads how it ended there as well; the figures are on the page.
                print_verdict(run.summary, run.directory)
        self.environment.process_exit_code = self._exit_code()

    def _judged_elsewhere(self, run: Run) -> int:
        """The run's code, unless another listener of the locustfile demands one of a run that passed otherwise.

        Nobody can make a run pass that has not.
        """
        demanded = self.environment.process_exit_code
        if demanded in (None, ExitCode.PASSED, self._told) or run.code != ExitCode.PASSED:
            return run.code
        run.find("code_set_elsewhere", code=int(demanded))
        run.write_again()
        return int(demanded)

    def _exit_code(self) -> int | None:
        """Of this process, whose runs may have been several in the web UI: the first of their codes that holds."""
        codes = set(self._codes.values())
        if self._broken:
            codes.add(ExitCode.INVALID)
        if not codes and self._interrupted and self.environment.web_ui is None:
            codes.add(ExitCode.INTERRUPTED)
        self._told = min(codes, key=precedence, default=None)
        return self._told

    def internal_error(self, rule: str, detail: str) -> None:
        self._broken = True
        if self.run is not None:
            self.run.internal_error(rule, detail)

    def failed(self, rule: str, detail: str) -> None:
        self.internal_error(rule, detail)
        self.environment.process_exit_code = self._exit_code()
        self._abort_soon(f"internal error: {detail}")

    def stop_and_quit(self, signal_name: str) -> None:
        self._interrupted = True
        if self.run is not None:
            self.run.interrupt(signal_name)
        web_ui = self.environment.web_ui
        if web_ui is not None:
            self.runner.stop()
            web_ui.stop()
            return
        self.runner.quit()
        if self.run is None:
            # Locust still waits for workers, in a loop that nothing else ends.
            self.close_run()
            sys.exit(ExitCode.INTERRUPTED)

    def kept(self) -> Path | None:
        # Called by a signal: one look at the disk, and nothing that waits.
        run = self.run
        return run.directory if run is not None and (run.directory / CHECKPOINT).exists() else None

    def finished(self) -> None:
        if self.run is not None and self.run.summary is not None and self.options.headless:
            from reports.terminal import print_summary

            # What `--json` prints is for a program, which reads standard output.
            file = sys.stderr if self.options.json else None
            print_summary(self.run.summary, file, report=self.run.directory)
            code = self.run.code
            if (ended := exit_code(code)) != code:
                # Locust has read its own already.
                sys.exit(ended)

    def _directory(self, scenario: Scenario) -> Path:
        if self.options.report:
            base = Path(self.options.report)
        elif scenario.document.report.directory:
            base = scenario.directory / scenario.document.report.directory
        else:
            moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
            # Nobody named it, so that a run of the same second gets another.
            return new_directory(Path("runs") / f"{file_name(scenario.name)}-{moment}", self._runs)
        return numbered(base, self._runs)


def _has_timer(web_ui: Any) -> bool:
    """Whether the web page's form was sent with a run time: the option keeps that of an earlier run."""
    return getattr(web_ui, "_run_time_greenlet", None) is not None
