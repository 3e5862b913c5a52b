"""What the faults cost a device: told apart from what the platform does, and counted under the fault.

A `DeviceAccount` stands between one device and the run's recorder. A request or a flow that a fault cut off is no
failure, one that it held up stands in no percentile of the platform's, and a connection that it ended is not lost.
What the platform itself refuses, or is too slow for after the fault has let go, stays what it is.
"""

import math
from collections.abc import Callable
from typing import Final

from simulator.fleet.faults.windows import Held, Window
from simulator.measurements import weather
from simulator.measurements.attendance import Attended, MeetingHeld
from simulator.measurements.names import (
    ACKNOWLEDGED,
    DISCONNECTED,
    FLOW_PREFIX,
    GENERATED,
    LOST,
    OWN_CODES,
    OWN_ENDINGS,
    REFUSED,
    REJECTED,
    RESTORED,
    STOPPED,
    TIMEOUT,
    DeviceState,
    is_failure,
)
from simulator.measurements.recorder import Recorder
from simulator.measurements.violation_rules import REPLY_LATE, SESSION_CLOSED_UNANNOUNCED
from simulator.protocol.catalogue import CONNECT, LOOKUP

_WAITING_CHANGES: Final = {GENERATED: 1, RESTORED: 1, ACKNOWLEDGED: -1, REFUSED: -1, REJECTED: -1, LOST: -1}
"""By how much an event changes the number of records that a device keeps."""
_MOST_WINDOWS: Final = 64
"""That are remembered beside the open ones: those of one device over hours, of which the latest can still matter."""
_JUST_NOW_S: Final = 1.0
"""What ends because a request has timed out is told within that."""
_OPENINGS: Final = (LOOKUP, CONNECT)
_ONLINE: Final = DeviceState.ONLINE.value
_STOPPED: Final = (DeviceState.STOPPED.value, DeviceState.FAILED.value)


class Hit:
    """A fault that has hit the device, until it is known what came of that.

    Attributes:
        free: when the fault let go of the device; None before.
        held: whether the run ended before the fault did.
        waiting: records more than before that wait for the platform.
    """

    __slots__ = ("back", "free", "held", "number", "seen_free", "waiting")

    def __init__(self, number: int) -> None:
        self.number = number
        self.free: float | None = None
        self.seen_free = False
        """Whether the device was online when the fault let go of it: its connection has still to prove itself."""
        self.back = self.held = False
        self.waiting = 0


