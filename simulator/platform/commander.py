"""Sends commands: when the rules say so, never more at a time than a device takes, and again after a reconnect.

A command stands in the ledger before it is sent and keeps its cmdId until it is answered, over reconnects and restarts;
each sending has a mid of its own. What a command carries is `contents`'; the connection is a `Link`.
"""

import hashlib
from collections import deque
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Protocol

from simulator.clock import Clock, TimerHandle, TimerQueue
from simulator.platform.contents import Content, Contents, Draft, Target
from simulator.platform.ledger import Ledger
from simulator.platform.settings import PlatformSettings, PushMoment, PushRule
from simulator.platform.tally import Tally
from simulator.protocol import codes
from simulator.protocol.envelope import encode_command

_PROVISIONING = (-1, 0)
"""Origin of the first users, meetings and members; other commands have the rule's place and its firing."""
_QUERY_SECONDS = 10.0
"""All users that were asked for come within this time (docs/deviations.md)."""
_SLICE = 200
"""Devices served in one turn by a push that goes to all at once: the event loop must not stop for thousands."""
_NEW_RUN_SECONDS = 600.0
"""A ledger that nobody wrote for so long belongs to an earlier run: the platform's zero begins anew."""

QUERY_USER = "cmd.data.query.user"


class Link(Protocol):
    """A device that is online, as the commander sees it."""

    sn: str
    max_pending: int
    """Commands that may wait for an answer at a time."""
    package_bytes: int
    template_type: str | None

    def supports(self, func_id: str) -> bool:
        """Whether the device listed the funcId in its report."""
        ...

    def deliver(self, func_id: str, json: bytes) -> bool:
        """Send a message; False where the connection is gone."""
        ...


class Command:
    """One command on its way."""

    __slots__ = ("cmd_id", "content", "func_id", "mid", "urgent")

    def __init__(self, cmd_id: int, func_id: str, content: Content, urgent: bool) -> None:
        self.cmd_id = cmd_id
        self.func_id = func_id
        self.content = content
        self.urgent = urgent
        self.mid = ""

    def encode(self) -> bytes:
        """The whole message; the params that devices share are put in as they are."""
        frame = encode_command(self.func_id, self.mid, {"cmdId": str(self.cmd_id)}, imme="1" if self.urgent else None)
        params = self.content.json[1:-1]
        return frame if not params else b"".join((frame[:-3], b",", params, frame[-3:]))


class _Device:
    """The commands of one device, online or not."""

    __slots__ = ("fired", "in_flight", "link", "query", "timers", "urgent", "waiting")

    def __init__(self) -> None:
        self.link: Link | None = None
        self.waiting: deque[Command] = deque()
        self.urgent: deque[Command] = deque()
        self.in_flight: dict[int, Command] = {}
        self.fired: dict[int, int] = {}
        """How often each rule fired in this run."""
        self.timers: list[TimerHandle] = []
        self.query: int | None = None
        """cmdId of a query whose users are still coming."""


