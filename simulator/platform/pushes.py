"""What is pushed when: the first users and meetings of each device, and the commands of the rules.

Sends nothing itself: `device_commands` does, as fast as a device takes it. What a command carries is `contents`'.
"""

import hashlib
from collections.abc import Callable
from functools import partial
from random import Random

from simulator.clock import TimerHandle
from simulator.platform.contents import Contents, Target
from simulator.platform.device_commands import CommandNumbers, DeviceCommands, Link
from simulator.platform.ledger.commands import CommandTable
from simulator.platform.services import Services
from simulator.platform.settings import PushMoment, PushRule

_PROVISIONING = (-1, 0)
"""Origin of the first users, meetings and members; other commands have the rule's place and its firing."""
_BEFORE = {
    "cmd.data.update.meetingMember": ("cmd.data.update.user", "cmd.data.update.meeting"),
    "cmd.data.update.multiCard": ("cmd.data.update.user",),
}
"""Without these, which a device may not support, a first command would speak of what it does not have."""
_SLICE = 200
"""Devices served in one turn by a push that goes to all at once: the event loop must not stop for thousands."""
_NEW_RUN_SECONDS = 600.0
"""A ledger that nobody wrote for so long belongs to an earlier run: the platform's zero begins anew."""


class _Device:
    """What the rules did to one device, online or not."""

    __slots__ = ("commands", "fired", "timers")

    def __init__(self, commands: DeviceCommands) -> None:
        self.commands = commands
        self.fired: dict[int, int] = {}
        """How often each rule fired in this run."""
        self.timers: list[TimerHandle] = []