class DeviceAccount:
    """The `Recorder` of one device that faults can hit; whatever is no fault's goes on to `inner`.

    Args:
        index: the device's.
        inner: the run's.
        wall: the clock that the device's events are told by.
        grace: seconds after a fault in which a connection that had lived through it may still end by it: the platform
            may have given it up meanwhile.
        state: the device's, where it lives already.
    """

    __slots__ = (
        *("_cut_off", "_disturbed_until", "_grace", "_hits", "_in_vain", "_inner", "_leaving", "_opened", "_state"),
        *("_wall", "_windows", "index"),
    )

    def __init__(
        self,
        index: int,
        inner: Recorder,
        wall: Callable[[], float],
        *,
        grace: float,
        state: str = DeviceState.OFFLINE.value,
    ) -> None:
        self.index = index
        self._inner = inner
        self._wall = wall
        self._grace = grace
        self._hits: list[Hit] = []
        self._windows: list[Window] = []
        self._disturbed_until = -math.inf
        """What began later has nothing to do with any window, so that in calm nobody looks through those of hours."""
        self._opened = 0.0
        """When the present connection was opened."""
        self._cut_off: tuple[float, Window | None] = (-math.inf, None)
        """When a fault ended a connection the last time, and which."""
        self._in_vain = (-math.inf, -math.inf)
        """From and until when the latest request that timed out was waited for."""
        self._state = state
        self._leaving = False
        """Told to stop, though the run goes on."""

    # --- What the conductor tells ---

    def hit(self, number: int, *, overtakes: bool = True) -> None:
        """Fault `number` begins for this device; with `overtakes`, one that may take it off the network."""
        now = self._wall()
        for earlier in list(self._hits):
            if overtakes and earlier.free is not None:
                self._overtaken(earlier, now)
        hit = Hit(number)
        self._inner.fault(number, weather.HIT, now, name=self._state)
        if self._leaving:
            # It delivers what waits, or is cut short in it: that it comes back afterwards is nobody's to expect.
            self._ended(hit, now)
        else:
            self._hits.append(hit)

    def disturbed(self, number: int, *, delays: bool = True, held: Held | None = None, blocks: bool = True) -> None:
        """From now on what fails may do so by fault `number`; with `delays`, what succeeds is slow by it.

        Args:
            held: of a fault that does nothing but hold data up. Where it left the platform more than half of the time
                for an answer all the same, and none came, that is the platform's.
            blocks: whether the device cannot come online meanwhile: who is let go of by another fault then is not back
                before this one is over, and that is told of this one.
        """
        self._windows.append(Window(number, self._wall(), delays, held, blocks))
        self._disturbed_until = math.inf
        over = [window for window in self._windows if window.end is not None]
        for window in over[:-_MOST_WINDOWS]:
            self._windows.remove(window)

    def calm(self, number: int) -> None:
        """The disturbance is over, for good or for a while."""
        now = self._wall()
        for window in self._windows:
            if window.number == number and window.end is None:
                window.end = now
        self._look_for_calm()

    def released(self, number: int) -> None:
        """Fault `number` is over for this device: from now on it can come back."""
        now = self._wall()
        for hit in list(self._hits):
            if hit.number != number or hit.held or hit.free is not None:
                continue
            hit.free = now
            if any(window.number != number and window.blocks and window.end is None for window in self._windows):
                self._overtaken(hit, now)
            elif self._state == _ONLINE:
                if self._disturbs(number):
                    hit.seen_free = True
                else:
                    self._back(hit, 0.0, now)

    def held(self, number: int) -> None:
        """The run's end is about to lift fault `number`: who is away by it has not come back, whatever comes now."""
        under = [each for each in self._windows if each.number == number and each.blocks and each.end is None]
        for hit in self._hits if under or self._state != _ONLINE else ():
            if hit.number == number and hit.free is None and not hit.held:
                hit.held = True
                self._inner.fault(number, weather.HELD, self._wall())

    def lost(self, number: int, records: int) -> None:
        """So many records went with the store that fault `number` emptied."""
        if records:
            self._inner.fault(number, weather.UNSENT_LOST, self._wall(), amount=records)

    def leaves(self) -> None:
        """The device is told to stop, though the run goes on: nobody can wait for its return."""
        now = self._wall()
        self._leaving = True
        for hit in list(self._hits):
            if hit.free is None or not (hit.back or hit.seen_free):
                self._hits.remove(hit)
                self._ended(hit, now)

    def arrives(self) -> None:
        """The device is switched on, perhaps anew: faults that come from now on wait for its return again."""
        self._leaving = False

    # --- Recorder: what may be a fault's ---

    def request(
        self, name: str, started: float, latency: float, code: str, bytes_out: int, bytes_in: int, late: float
    ) -> None:
        if started > self._disturbed_until and not self._hits:
            self._inner.request(name, started, latency, code, bytes_out, bytes_in, late)
            return
        ended = started + latency
        failed = is_failure(code)
        if code == TIMEOUT:
            self._in_vain = started, ended
        if not failed:
            if name == CONNECT:
                self._opened = ended
            for hit in [hit for hit in self._hits if hit.seen_free and started >= (hit.free or 0.0)]:
                # An answer over the connection that was there all the time.
                self._back(hit, 0.0, ended)
        window = None
        if not failed or code in OWN_CODES:
            window = self._window(started, ended, code, opening=name in _OPENINGS)
        if window is not None and failed:
            self._inner.fault(window.number, weather.CUT, ended, name=name, code=code)
        elif window is not None and window.delays:
            self._inner.fault(window.number, weather.DELAYED, ended, name=name, amount=latency)
        else:
            self._inner.request(name, started, latency, code, bytes_out, bytes_in, late)
            if failed and self._hits:
                self._inner.fault(self._hits[-1].number, weather.REFUSED, ended, name=name, code=code)

    def flow(self, name: str, started: float, duration: float, code: str) -> None:
        ended = started + duration
        if started <= self._disturbed_until:
            if is_failure(code):
                window = self._window(started, ended, code, opening=True) if code in OWN_CODES else None
                if window is not None:
                    self._inner.fault(window.number, weather.CUT, ended, name=FLOW_PREFIX + name, code=code)
                    return
            else:
                for window in reversed(self._windows):
                    if window.delays and window.holds_up(name, started, ended):
                        tag = FLOW_PREFIX + name
                        self._inner.fault(window.number, weather.DELAYED, ended, name=tag, amount=duration)
                        return
        self._inner.flow(name, started, duration, code)

    def detail(self, name: str, code: str, text: str, at: float) -> None:
        if code in OWN_CODES and self._cutting(at, code, opening=name in _OPENINGS) is not None:
            return  # The first example of such a failure is to be one of the platform's.
        self._inner.detail(name, code, text, at)

    def disconnect(self, reason: str, at: float) -> None:
        window = None if reason in OWN_ENDINGS else self._cutting(at, reason)
        if window is not None:
            self._cut_off = at, window
            self._inner.fault(window.number, weather.DISCONNECTED, at, name=reason)
        else:
            self._inner.disconnect(reason, at)
        if reason != STOPPED:  # The run's end says nothing about the connection.
            for hit in self._hits:
                hit.seen_free = False

    def state(self, index: int, previous: str, state: str, at: float) -> None:
        self._state = state
        self._inner.state(index, previous, state, at)
        if state == _ONLINE:
            for window in self._windows:
                if window.end is not None and window.back is None:
                    window.back = at
            self._look_for_calm()
            for hit in list(self._hits):
                if hit.free is not None:
                    self._back(hit, at - hit.free, at)
        elif state in _STOPPED:
            for hit in [hit for hit in self._hits if hit.seen_free]:
                # Nothing ever spoke against its having been online all along.
                self._back(hit, 0.0, at)
            if self._leaving:
                for hit in self._hits:
                    self._ended(hit, at)
            self._hits.clear()

    def record(self, event: str, count: int) -> None:
        self._inner.record(event, count)
        change = _WAITING_CHANGES.get(event, 0) * count
        if change and self._hits:
            self._backlog(change)

    def violation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        if rule in (SESSION_CLOSED_UNANNOUNCED, REPLY_LATE) and self._cutting(at) is not None:
            return
        self._inner.violation(rule, func_id, example, at, index, count)

    # --- Recorder: what never is ---

    def observation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        self._inner.observation(rule, func_id, example, at, index, count)

    def command(self, func_id: str, started: float, handling: float, code: str, expected: bool = False) -> None:
        self._inner.command(func_id, started, handling, code, expected)

    def missed(self, name: str, count: int, at: float) -> None:
        self._inner.missed(name, count, at)

    def attended(self, row: Attended) -> None:
        self._inner.attended(row)

    def meeting_held(self, meeting: MeetingHeld) -> None:
        self._inner.meeting_held(meeting)

    def fault(self, number: int, event: str, at: float, *, name: str = "", code: str = "", amount: float = 1.0) -> None:
        self._inner.fault(number, event, at, name=name, code=code, amount=amount)

    def misbehaved(self, way: str, outcome: str, count: int = 1) -> None:
        self._inner.misbehaved(way, outcome, count)

    def internal_error(self, rule: str, detail: str, at: float, index: int = -1) -> None:
        self._inner.internal_error(rule, detail, at, index)

    # --- Inside ---

    def _window(self, started: float, ended: float, code: str, *, opening: bool) -> Window | None:
        """By which something that took from `started` to `ended` was held up, or failed with `code`."""
        since = self._waited_since(ended)
        for window in reversed(self._windows):
            if window.meets(started, ended, code) and window.explains(code, since, ended, opening=opening):
                return window
        if code not in (TIMEOUT, DISCONNECTED):
            return None
        if code == DISCONNECTED and (cutting := self._cutting(ended, code)) is not None:
            return cutting
        at, window_of_end = self._cut_off
        # Over MQTT a request goes on over the next connection: it lost its time by the end of the one before.
        return window_of_end if max(started, ended - self._grace) <= at <= ended else None

    def _cutting(self, at: float, code: str = "", *, opening: bool = False) -> Window | None:
        """By which a connection ends that ends at `at`: also soon after, if it is the one that was there meanwhile.

        Args:
            code: why it ended, or what became of a request.
        """
        since = self._waited_since(at)
        for window in reversed(self._windows):
            end = window.end
            if not (window.begin <= at and (end is None or at <= end or self._opened < end >= at - self._grace)):
                continue
            if window.explains(code, since, at, opening=opening):
                return window
        return None

    def _waited_since(self, at: float) -> float:
        """Of what came to nothing at `at`: when the request was made that has just timed out, if that is why."""
        since, until = self._in_vain
        return since if abs(at - until) <= _JUST_NOW_S else at - self._grace

    def _look_for_calm(self) -> None:
        """After a window has ended, or the device was back after one."""
        ends = [
            math.inf if window.end is None or window.back is None else max(window.end, window.back)
            for window in self._windows
        ]
        self._disturbed_until = max(ends, default=-math.inf) + self._grace

    def _disturbs(self, number: int) -> bool:
        return any(window.number == number and window.delays for window in self._windows)

    def _back(self, hit: Hit, after: float, at: float) -> None:
        if not hit.back:
            hit.back, hit.seen_free = True, False
            self._inner.fault(hit.number, weather.BACK, at, amount=max(0.0, after))
            for window in self._windows:
                if window.number == hit.number and window.back is None:
                    window.back = at
            self._look_for_calm()
        if hit.waiting <= 0:
            self._delivered(hit, at)

    def _delivered(self, hit: Hit, at: float) -> None:
        if hit.waiting:
            self._inner.fault(hit.number, weather.BACKLOG, at, amount=-hit.waiting)
        self._inner.fault(hit.number, weather.DELIVERED, at, amount=max(0.0, at - (hit.free or at)))
        self._hits.remove(hit)

    def _backlog(self, change: int) -> None:
        at = self._wall()
        for hit in list(self._hits):
            hit.waiting += change
            self._inner.fault(hit.number, weather.BACKLOG, at, amount=change)
            if hit.back and hit.waiting <= 0:
                self._delivered(hit, at)

    def _overtaken(self, hit: Hit, at: float) -> None:
        """The next fault is there before all is well after `hit`: what comes now is the next one's."""
        if hit.seen_free:
            self._back(hit, 0.0, at)
        elif not hit.back:
            self._inner.fault(hit.number, weather.OVERTAKEN, at)
        if hit in self._hits:
            self._left_behind(hit, at)
            self._hits.remove(hit)

    def _ended(self, hit: Hit, at: float) -> None:
        """The device was told to stop before all was well after `hit`."""
        if not hit.back:
            self._inner.fault(hit.number, weather.ENDED, at)
        self._left_behind(hit, at)

    def _left_behind(self, hit: Hit, at: float) -> None:
        self._inner.fault(hit.number, weather.BACKLOG_LEFT, at)
        if hit.waiting:
            self._inner.fault(hit.number, weather.BACKLOG, at, amount=-hit.waiting)
