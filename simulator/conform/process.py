"""One run of `best-fleet conform` as a process: its event loop, Ctrl-C, and what it asks of whoever watches."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Final

import uvloop

from simulator.clock import Clock
from simulator.conform.case import Case
from simulator.conform.document import Finished
from simulator.conform.judging import Target, judge, site_of
from simulator.conform.outcome import Result
from simulator.conform.registry import all_cases
from simulator.conform.runner import Judged, Runner, Verdict
from simulator.texts.told import Told, said
from simulator.texts.translation import _

_LINE_CHARS: Final = 78


class Process:
    """Judges `target` by `cases`.

    Args:
        interactive: Say what to trigger on the platform's console, and wait for it.
    """

    def __init__(self, target: Target, cases: Sequence[Case], clock: Clock, *, strict: bool, interactive: bool) -> None:
        self._target = target
        self._cases = cases
        self._clock = clock
        self._strict = strict
        self._interactive = interactive
        self._site = site_of(target, clock)
        self._interrupted = False
        self._done = self._failed = 0
        self._progress = sys.stderr.isatty() and not interactive

    def run(self) -> Finished:
        """Returns when every case has its verdict, or somebody stopped it.

        Raises:
            TlsFileError: If a TLS file cannot be used.
        """
        started, before = self._clock.wall(), self._clock.monotonic()
        judged = uvloop.run(self._judge())
        return Finished(
            judged=judged,
            site=self._site,
            started=started,
            seconds=self._clock.monotonic() - before,
            strict=self._strict,
            interrupted=self._interrupted,
        )

    async def _judge(self) -> Judged:
        loop = asyncio.get_running_loop()

        def started(runner: Runner) -> None:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._stop, runner, number.name)

        return await judge(
            self._target,
            self._site,
            self._cases,
            all_cases(),
            tell=self._tell,
            started=started,
            before_listening=self._ask if self._interactive else None,
        )

    def _stop(self, runner: Runner, name: str) -> None:
        self._interrupted = True
        runner.stop(
            Told("stopped by {name} after {done} of {all} cases", name=name, done=self._done, all=len(self._cases))
        )

    def _tell(self, verdict: Verdict) -> None:
        self._done += 1
        self._failed += verdict.outcome.result is Result.FAILED
        if self._progress:
            told = _(
                "{done} of {all} cases, {failed} FAILED; {case}",
                done=self._done,
                all=len(self._cases),
                failed=self._failed,
                case=verdict.case.id,
            )
            # One line that is drawn over, on a terminal alone; the verdict follows on standard output.
            end = "" if self._done < len(self._cases) else "\r\x1b[K"
            print(f"\r\x1b[K{told:.{_LINE_CHARS}}{end}", end="", file=sys.stderr, flush=True)  # noqa: T201 - progress

    async def _ask(self, waiting: Sequence[Case]) -> None:
        """Say what the waiting cases wait for, and wait until somebody presses Enter; the listening begins then."""
        lines = [f"  {case.id}: {said(case.sends)}" for case in waiting]
        sn = self._target.identities[0].sn
        ask = _("Device {sn} is online. Trigger on the platform's console now, for this device:", sn=sn)
        then = _("Press Enter when that is done; {seconds:g} s are left then. ", seconds=self._target.terms.wait)
        text = "\n".join([ask, *lines, then])
        print(text, end="", file=sys.stderr, flush=True)  # noqa: T201 - a question to whoever runs this
        pressed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def read() -> None:
            sys.stdin.readline()
            pressed.set()

        try:
            loop.add_reader(sys.stdin.fileno(), read)
        except (OSError, ValueError):
            return  # a file, or nothing: nobody is there to be waited for
        try:
            await pressed.wait()
        finally:
            loop.remove_reader(sys.stdin.fileno())
