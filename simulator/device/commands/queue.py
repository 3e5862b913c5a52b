"""The commands that wait at a device: urgent ones first, a bounded number, each applied once and always answered.

What comes before the device is online is kept, within bounds, for that moment.
An answer that finds no connection is kept as the command's stored code: the platform sends the command again with the
same `cmdId`, and is answered from there (docs/deviations.md).
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from typing import Any

from simulator.clock import TimerHandle
from simulator.device.commands.handlers import HANDLERS, CommandEffects, Outcome
from simulator.device.environment import Environment
from simulator.device.fifo import Fifo
from simulator.device.memory import Memory
from simulator.device.settings import DeviceSpec
from simulator.faults import describe
from simulator.fields.range import Range
from simulator.protocol.catalogue.validation import Violation, validate_command
from simulator.protocol.codes import BUSY, INTERNAL, MALFORMED, SUCCESS
from simulator.protocol.envelope import is_urgent, params_of
from simulator.shown import label

OTHER_COMMAND = "cmd.(other)"
"""What is counted for a message of the platform whose funcId is no command's."""

REMEMBERED = 1_000
"""Answered cmdIds that a device remembers; far more than a platform ever has unanswered."""

_MAX_EARLY = 100
_MAX_EARLY_BYTES = 256 * 1024
"""Commands that are kept for the moment at which the device is online; no platform has so much to say before."""

_ECHOED = 1_024
"""Characters of a mid and of a cmdId that an answer repeats at most."""

Answer = Callable[[str, str, str, str], bool]
"""Sends `dev.cmd.response`: mid, cmdId, code, message; False when there is no connection."""


def _counted(func_id: str) -> str:
    """Under which name an unknown command is counted, however long and whatever of it is printable."""
    # Under its own name, `dev.heartbeat` would be taken for a request of the device.
    return label(func_id) if func_id.startswith("cmd.") else OTHER_COMMAND


class _Command:
    __slots__ = ("arrived", "cmd_id", "func_id", "mid", "params")

    def __init__(self, func_id: str, cmd_id: str, mid: str, params: Mapping[str, Any], arrived: float) -> None:
        self.func_id = func_id
        self.cmd_id = cmd_id
        self.mid = mid
        """Of the latest sending: where the platform repeated the command before it was answered, it waits for that."""
        self.params = params
        self.arrived = arrived


