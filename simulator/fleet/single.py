"""One device of a scenario, without Locust: for people who develop firmware or platforms."""

import asyncio
import logging
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvloop

from simulator.clock import RunClock
from simulator.faults import describe
from simulator.fleet.plan import FleetPlan, first_index
from simulator.fleet.runtime import FleetRuntime, Overrides
from simulator.fleet.trace import Trace
from simulator.measurements.attendance import Attended, MeetingHeld
from simulator.measurements.labels import Vocabulary
from simulator.measurements.names import DeviceState, is_failure, is_flow
from simulator.protocol.catalogue import CONNECT, LOOKUP, SUBSCRIBE
from simulator.scenario.scenario import TlsFiles
from simulator.shown import detail
from simulator.texts.translation import _, listed

_LINE_CHARS = 600


class UnknownDevice(Exception):  # noqa: N818 - says what it is about
    """The fleet holds no device with this serial number."""


@dataclass(slots=True)
class SingleResult:
    """What became of the device."""

    came_online: bool = False
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each request ended with each code."""
    commands: Counter[tuple[str, str]] = field(default_factory=Counter)
    details: dict[tuple[str, str], str] = field(default_factory=dict)
    """What was known of the first failure of each request or command with each code."""
    records: Counter[str] = field(default_factory=Counter)
    findings: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often the platform broke or stretched each rule: `violation` or `observation`, and the rule."""
    examples: dict[str, str] = field(default_factory=dict)
    """The first found of each rule."""
    internal_errors: list[str] = field(default_factory=list)
    """Exceptions of this program itself: what the device did is not to be trusted."""
    stopped_by: str | None = None
    """The signal that ended it."""
    seconds: float = 0.0
    """How long it lived, its end not counted."""

    @property
    def failures(self) -> int:
        """Requests that were no success."""
        return sum(count for (_, code), count in self.requests.items() if is_failure(code))


class _Observer:
    """A `Recorder` for one device: counts, and tells the trace what is no message."""

    def __init__(self, result: SingleResult, trace: Trace | None) -> None:
        self._result = result
        self._trace = trace
        self._labels = Vocabulary()

    def request(
        self, name: str, started: float, latency: float, code: str, bytes_out: int, bytes_in: int, late: float
    ) -> None:
        self._result.requests[self._counted(name, code)] += 1
        if is_failure(code) or name in (CONNECT, LOOKUP, SUBSCRIBE):
            self._event(name, f"{code} after {latency * 1000:.1f} ms")

    def detail(self, name: str, code: str, text: str, at: float) -> None:
        self._result.details.setdefault(self._counted(name, code), text)
        if not is_flow(name):
            # A flow's is that of the request which ended it.
            self._event(f"{name} {code}", text)

    def flow(self, name: str, started: float, duration: float, code: str) -> None:
        self._event(f"flow {name}", f"{code} after {duration * 1000:.1f} ms")

    def command(self, func_id: str, started: float, handling: float, code: str, expected: bool = False) -> None:
        counted = self._counted(func_id, code)
        self._result.commands[counted] += 1
        if expected:
            self._result.details.setdefault(counted, _("as the scenario wants it"))

    def state(self, index: int, previous: str, state: str, at: float) -> None:
        if state == DeviceState.ONLINE.value:
            self._result.came_online = True
        self._event("state", f"{previous} → {state}")

    def disconnect(self, reason: str, at: float) -> None:
        self._event("disconnected", reason)

    def record(self, event: str, count: int) -> None:
        self._result.records[event] += count

    def violation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        self._found("violation", rule, example, count)
        self._event("violation", f"{rule}: {example}")

    def observation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        self._found("observation", rule, example, count)
        self._event("observation", f"{rule}: {example}")

    def reply_waits(self, waits: Sequence[float], at: float) -> None:
        """A single device is asked for no figures of this program's own."""

    def missed(self, name: str, count: int, at: float) -> None:
        self._event("missed", f"{count} {name}, because this program stood still")

    def attended(self, row: Attended) -> None:
        """A single device leaves no sheet."""

    def meeting_held(self, meeting: MeetingHeld) -> None:
        missing = f", missing {', '.join(meeting.missing)}" if meeting.missing else ""
        told = f"{meeting.came} of {meeting.expected} came, {meeting.late} late{missing}"
        self._event("meeting", f"{meeting.meet_code} {meeting.ended}: {told}")

    def fault(self, number: int, event: str, at: float, *, name: str = "", code: str = "", amount: float = 1.0) -> None:
        """A single device has fair weather."""

    def misbehaved(self, way: str, outcome: str, count: int = 1) -> None:
        """A single device behaves."""

    def internal_error(self, rule: str, detail: str, at: float, index: int = -1) -> None:
        self._result.internal_errors.append(f"{rule}: {detail}")
        self._event("internal error", f"{rule}: {detail}")

    def _found(self, kind: str, rule: str, example: str, count: int) -> None:
        self._result.findings[kind, rule] += count
        self._result.examples.setdefault(rule, example)

    def _counted(self, name: str, code: str) -> tuple[str, str]:
        tag = self._labels.tag(name)
        return tag, self._labels.code(tag, code)

    def _event(self, what: str, told: str) -> None:
        if self._trace is not None:
            self._trace.event(what, told)