class Pushes:
    """The pushes to all devices of one platform.

    Args:
        photo_url: Address of a photo, for a device's sn and a user's pin.
    """

    def __init__(self, services: Services, photo_url: Callable[[str, str], str]) -> None:
        self._services = services
        self._settings = services.settings
        self._ledger = services.ledger
        self._timers = services.timers
        self._clock = services.clock
        self._photo_url = photo_url
        self._random = Random(f"{services.seed}/pushes")
        self._contents = Contents(services.settings, services.seed)
        self._table = CommandTable(services.ledger)
        self._numbers = CommandNumbers(self._table, services.clock.wall())
        self._devices: dict[str, _Device] = {}
        self.on_zero: Callable[[float], None] = lambda zero: None
        """Told the platform's zero when its first device comes online here."""
        self._zero: float | None = self._kept_zero()
        if self._zero is not None:
            self._wait_for_moments(self._zero)

    # --- What devices do ---

    def online(self, link: Link) -> None:
        """A device has got the reply to its report."""
        zero = self._zero
        if zero is None:
            zero = self._clock.wall()
            self._begin(zero)
            self.on_zero(zero)
        device = self._devices.get(link.sn)
        if device is None:
            device = self._devices[link.sn] = self._remembered(link.sn, zero)
        device.commands.link = link
        self._provision(device, link, zero)
        for place, rule in enumerate(self._settings.pushes):
            if rule.moment is PushMoment.AT or not self._chosen(place, rule, link.sn):
                continue
            wait = rule.seconds if rule.moment is PushMoment.ONLINE else self._random.random() * rule.seconds
            if wait <= 0 and rule.moment is PushMoment.ONLINE:
                self._fire(device, place, rule)
            else:
                self._after(device, wait, place, rule)
        device.commands.send_waiting()

    def began_elsewhere(self, zero: float) -> None:
        """The platform's first device came online at another of its processes."""
        if self._zero is None:
            self._ledger.perform(partial(self._begin, zero))

    def offline(self, sn: str, link: Link) -> None:
        """The connection is gone, unless a newer one has taken its place."""
        device = self._devices.get(sn)
        if device is None or device.commands.link is not link:
            return
        for timer in device.timers:
            timer.cancel()
        device.timers.clear()
        device.commands.disconnected()

    def answered(self, sn: str, cmd_id: str, mid: str, code: str) -> None:
        """A `dev.cmd.response` has come."""
        device = self._devices.get(sn)
        if device is None or not device.commands.answered(cmd_id, mid, code):
            known = self._table.is_known(sn, cmd_id)
            self._services.tally.event("repeated command answer" if known else "answer to an unknown command")

    def uploaded_users(self, sn: str) -> None:
        """The device sent users: perhaps those it was asked for."""
        device = self._devices.get(sn)
        if device is not None:
            device.commands.uploaded_users()

    # --- The run ---

    def active(self) -> None:
        """Note that the run goes on; called from time to time."""
        if self._zero is not None:
            self._table.run_active(self._clock.wall())

    def _begin(self, zero: float) -> None:
        if self._zero is None:
            self._table.run_began(zero)
            self._zero = zero
            self._wait_for_moments(zero)

    def _kept_zero(self) -> float | None:
        run = self._table.run()
        if run is None:
            return None
        began, active = run
        return None if self._clock.wall() - active > _NEW_RUN_SECONDS else began

    def _remembered(self, sn: str, zero: float) -> _Device:
        device = _Device(DeviceCommands(self._services, self._table, self._numbers))
        if not self._ledger.was_empty:
            device.commands.restore(sn)
            device.fired.update(self._table.fired(sn, zero))
        return device

    # --- Rules ---

    def _wait_for_moments(self, zero: float) -> None:
        for place, rule in enumerate(self._settings.pushes):
            wait = zero + rule.seconds - self._clock.wall()
            # One that lies in the past was sent before a restart.
            if rule.moment is PushMoment.AT and wait >= 0:
                self._timers.call_later(wait, self._fire_at_all, place, rule)

    def _fire_at_all(self, place: int, rule: PushRule) -> None:
        online = [sn for sn, device in self._devices.items() if device.commands.link is not None]
        self._fire_slice(place, rule, [sn for sn in online if self._chosen(place, rule, sn)])

    def _fire_slice(self, place: int, rule: PushRule, serials: list[str]) -> None:
        for sn in serials[:_SLICE]:
            self._ledger.perform(partial(self._fire_and_send, self._devices[sn], place, rule))
        if len(serials) > _SLICE:
            self._timers.call_later(0, self._fire_slice, place, rule, serials[_SLICE:])

    def _after(self, device: _Device, wait: float, place: int, rule: PushRule) -> None:
        if len(device.timers) > 8 + 2 * len(self._settings.pushes):
            device.timers = [timer for timer in device.timers if timer.callback is not None]
        device.timers.append(self._timers.call_later(wait, self._due, device, place, rule))

    def _due(self, device: _Device, place: int, rule: PushRule) -> None:
        if rule.moment is PushMoment.EVERY:
            self._after(device, rule.seconds, place, rule)
        self._ledger.perform(partial(self._fire_and_send, device, place, rule))

    def _fire_and_send(self, device: _Device, place: int, rule: PushRule) -> None:
        self._fire(device, place, rule)
        device.commands.send_waiting()

    def _fire(self, device: _Device, place: int, rule: PushRule) -> None:
        link = device.commands.link
        fired = device.fired.get(place, 0)
        if link is None or (rule.times is not None and fired >= rule.times):
            return
        if not rule.unknown and rule.command not in link.reported.func_ids:
            self._services.tally.event("command the device does not support")
            return
        device.fired[place] = fired + 1
        for draft in self._contents.for_rule(rule, fired, self._target(device, link)):
            device.commands.queue(link.sn, (place, fired), draft, rule.urgent)

    def _chosen(self, place: int, rule: PushRule, sn: str) -> bool:
        if rule.share >= 1:
            return True
        digest = hashlib.blake2b(f"{self._services.seed}/{place}/{sn}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") < rule.share * 2**64

    def _provision(self, device: _Device, link: Link, zero: float) -> None:
        if not self._settings.users and not self._settings.meetings.count:
            return
        done = self._services.devices.provisioned_at(link.sn)
        if done is not None and done >= zero:
            return
        for draft in self._contents.provisioning(self._target(device, link)):
            if link.reported.func_ids.issuperset((draft[0], *_BEFORE.get(draft[0], ()))):
                device.commands.queue(link.sn, _PROVISIONING, draft, False)
            else:
                self._services.tally.event("command the device does not support")
        self._services.devices.provisioned(link.sn, self._clock.wall())

    def _target(self, device: _Device, link: Link) -> Target:
        def added(command: str) -> int:
            rules = enumerate(self._settings.pushes)
            return sum(
                rule.count * device.fired.get(place, 0)
                for place, rule in rules
                if rule.command == command and rule.meeting is None
            )

        return Target(
            sn=link.sn,
            package_bytes=link.reported.package_bytes,
            template_type=link.reported.template_type,
            zero=self._zero or self._clock.wall(),
            photo_url=partial(self._photo_url, link.sn),
            added=added,
        )
