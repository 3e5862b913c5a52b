"""The commands that wait at a device: urgent ones first, a bounded number, each applied once and always answered.

What comes before the device is online is kept, within bounds, for that moment.
An answer that finds no connection is kept as the command's stored code: the platform sends the command again with the
same `cmdId`, and is answered from there (docs/deviations.md).
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from simulator.clock import TimerHandle
from simulator.device.commands.answered import Answered
from simulator.device.commands.failures import REFUSALS, Fate, is_wanted
from simulator.device.commands.findings import Fault, faults_of, mark_of
from simulator.device.commands.handlers import HANDLERS, CommandEffects, Outcome
from simulator.device.commands.prefixes import by_prefix
from simulator.device.environment import Environment
from simulator.device.fifo import Fifo
from simulator.device.memory import Memory
from simulator.device.settings import DeviceSettings
from simulator.device.witness import Witness
from simulator.faults import describe
from simulator.judge.commands import ReadCommand, read_command
from simulator.measurements.names import NOT_ANSWERED
from simulator.measurements.observation_rules import COMMAND_DROPPED, COMMAND_REPEATED
from simulator.measurements.violation_rules import COMMAND_TOO_MANY
from simulator.protocol.codes import BUSY, INTERNAL, SUCCESS, UNKNOWN_FUNC_ID
from simulator.shown import label

OTHER_COMMAND = "cmd.(other)"
"""What is counted for a message of the platform whose funcId is no command's."""

_MAX_EARLY = 100
_MAX_EARLY_BYTES = 256 * 1024
"""Commands that are kept for the moment at which the device is online; no platform has so much to say before."""

_TOLD = 64
"""Answered mids that a device remembers over MQTT: a message that comes twice does so soon."""
_ECHOED = 1_024
"""Characters of a mid and of a cmdId that an answer repeats at most."""

Answer = Callable[[str, str, str, str], bool]
"""Sends `dev.cmd.response`: mid, cmdId, code, message; False when there is no connection."""


def _counted(func_id: str) -> str:
    """Under which name an unknown command is counted, however long and whatever of it is printable."""
    # Under its own name, `dev.heartbeat` would be taken for a request of the device.
    return label(func_id) if func_id.startswith("cmd.") else OTHER_COMMAND


class _Command:
    __slots__ = ("arrived", "cmd_id", "connection", "delay", "fate", "func_id", "mark", "mid", "params")

    def __init__(self, read: ReadCommand, mark: int, arrived: float, connection: int) -> None:
        self.func_id = read.func_id
        self.cmd_id = read.cmd_id
        self.mid = read.mid
        """Of the latest sending: where the platform repeated the command before it was answered, it waits for that."""
        self.params = read.params
        self.mark = mark
        self.arrived = arrived
        self.connection = connection
        """Over which one the platform sent it last."""
        self.fate = Fate.CARRIED_OUT
        self.delay = 0.0
        """Seconds that it takes beside those of the group's `handling`."""


