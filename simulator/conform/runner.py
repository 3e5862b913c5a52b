"""Runs cases in their order against one platform: deadlines, the shared listening period, a platform that goes away.

It never raises for what a platform or a case does: every case that was chosen has a verdict in the end.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Final

from simulator.conform.bench import Bench
from simulator.conform.case import Case, Ended, Outcome, Result, failed, not_run
from simulator.conform.dispatch import Dispatch
from simulator.conform.pool import PlatformGone, Pool
from simulator.conform.site import Site
from simulator.conform.stages import STEP_CASES
from simulator.conform.trace import Trace
from simulator.faults import describe
from simulator.shown import detail, without_values
from simulator.texts.told import Told

_OBSERVED_CHARS: Final = 400
_PATIENCE: Final = 12
"""A case is broken off after so many request time-outs: none has so many answers to wait for, one after the other."""
_BY_CHANCE: Final = 1
"""After so many cases whose second try was not spoiled it is the platform's way, and no case brings it about."""
_IN_VAIN: Final = 10
"""After so many second tries that were all spoiled there are no more of them."""
_INTERNAL: Final = "conform.exception"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one case ended."""

    case: Case
    outcome: Outcome
    duration_ms: float
    trace: bytes
    """JSON lines; empty for a case that did not begin."""


@dataclass(slots=True)
class Judged:
    """How all ended."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """By id, in the order in which the cases are listed."""
    reason: str = ""
    """Why the platform could not be judged as a whole; empty where it was."""


Tell = Callable[[Verdict], None]
Prompt = Callable[[Sequence[Case]], Awaitable[None]]


class Runner:
    """One run.

    Args:
        cases: those that were chosen, in order.
        every: all that there are: a step of the initial flow that is blocked is judged whether it was chosen or not.
        tell: given each verdict as it falls.
        before_listening: given the cases that wait, when a device is online for them and their time has not begun.
    """

    def __init__(
        self,
        site: Site,
        pool: Pool,
        dispatch: Dispatch,
        cases: Sequence[Case],
        every: Sequence[Case],
        tell: Tell,
        before_listening: Prompt | None = None,
    ) -> None:
        self._site = site
        self._pool = pool
        self._dispatch = dispatch
        self._cases = cases
        self._steps = {case.id: case for case in every if case.id in STEP_CASES.values()}
        self._tell = tell
        self._before_listening = before_listening
        self._stop: asyncio.Event = asyncio.Event()
        self._stopped = ""
        self._by_chance = 0
        """Cases that were spoiled once, and at the second try no more."""
        self._in_vain = 0
        """Those that were spoiled twice."""
        self.judged = Judged()

    def stop(self, why: str) -> None:
        """End soon: the cases that are left are NOT-RUN."""
        self._stopped = why
        self._stop.set()

    async def run(self) -> Judged:
        """Judge; returns when every case has its verdict."""
        judged = self.judged
        work = asyncio.create_task(self._work())
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not work.done():
            work.cancel()
        try:
            await work
        except asyncio.CancelledError:
            judged.reason = self._stopped
        except PlatformGone as gone:
            judged.reason = self._shown(gone.args[0])
        except Exception as error:  # noqa: BLE001 - a fault of ours is told, never a traceback
            self._internal(error)
        for case in self._cases:
            if case.id not in judged.verdicts:
                self._put(Verdict(case, not_run(judged.reason or "it did not come to it"), 0.0, b""))
        judged.verdicts = {case.id: judged.verdicts.pop(case.id) for case in self._cases} | judged.verdicts
        if not judged.reason and self._site.internal_errors.total:
            judged.reason = Told(
                "an error of best-fleet itself: {first_example}",
                first_example=self._site.internal_errors.first_example(),
            )
        if not judged.reason and all(each.outcome.result is Result.NOT_RUN for each in judged.verdicts.values()):
            judged.reason = Told(
                "no case could be run: {observed}", observed=next(iter(judged.verdicts.values())).outcome.observed
            )
        return judged

    # --- Inside ---

    async def _work(self) -> None:
        for which, identity in enumerate(self._site.identities):
            refused = await self._pool.looked_up(self._trace(), which)
            if refused is not None:
                raise PlatformGone(Told("the very look-up of {sn} failed: {refused}", sn=identity.sn, refused=refused))
        try:
            for case in self._cases:
                if not case.waits:
                    await self._one(case)
            # Commands have to be waited for; silence, which may keep a serial number until the listening is over, can
            # use what is left of the time.
            waiting = sorted((case for case in self._cases if case.waits), key=lambda case: case.family != "command")
            if waiting:
                await self._listen(waiting)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._site.terms.request_timeout):
                    await self._pool.close()

    async def _listen(self, waiting: Sequence[Case]) -> None:
        """One period for all that wait: the first device stays online for it, beats, and takes what is pushed."""
        async with AsyncExitStack() as held:
            with contextlib.suppress(Ended):  # a step is blocked: each case says so by itself
                held.push_async_callback(await self._pool.listen(self._trace()))
            if self._before_listening is not None:
                await self._before_listening(waiting)
            self._site.listening_ends = self._site.clock.monotonic() + self._site.terms.wait
            tasks = [asyncio.create_task(self._one(case)) for case in waiting]
            try:
                await asyncio.gather(*tasks)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, case: Case) -> None:
        """
        Raises:
            PlatformGone: If the platform went away; the case has its verdict then.
        """
        trace = self._trace()
        began = self._site.clock.monotonic()
        try:
            outcome = await self._tried(case, trace)
            if outcome.result is Result.FAILED and self._site.unreadable and not case.about_form:
                # A mistake of its own, which is counted under its rule: it says nothing about this case.
                outcome = not_run(
                    Told("a message of the platform could not be read: {unreadable}", unreadable=self._site.unreadable)
                )
            gone = None
            if outcome.result is Result.FAILED and (gone := await self._pool.alive(self._trace())) is not None:
                outcome = not_run(
                    Told(
                        "the platform went away meanwhile: {observed}; then {gone}",
                        observed=outcome.observed,
                        gone=gone,
                    )
                )
        except PlatformGone as error:
            gone = error.args[0]
            outcome = not_run(Told("the platform went away: {gone}", gone=gone))
        ms = (self._site.clock.monotonic() - began) * 1000
        self._put(Verdict(case, outcome, ms, trace.lines()))
        self._blocked_steps()
        if gone is not None:
            raise PlatformGone(Told("the platform went away during {id}: {gone}", id=case.id, gone=gone))

    async def _tried(self, case: Case, trace: Trace) -> Outcome:
        """The outcome; of a second try where the first failed by a mistake that is counted by itself."""
        outcome = await self._outcome(case, trace)
        if not self._is_spoiled(outcome) or case.about_form or case.waits:
            return outcome
        if self._in_vain >= _IN_VAIN and not self._by_chance:
            return outcome
        trace.note(Told("{spoiled}: once more", spoiled=self._site.spoiled))
        again = await self._outcome(case, trace)
        if not self._is_spoiled(again):
            self._by_chance += 1
            return again
        self._in_vain += 1
        if self._by_chance < _BY_CHANCE or again.result is Result.NOT_RUN:
            return again
        return not_run(Told("{spoiled}, as in other cases now and then", spoiled=self._site.spoiled))

    def _is_spoiled(self, outcome: Outcome) -> bool:
        return outcome.result in (Result.FAILED, Result.NOT_RUN) and bool(self._site.spoiled)

    async def _outcome(self, case: Case, trace: Trace) -> Outcome:
        self._site.begin()
        if case.suites and self._site.suite.name not in case.suites:
            return not_run(Told("is about the channel suite {suites}", suites=" or ".join(case.suites)))
        for name in case.needs:
            needed = self.judged.verdicts.get(name)
            if needed is None or needed.outcome.result in (Result.FAILED, Result.NOT_RUN):
                return not_run(
                    Told(
                        "needs {name}, which is {value}",
                        name=name,
                        value=needed.outcome.result if needed else "not run",
                    )
                )
        terms = self._site.terms
        limit = _PATIENCE * terms.request_timeout + terms.wait
        try:
            async with asyncio.timeout(limit):
                outcome = await case.run(Bench(self._site, self._pool, self._dispatch, trace))
        except Ended as ended:
            outcome = ended.outcome
        except TimeoutError:
            outcome = not_run(Told("it had no end within {limit:g} s and was broken off", limit=limit))
        except PlatformGone:
            raise
        except Exception as error:  # noqa: BLE001 - likewise
            self._internal(error, case.id)
            outcome = not_run(Told("an error of best-fleet itself: {name}", name=type(error).__name__))
        outcome = case.settled(outcome)
        return Outcome(outcome.result, self._shown(outcome.observed))

    def _blocked_steps(self) -> None:
        """A step that the platform blocks has failed its case, whichever case noticed it."""
        for stage, observed in self._pool.blocked.items():
            case = self._steps.get(STEP_CASES[stage])
            known = None if case is None else self.judged.verdicts.get(case.id)
            if case is not None and (known is None or known.outcome.result is Result.NOT_RUN):
                trace = known.trace if known is not None else b""
                ms = known.duration_ms if known is not None else 0.0
                self._put(Verdict(case, failed(self._shown(observed)), ms, trace))

    def _put(self, verdict: Verdict) -> None:
        self.judged.verdicts[verdict.case.id] = verdict
        self._tell(verdict)

    def _trace(self) -> Trace:
        return Trace(self._site.clock.monotonic, self._site.secrets)

    def _shown(self, text: str) -> str:
        secrets = self._site.secrets()

        def clean(value: str) -> str:
            return detail(without_values(value, secrets), _OBSERVED_CHARS)

        # What is too long even so is shortened, in English then.
        told = text.map(clean) if isinstance(text, Told) else text
        return told if isinstance(told, Told) and len(told) <= _OBSERVED_CHARS else clean(told)

    def _internal(self, error: Exception, case_id: str = "") -> None:
        example = f"{case_id}: {describe(error)}" if case_id else describe(error)
        self._site.internal_errors.add(_INTERNAL, example, self._site.clock.wall())
