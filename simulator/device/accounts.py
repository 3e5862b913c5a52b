"""The account of a session's requests: each that was sent is recorded exactly once, whichever way it ends.

It ends answered, timed out, or cut off with its connection. What a reply says is the session's affair.
"""

import logging
from collections.abc import Callable

from simulator.device import hints, receiving
from simulator.device.end_reason import EndReason
from simulator.device.environment import Environment
from simulator.device.line import Line
from simulator.device.replies import Pending, Reply
from simulator.device.settings import DeviceSettings, OnTimeout
from simulator.device.unanswered import Unanswered
from simulator.device.witness import Witness
from simulator.measurements.names import DISCONNECTED, TIMEOUT
from simulator.protocol.channel.base import DeviceChannel
from simulator.protocol.envelope import MidSource


class Accounted(Line):
    """A connection with the requests that wait for their replies on it.

    Args:
        unanswered: what waits since the connection before, where the transport goes on after a cut.
    """

    __slots__ = (
        "_channel",
        "_deadlines",
        "_earlier",
        "_env",
        "_mids",
        "_over_mqtt",
        "_pending",
        "_reconnect_on_timeout",
        "_strays",
        "_timeout",
    )

    def __init__(
        self,
        env: Environment,
        channel: DeviceChannel,
        mids: MidSource,
        settings: DeviceSettings,
        witness: Witness,
        unanswered: Unanswered | None,
    ) -> None:
        super().__init__(witness)
        self._env = env
        self._channel = channel
        self._mids = mids
        self._timeout = settings.request_timeout
        self._reconnect_on_timeout = settings.on_timeout is OnTimeout.RECONNECT
        """Whether a request that timed out makes the connection count as dead."""
        self._over_mqtt = settings.mqtt is not None
        self._pending = Unanswered() if unanswered is None else unanswered
        self._earlier = mids.count
        self._strays: receiving.Strays | None = None
        # Looked up for every message, so looked up once.
        self._deadlines = env.deadlines.queue(settings.request_timeout)

    @property
    def waiting(self) -> int:
        """Requests without a reply yet."""
        return len(self._pending)

    def when_settled(self, callback: Callable[[], None]) -> None:
        """Call `callback` once, when no request waits for a reply any more."""
        self._pending.on_empty = callback

    def give_up(self, told: str, *, after: int = 0) -> None:
        """No reply can come any more to what waits for one: `told` says why.

        Args:
            after: only to requests after the device's so many first ones.
        """
        waiting = self._pending
        mids = [mid for mid in waiting if not after or self._mids.number_of(mid) > after]
        pending = [waiting.pop(mid) for mid in mids]
        now = self._env.clock.monotonic()
        for request in pending:
            name, sent, *_ = request
            deadline = sent + self._timeout
            if now >= deadline:
                # It had passed before the connection was lost; only the sweep had not come by yet.
                self._settle(request, TIMEOUT, deadline, 0)
            else:
                self._settle(request, DISCONNECTED, now, 0, Reply(DISCONNECTED, hints.cut_off(name, told), {}, now))
                self.tell(name, DISCONNECTED, hints.cut_off(name, told))

    def _settle(self, pending: Pending, code: str, received: float, size: int, reply: Reply | None = None) -> None:
        """Record how a request ended, and tell whoever asked."""
        name, sent, bytes_out, late, on_reply, _ = pending
        env = self._env
        env.recorder.request(name, sent + env.epoch, received - sent, code, bytes_out, size, late)
        if on_reply is not None:
            on_reply(reply or Reply(code, "", {}, received))
        if self._pending.on_empty is not None:
            self._pending.emptied()

    # --- What the deadlines ask (Waiting); the key is the mid ---

    def awaits(self, key: str) -> bool:
        return key in self._pending

    def expired(self, key: str) -> None:
        self._timed_out(key, self._pending.pop(key))

    def tell(self, name: str, code: str, text: str) -> None:
        """What is known of a failure beside its code."""
        if text:
            self._env.recorder.detail(name, code, text, self._env.clock.wall())

    @property
    def strays(self) -> receiving.Strays:
        """Given the replies that no request waits for."""
        if self._strays is None:
            known = (self._witness, self._env.recall, self._mids, self._earlier)
            self._strays = receiving.Strays(*known, repeats=self._over_mqtt, resumed=self.resumed)
        return self._strays

    def _timed_out(self, mid: str, pending: Pending) -> None:
        """No reply came in time; that lasted as long as the time-out, whenever it was noticed."""
        name, sent, *_ = pending
        self.strays.gave_up(mid, name)
        self.tell(name, TIMEOUT, hints.silence(self._channel, name, self._over_mqtt))
        self._settle(pending, TIMEOUT, sent + self._timeout, 0)
        if self._reconnect_on_timeout and self.usable:
            self._env.log(logging.DEBUG, f"{name}: no reply in {self._timeout:g} s, connection taken for dead")
            self.abort(EndReason.TIMEOUT)