def index_of(plan: FleetPlan, sn: str) -> int:
    """The index of the device with serial number `sn`.

    Raises:
        UnknownDevice: If the fleet has none.
    """
    for index in range(plan.total):
        if plan.sn(index) == sn:
            return index
    raise UnknownDevice(
        _(
            "the scenario's fleet of {total} has no device {sn} (its first is {first}, its last {last})",
            total=plan.total,
            sn=sn,
            first=plan.sn(0),
            last=plan.sn(plan.total - 1),
        )
    )


def first_of(plan: FleetPlan, groups: Sequence[str], name: str) -> int:
    """The index of the first device of the group `name`, of `groups` in the scenario's order.

    Raises:
        UnknownDevice: If there is no such group, or it has no devices.
    """
    if name in groups:
        number = groups.index(name)
        if plan.counts[number]:
            return first_index(plan.counts, number)
        raise UnknownDevice(_("the scenario's group {name} has no devices", name=name))
    raise UnknownDevice(_("the scenario has no group {name}, only {groups}", name=name, groups=listed(groups)))


def run_single(
    plan: FleetPlan,
    index: int,
    *,
    duration: float | None,
    trace: Trace | None,
    tls: TlsFiles | None = None,
    platform: str | None = None,
) -> SingleResult:
    """Run device `index` for `duration` seconds, or until Ctrl-C or SIGTERM; it is switched off in order.

    Raises:
        TlsFileError: If a TLS file cannot be used.
        WarmStateError: If the state file cannot be used.
    """
    result = SingleResult()
    uvloop.run(_live(plan, index, result, duration=duration, trace=trace, tls=tls, platform=platform))
    return result


async def _live(
    plan: FleetPlan,
    index: int,
    result: SingleResult,
    *,
    duration: float | None,
    trace: Trace | None,
    tls: TlsFiles | None,
    platform: str | None,
) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    observer = _Observer(result, trace)
    runtime = FleetRuntime(
        plan,
        observer,
        log=_log,
        overrides=Overrides(tls=tls, platform=platform),
        clock=RunClock(),
        trace=trace.message if trace is not None else None,
    )

    def on_signal(name: str) -> None:
        if result.stopped_by is None:
            result.stopped_by = name
            ended.set()
        else:
            # Whoever asks again does not want to wait for the records.
            runtime.abort_all()

    def on_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        loop.default_exception_handler(context)
        error = context.get("exception")
        if not isinstance(error, OSError) or "transport" not in context:
            what = describe(error) if error is not None else str(context.get("message"))
            observer.internal_error("engine.exception", what, 0.0)

    loop.set_exception_handler(on_loop_error)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal, number.name)
    await runtime.open()
    began = loop.time()
    try:
        runtime.start_device(index, ended.set)
        await _first(ended.wait(), duration)
        result.seconds = loop.time() - began
        await runtime.stop_all()
    finally:
        await runtime.close()


async def _first(waiting: Awaitable[object], seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await waiting
    except TimeoutError:
        return


def _log(level: int, text: str) -> None:
    if level >= logging.WARNING:
        sys.stderr.write(f"{detail(text, _LINE_CHARS)}\n")