class CommandQueue:
    """Handles one command at a time.

    Args:
        answer: sends an answer over the connection that is there at that moment.
        on_idle: called when the last command was answered.
    """

    __slots__ = (
        "_answer",
        "_answered",
        "_begins",
        "_current",
        "_early",
        "_effects",
        "_env",
        "_index",
        "_memory",
        "_on_idle",
        "_online",
        "_rng",
        "_settings",
        "_task",
        "_timer",
        "_urgent",
        "_waiting",
        "busy",
    )

    def __init__(
        self,
        env: Environment,
        memory: Memory,
        effects: CommandEffects,
        rng: random.Random,
        *,
        spec: DeviceSpec,
        answer: Answer,
        on_idle: Callable[[], None],
    ) -> None:
        self._env = env
        self._memory = memory
        self._effects = effects
        self._rng = rng
        self._index = spec.index
        self._settings = spec.settings
        self._answer = answer
        self._on_idle = on_idle
        self._urgent: Fifo[_Command] = Fifo()
        self._waiting: Fifo[_Command] = Fifo()
        self._current: _Command | None = None
        self._timer: TimerHandle | None = None
        self._task: asyncio.Future[Outcome] | None = None
        self._answered: dict[str, Outcome] = {}
        """Outcome by cmdId, the oldest first."""
        self._early: tuple[tuple[Mapping[str, Any], int, str], ...] = ()
        """What came before the device was online, as `receive` was given it."""
        self._online = False
        """Whether the device is online; not even an answer goes out before the reply to dev.report."""
        self._begins = False
        """Whether a command that waits is begun when the one before it is done."""
        self.busy = False
        """Whether a command waits or is handled; what `isFree` says. An attribute, as every heartbeat asks."""

    def open(self) -> None:
        """The device is online: handle what waits, then what came too early."""
        self._online = self._begins = True
        self._next()
        early, self._early = self._early, ()
        for message, size, unreadable in early:
            self.receive(message, size, unreadable)

    def pause(self) -> None:
        """Finish the command in hand, begin no other; what comes is taken or refused as before."""
        self._begins = False

    def close(self) -> None:
        """The connection is gone: finish the command in hand, begin no other."""
        self._online = self._begins = False

    def forget_waiting(self) -> None:
        """The device restarts: what was not handled is gone, what was answered is remembered."""
        self._urgent.clear()
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._current = None
        self.busy = False

    def receive(self, message: Mapping[str, Any], size: int, unreadable: str = "") -> None:
        """A message of the platform that is no reply, `size` bytes of JSON; `unreadable` says why it cannot be read."""
        if not self._online:
            self._keep_early(message, size, unreadable)
            return
        env = self._env
        settings = self._settings
        package_bytes = settings.max_package_kb * 1024
        mid, func_id = message.get("mid"), message.get("funcId")
        cmd_id = params_of(message).get("cmdId")
        known_id = cmd_id if isinstance(cmd_id, str) else ""
        mid = mid if isinstance(mid, str) else ""
        name = func_id if isinstance(func_id, str) else ""
        now = env.clock.monotonic()
        if known_id:
            stored = self._answered.get(known_id)
            if stored is not None:
                env.recorder.anomaly("repeated command", label(name), env.clock.wall())
                self._send(name, mid, known_id, stored, now)
                return
            pending = self._find(known_id)
            if pending is not None:
                env.recorder.anomaly("repeated command", name, env.clock.wall())
                pending.mid = mid
                return
        violation = validate_command(message)
        if size > package_bytes:
            violation = Violation(MALFORMED, "the message", f"is larger than {package_bytes} bytes")
        elif unreadable:
            violation = Violation(MALFORMED, "the message", unreadable)
        if violation is not None:
            outcome = (violation.code, str(violation))
            if size <= package_bytes:
                # A larger one is refused anew each time: of its cmdId alone a thousand may be too much to keep.
                self._remember(known_id, outcome)
            self._send(name, mid, known_id, outcome, now)
            return
        if len(self._urgent) + len(self._waiting) >= settings.max_pending_commands:
            # Not remembered: the same command may be sent again when there is room.
            self._send(name, mid, known_id, (BUSY, "too many commands wait"), now)
            return
        command = _Command(name, known_id, mid, params_of(message), now)
        (self._urgent if is_urgent(message) else self._waiting).append(command)
        self.busy = True
        self._next()

    def _keep_early(self, message: Mapping[str, Any], size: int, unreadable: str) -> None:
        if len(self._early) < _MAX_EARLY and size + sum(each[1] for each in self._early) <= _MAX_EARLY_BYTES:
            self._early = (*self._early, (message, size, unreadable))
        else:
            detail = "more commands came before the reply to dev.report than the device keeps"
            self._env.recorder.anomaly("command dropped", detail, self._env.clock.wall())

    def _find(self, cmd_id: str) -> _Command | None:
        if self._current is not None and self._current.cmd_id == cmd_id:
            return self._current
        for queue in (self._urgent, self._waiting):
            for command in queue:
                if command.cmd_id == cmd_id:
                    return command
        return None

    def _next(self) -> None:
        """Begin the next command, if the device is free and online."""
        while self._begins and self._current is None:
            queue = self._urgent or self._waiting
            if not queue:
                return
            self._current = queue.popleft()
            bounds = self._handling_of(self._current.func_id)
            if bounds is not None and bounds.high > 0:
                delay = self._rng.uniform(bounds.low, bounds.high)
                self._timer = self._env.timers.call_later(delay, self._apply)
                return
            self._apply(go_on=False)

    def _apply(self, go_on: bool = True) -> None:
        command = self._current
        assert command is not None
        self._timer = None
        try:
            outcome = HANDLERS[command.func_id](self._memory, self._effects, command.params)
        except Exception as error:  # noqa: BLE001 - one command must not end the device; the fault is answered and shown
            self._fault(error)
            outcome = (INTERNAL, "internal fault")
        if isinstance(outcome, tuple):
            self._done(outcome, go_on=go_on)
            return
        self._task = asyncio.ensure_future(outcome)
        self._task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Future[Outcome]) -> None:
        if task.cancelled() or self._task is not task:
            return
        self._task = None
        error = task.exception()
        if error is not None:
            self._fault(error)
            self._done((INTERNAL, "internal fault"), go_on=True)
        else:
            self._done(task.result(), go_on=True)

    def _done(self, outcome: Outcome, *, go_on: bool) -> None:
        command = self._current
        assert command is not None
        self._current = None
        self._remember(command.cmd_id, outcome)
        self._send(command.func_id, command.mid, command.cmd_id, outcome, command.arrived)
        if outcome[0] == SUCCESS:
            self._effects.command_applied(command.func_id)
        self.busy = bool(self._urgent) or bool(self._waiting)
        if go_on:
            self._next()
        if not self.busy:
            self._on_idle()

    def _send(self, name: str, mid: str, cmd_id: str, outcome: Outcome, arrived: float) -> None:
        env = self._env
        code, text = outcome
        handling = env.clock.monotonic() - arrived
        # Of what only a broken platform names so, nothing is sent back: the answer would be too large itself.
        if self._answer(mid if len(mid) <= _ECHOED else "", cmd_id if len(cmd_id) <= _ECHOED else "", code, text):
            counted = name if name in HANDLERS else _counted(name)
            env.recorder.command(counted, env.clock.wall() - handling, handling, code)
            if code != SUCCESS:
                env.recorder.detail(counted, code, text, env.clock.wall())

    def _remember(self, cmd_id: str, outcome: Outcome) -> None:
        if cmd_id:
            self._answered[cmd_id] = outcome
            if len(self._answered) > REMEMBERED:
                del self._answered[next(iter(self._answered))]

    def _handling_of(self, func_id: str) -> Range | None:
        handling = self._settings.handling
        name = func_id
        while handling and name:
            bounds = handling.get(name)
            if bounds is not None:
                return bounds
            name = name.rpartition(".")[0]
        return None

    def _fault(self, error: BaseException) -> None:
        self._env.log(logging.ERROR, f"a command failed: {describe(error)}")
        self._env.internal_error("command.exception", error, self._index)