class Commander:
    """The commands of all devices.

    Args:
        timers: Where the rules wait; whoever owns the event loop runs it.
        photo_url: Address of a photo, for a device's sn and a user's pin.
    """

    def __init__(
        self,
        settings: PlatformSettings,
        ledger: Ledger,
        tally: Tally,
        timers: TimerQueue,
        clock: Clock,
        *,
        seed: int,
        photo_url: Callable[[str, str], str],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._tally = tally
        self._timers = timers
        self._clock = clock
        self._seed = seed
        self._photo_url = photo_url
        self._random = Random(f"{seed}/pushes")
        self._contents = Contents(settings, seed)
        self._devices: dict[str, _Device] = {}
        self._next_cmd_id = 1 + int(ledger.value("SELECT coalesce(max(cmd_id), 1000) FROM commands"))
        self._mid_prefix = f"p{int(clock.wall() * 1000):x}"
        self._mids = 0
        self._zero: float | None = self._kept_zero()
        if self._zero is not None:
            self._start_clockwork(self._zero)

    # What the broker tells

    def online(self, link: Link) -> None:
        """A device has got the reply to its report."""
        zero = self._zero
        if zero is None:
            zero = self._zero = self._clock.wall()
            self._ledger.set_meta("zero", repr(zero))
            self._start_clockwork(zero)
        device = self._devices.get(link.sn)
        if device is None:
            device = self._devices[link.sn] = self._remembered(link.sn, zero)
        device.link = link
        self._provision(device, link, zero)
        for origin, rule in enumerate(self._settings.pushes):
            if rule.moment is PushMoment.AT or not self._chosen(origin, rule, link.sn):
                continue
            wait = rule.seconds if rule.moment is PushMoment.ONLINE else self._random.random() * rule.seconds
            if wait <= 0 and rule.moment is PushMoment.ONLINE:
                self._fire(device, origin, rule)
            else:
                self._after(device, wait, origin, rule)
        self._send_waiting(device)

    def offline(self, sn: str, link: Link) -> None:
        """The connection is gone: what it has not answered waits for the next one, with the same cmdId."""
        device = self._devices.get(sn)
        if device is None or device.link is not link:
            return
        device.link = None
        for timer in device.timers:
            timer.cancel()
        device.timers.clear()
        for command in sorted(device.in_flight.values(), key=lambda one: -one.cmd_id):
            (device.urgent if command.urgent else device.waiting).appendleft(command)
        device.in_flight.clear()

    def answered(self, sn: str, cmd_id: str, mid: str, code: str) -> None:
        """A `dev.cmd.response` has come."""
        device = self._devices.get(sn)
        command = None
        if device is not None and cmd_id.isascii() and cmd_id.isdigit():
            command = device.in_flight.pop(int(cmd_id), None) if len(cmd_id) < 19 else None
        if device is None or command is None:
            known = self._ledger.value("SELECT 1 FROM commands WHERE sn = ? AND cmd_id = ?", (sn, cmd_id))
            self._tally.event("repeated command answer" if known else "answer to an unknown command")
            return
        if mid != command.mid:
            self._tally.event("command answer with another mid")
        self._ledger.write(
            "UPDATE commands SET answered = ?, code = ? WHERE cmd_id = ?", (self._clock.wall(), code, command.cmd_id)
        )
        if command.func_id == QUERY_USER and code == codes.SUCCESS:
            device.query = command.cmd_id
            self._ledger.write("UPDATE commands SET uploads = coalesce(uploads, 0) WHERE cmd_id = ?", (command.cmd_id,))
            # Not one of the device's timers: a query goes on over a reconnect, and its end is noted in any case.
            self._timers.call_later(_QUERY_SECONDS, self._query_over, device, command.cmd_id)
        self._send_waiting(device)

    def uploaded_users(self, sn: str) -> None:
        """The device sent users: perhaps those it was asked for."""
        device = self._devices.get(sn)
        if device is None:
            return
        asked = device.query
        if asked is None:
            # A device may send the users before it says that it will.
            asked = next((one.cmd_id for one in device.in_flight.values() if one.func_id == QUERY_USER), None)
        if asked is not None:
            self._ledger.write("UPDATE commands SET uploads = coalesce(uploads, 0) + 1 WHERE cmd_id = ?", (asked,))

    def active(self) -> None:
        """Note that the run goes on; called from time to time."""
        if self._zero is not None:
            self._ledger.set_meta("active", repr(self._clock.wall()))

    # Rules

    def _start_clockwork(self, zero: float) -> None:
        for origin, rule in enumerate(self._settings.pushes):
            wait = zero + rule.seconds - self._clock.wall()
            # One that lies in the past was sent before a restart.
            if rule.moment is PushMoment.AT and wait >= 0:
                self._timers.call_later(wait, self._fire_at_all, origin, rule)

    def _fire_at_all(self, origin: int, rule: PushRule) -> None:
        online = [sn for sn, device in self._devices.items() if device.link is not None]
        self._fire_slice(origin, rule, [sn for sn in online if self._chosen(origin, rule, sn)])

    def _fire_slice(self, origin: int, rule: PushRule, serials: list[str]) -> None:
        for sn in serials[:_SLICE]:
            self._ledger.perform(partial(self._fire_and_send, self._devices[sn], origin, rule))
        if len(serials) > _SLICE:
            self._timers.call_later(0, self._fire_slice, origin, rule, serials[_SLICE:])

    def _after(self, device: _Device, wait: float, origin: int, rule: PushRule) -> None:
        if len(device.timers) > 8 + 2 * len(self._settings.pushes):
            device.timers = [timer for timer in device.timers if timer.callback is not None]
        device.timers.append(self._timers.call_later(wait, self._due, device, origin, rule))

    def _due(self, device: _Device, origin: int, rule: PushRule) -> None:
        if rule.moment is PushMoment.EVERY:
            self._after(device, rule.seconds, origin, rule)
        self._ledger.perform(partial(self._fire_and_send, device, origin, rule))

    def _fire_and_send(self, device: _Device, origin: int, rule: PushRule) -> None:
        self._fire(device, origin, rule)
        self._send_waiting(device)

    def _fire(self, device: _Device, origin: int, rule: PushRule) -> None:
        link = device.link
        fired = device.fired.get(origin, 0)
        if link is None or (rule.times is not None and fired >= rule.times):
            return
        if not rule.unknown and not link.supports(rule.command):
            self._tally.event("command the device does not support")
            return
        device.fired[origin] = fired + 1
        for draft in self._contents.for_rule(rule, fired, self._target(device, link)):
            self._queue(device, link.sn, (origin, fired), draft, rule.urgent)

    def _chosen(self, origin: int, rule: PushRule, sn: str) -> bool:
        if rule.share >= 1:
            return True
        digest = hashlib.blake2b(f"{self._seed}/{origin}/{sn}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < rule.share * 2**64

    def _provision(self, device: _Device, link: Link, zero: float) -> None:
        settings = self._settings
        if not settings.users and not settings.meetings.count:
            return
        done = self._ledger.value("SELECT provisioned FROM devices WHERE sn = ?", (link.sn,))
        if done is not None and done >= zero:
            return
        for draft in self._contents.provisioning(self._target(device, link)):
            if link.supports(draft[0]):
                self._queue(device, link.sn, _PROVISIONING, draft, False)
        self._ledger.write("UPDATE devices SET provisioned = ? WHERE sn = ?", (self._clock.wall(), link.sn))

    def _target(self, device: _Device, link: Link) -> Target:
        def added(command: str) -> int:
            rules = enumerate(self._settings.pushes)
            return sum(rule.count * device.fired.get(place, 0) for place, rule in rules if rule.command == command)

        return Target(
            sn=link.sn,
            package_bytes=link.package_bytes,
            template_type=link.template_type,
            zero=self._zero or self._clock.wall(),
            photo_url=partial(self._photo_url, link.sn),
            added=added,
        )

    # Queue and ledger

    def _queue(self, device: _Device, sn: str, origin: tuple[int, int], draft: Draft, urgent: bool) -> None:
        func_id, content = draft
        command = Command(self._next_cmd_id, func_id, content, urgent)
        self._next_cmd_id += 1
        self._ledger.write(
            "INSERT INTO commands (cmd_id, sn, origin, firing, func_id, content, urgent, created) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (command.cmd_id, sn, *origin, func_id, self._row_of(content), int(urgent), self._clock.wall()),
        )
        (device.urgent if urgent else device.waiting).append(command)

    def _row_of(self, content: Content) -> int:
        if content.row is None:
            self._ledger.write(
                "INSERT INTO contents (sha256, params) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (content.digest, content.json.decode()),
            )
            content.row = int(self._ledger.value("SELECT id FROM contents WHERE sha256 = ?", (content.digest,)))
        return content.row

    def _send_waiting(self, device: _Device) -> None:
        link = device.link
        if link is None:
            return
        while len(device.in_flight) < link.max_pending and (device.urgent or device.waiting):
            command = (device.urgent or device.waiting).popleft()
            self._mids += 1
            command.mid = f"{self._mid_prefix}n{self._mids}"
            device.in_flight[command.cmd_id] = command
            self._ledger.write(
                "UPDATE commands SET sent = ?, sent_times = sent_times + 1 WHERE cmd_id = ?",
                (self._clock.wall(), command.cmd_id),
            )
            # A cmdId must not be given out again after a kill: the device would take the next command for this one.
            self._ledger.when_durable(partial(self._send, device, link, command, command.mid))

    def _send(self, device: _Device, link: Link, command: Command, mid: str, durable: bool) -> None:
        if device.link is link and device.in_flight.get(command.cmd_id) is command and command.mid == mid and durable:
            link.deliver(command.func_id, command.encode())

    def _query_over(self, device: _Device, cmd_id: int) -> None:
        if device.query == cmd_id:
            device.query = None
        over = "UPDATE commands SET uploads = -1 WHERE cmd_id = ? AND uploads = 0"
        self._ledger.perform(lambda: self._ledger.write(over, (cmd_id,)))

    def _remembered(self, sn: str, zero: float) -> _Device:
        device = _Device()
        if self._ledger.was_empty:
            return device
        for cmd_id, func_id, params, urgent in self._ledger.rows(
            "SELECT cmd_id, func_id, params, urgent FROM commands JOIN contents ON contents.id = content "
            "WHERE sn = ? AND answered IS NULL ORDER BY cmd_id",
            (sn,),
        ):
            queue = device.urgent if urgent else device.waiting
            queue.append(Command(cmd_id, func_id, Content(params.encode()), bool(urgent)))
        device.fired.update(
            self._ledger.rows(
                "SELECT origin, max(firing) + 1 FROM commands WHERE sn = ? AND created >= ? AND origin >= 0 "
                "GROUP BY origin",
                (sn, zero),
            )
        )
        return device

    def _kept_zero(self) -> float | None:
        active = self._ledger.meta("active")
        zero = self._ledger.meta("zero")
        if active is None or zero is None or self._clock.wall() - float(active) > _NEW_RUN_SECONDS:
            return None
        return float(zero)