class CommandQueue:
    """Handles one command at a time.

    Args:
        witness: told what is wrong with the commands.
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
        "_memory",
        "_on_idle",
        "_online",
        "_opened",
        "_rng",
        "_settings",
        "_task",
        "_timer",
        "_told",
        "_urgent",
        "_waiting",
        "_witness",
        "busy",
    )

    def __init__(
        self,
        env: Environment,
        memory: Memory,
        effects: CommandEffects,
        rng: random.Random,
        *,
        settings: DeviceSettings,
        witness: Witness,
        answer: Answer,
        on_idle: Callable[[], None],
    ) -> None:
        self._env = env
        self._memory = memory
        self._effects = effects
        self._rng = rng
        self._settings = settings
        self._witness = witness
        self._answer = answer
        self._on_idle = on_idle
        self._urgent: Fifo[_Command] = Fifo()
        self._waiting: Fifo[_Command] = Fifo()
        self._current: _Command | None = None
        self._timer: TimerHandle | None = None
        self._task: asyncio.Future[Outcome] | None = None
        self._answered = Answered()
        self._told: deque[int] | None = None if settings.mqtt is None else deque(maxlen=_TOLD)
        """Over a transport that may deliver twice: mids that were answered, with their cmdIds, as hashes."""
        self._early: tuple[tuple[Mapping[str, Any], int, str, bool], ...] = ()
        """What came before the device was online, as `receive` was given it."""
        self._opened = 0
        """Connections over which the device was online."""
        self._online = False
        """Whether the device is online; not even an answer goes out before the reply to dev.report."""
        self._begins = False
        """Whether a command that waits is begun when the one before it is done."""
        self.busy = False
        """Whether a command waits or is handled; what `isFree` says. An attribute, as every heartbeat asks."""

    def open(self) -> None:
        """The device is online: handle what waits, then what came too early."""
        self._online = self._begins = True
        self._opened += 1
        self._next()
        early, self._early = self._early, ()
        for message, size, unreadable, too_early in early:
            self._receive(message, size, unreadable, too_early)

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

    def lose_power(self) -> None:
        """Nothing is handled any more, and what came and what was answered is forgotten."""
        self.close()
        self.forget_waiting()
        self._early = ()
        self._answered = Answered()
        if self._told is not None:
            self._told.clear()

    def receive(self, message: Mapping[str, Any], size: int, unreadable: str, early: bool) -> None:
        """A message of the platform that is no reply, `size` bytes of JSON.

        Args:
            unreadable: why it cannot be read, where that is so.
            early: whether it came before the reply to dev.report.
        """
        if self._online:
            self._receive(message, size, unreadable, early)
        else:
            self._keep_early(message, size, unreadable, early)

    def _receive(self, message: Mapping[str, Any], size: int, unreadable: str, early: bool) -> None:
        settings, witness = self._settings, self._witness
        now = self._env.clock.monotonic()
        read = read_command(message, self._effects.zone())
        if self._told is not None and self._delivered_twice(read):
            return
        mark = mark_of(read)
        faults = faults_of(read, size, unreadable, settings.max_package_kb * 1024, settings.functions)
        if self._mid_repeated(read, mark):
            faults.append(Fault.mid_repeated())
        if self._reused(read, mark):
            faults.append(Fault.cmd_id_reused())
        for fault in faults:
            if fault.rule:
                witness.violation(fault.rule, label(read.func_id), f"{label(read.func_id)}: {fault}")
        for unusual in read.judgement.observations:
            witness.observation(unusual.rule, label(read.func_id), f"{label(read.func_id)}: {unusual}")
        if self._repeated(read, mark, now):
            return
        refusal = next((fault for fault in faults if fault.decides or settings.strict), None)
        if refusal is None and early and settings.strict:
            refusal = Fault.early()
        if refusal is not None:
            outcome = (refusal.code, str(refusal))
            if refusal.remembered:
                self._answered.keep(read.cmd_id, mark, outcome)
            self._send(read.func_id, read.mid, read.cmd_id, outcome, now)
            return
        waiting = len(self._urgent) + len(self._waiting)
        unanswered = self._unanswered()
        many = unanswered >= settings.max_pending_commands
        if many:
            found = f"{read.func_id} came when {unanswered} commands waited for their answers"
            witness.violation(COMMAND_TOO_MANY, read.func_id, found)
        if waiting >= settings.max_pending_commands or (many and settings.strict):
            # Not remembered: the same command may be sent again when there is room.
            self._send(read.func_id, read.mid, read.cmd_id, (BUSY, "too many commands wait"), now)
            return
        command = _Command(read, mark, now, self._opened)
        failures = by_prefix(settings.command_failures, read.func_id)
        if failures is not None:
            command.fate = failures.draw(read.func_id, self._rng)
            command.delay = failures.delay(self._rng)
            if command.fate is Fate.BUSY:
                self._send(read.func_id, read.mid, read.cmd_id, (BUSY, "the device is busy"), now, wanted=True)
                return
        (self._urgent if read.urgent else self._waiting).append(command)
        self.busy = True
        self._next()

    def _delivered_twice(self, read: ReadCommand) -> bool:
        """Whether it is the same message once more: it was answered, or will be."""
        assert self._told is not None, "asked over such a transport alone"
        if hash((read.mid, read.cmd_id)) in self._told:
            return True
        pending = self._find(read.cmd_id) if read.cmd_id else None
        return pending is not None and pending.mid == read.mid

    def _mid_repeated(self, read: ReadCommand, mark: int) -> bool:
        """Whether another command had this mid on this connection; the same one sent again may keep it."""
        if not read.mid:
            return False
        same = hash(read.cmd_id) if read.cmd_id else mark
        key = hash((self._witness.index, self._opened, read.mid))
        return self._env.recall.mids.before(key, same) not in (None, same)

    def _reused(self, read: ReadCommand, mark: int) -> bool:
        """Whether another command had this cmdId."""
        if not read.cmd_id:
            return False
        pending = self._find(read.cmd_id)
        known = self._answered.mark_of(read.cmd_id) if pending is None else pending.mark
        return known is not None and known != mark

    def _repeated(self, read: ReadCommand, mark: int, now: float) -> bool:
        """Whether the cmdId is known: the command is answered as before then, or, while it waits, once."""
        if not read.cmd_id:
            return False
        stored = self._answered.outcome_of(read.cmd_id)
        pending = None if stored is not None else self._find(read.cmd_id)
        if stored is None and pending is None:
            return False
        name = label(read.func_id)
        if (self._answered.mark_of(read.cmd_id) if pending is None else pending.mark) == mark:
            when = "after it was answered" if pending is None else "before it was answered"
            self._witness.observation(COMMAND_REPEATED, name, f"{name}: sent again {when}")
        if stored is not None:
            self._send(read.func_id, read.mid, read.cmd_id, stored, now)
        elif pending is not None:
            pending.mid, pending.connection = read.mid, self._opened
        return True

    def _unanswered(self) -> int:
        """Commands of this connection without an answer; those of a lost one the platform may have given up."""
        commands = [*self._urgent, *self._waiting]
        if self._current is not None:
            commands.append(self._current)
        return sum(command.connection == self._opened for command in commands)

    def _keep_early(self, message: Mapping[str, Any], size: int, unreadable: str, early: bool) -> None:
        if len(self._early) < _MAX_EARLY and size + sum(each[1] for each in self._early) <= _MAX_EARLY_BYTES:
            self._early = (*self._early, (message, size, unreadable, early))
        else:
            found = "more commands came before the reply to dev.report than the device keeps"
            self._witness.observation(COMMAND_DROPPED, "", found)

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
            self._current = command = queue.popleft()
            bounds = by_prefix(self._settings.handling, command.func_id)
            delay = command.delay
            if bounds is not None and bounds.high > 0:
                delay += self._rng.uniform(bounds.low, bounds.high)
            if delay > 0:
                self._timer = self._env.timers.call_later(delay, self._apply)
                return
            self._apply(go_on=False)

    def _apply(self, go_on: bool = True) -> None:
        command = self._current
        assert command is not None
        self._timer = None
        refusal = REFUSALS.get(command.fate)
        if refusal is not None:
            self._done(refusal, go_on=go_on)
            return
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
        self._answered.keep(command.cmd_id, command.mark, outcome)
        if command.fate is Fate.SILENT:
            self._not_answered(command)
        else:
            self._send(command.func_id, command.mid, command.cmd_id, outcome, command.arrived)
        if outcome[0] == SUCCESS:
            self._effects.command_applied(command.func_id)
        self.busy = bool(self._urgent) or bool(self._waiting)
        if go_on:
            self._next()
        if not self.busy:
            self._on_idle()

    def _send(
        self, name: str, mid: str, cmd_id: str, outcome: Outcome, arrived: float, *, wanted: bool = False
    ) -> None:
        """Answer and count; of a refusal that the scenario `wanted`, only the figures say so."""
        env = self._env
        code, text = outcome
        wanted = wanted or is_wanted(outcome) or (code == UNKNOWN_FUNC_ID and name in self._settings.refused_commands)
        handling = env.clock.monotonic() - arrived
        # Of what only a broken platform names so, nothing is sent back: the answer would be too large itself.
        if self._answer(mid if len(mid) <= _ECHOED else "", cmd_id if len(cmd_id) <= _ECHOED else "", code, text):
            if self._told is not None:
                self._told.append(hash((mid, cmd_id)))
            counted = name if name in HANDLERS else _counted(name)
            env.recorder.command(counted, env.clock.wall() - handling, handling, code, wanted)
            if code != SUCCESS and not wanted:
                env.recorder.detail(counted, code, text, env.clock.wall())

    def _not_answered(self, command: _Command) -> None:
        """The scenario wants silence: counted, as everything that becomes of a command."""
        env = self._env
        handling = env.clock.monotonic() - command.arrived
        env.recorder.command(command.func_id, env.clock.wall() - handling, handling, NOT_ANSWERED, True)

    def _fault(self, error: BaseException) -> None:
        self._env.log(logging.ERROR, f"a command failed: {describe(error)}")
        self._env.internal_error("command.exception", error, self._witness.index)
