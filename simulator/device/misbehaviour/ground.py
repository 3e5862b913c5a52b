"""What a way of misbehaving stands on: the device's own parts, and how what a platform said is judged.

Nothing is told of what could not be sent, or of what ended for a reason of its own: an outage that comes meanwhile says
nothing about the platform.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from simulator.clock import TimerHandle
from simulator.device.device_clock import DeviceClock
from simulator.device.end_reason import EndReason
from simulator.device.environment import Environment
from simulator.device.functions import Functions
from simulator.device.lifecycle import Lifecycle
from simulator.device.misbehaviour.aside import NOTHING, Aside, Said
from simulator.device.online import Online
from simulator.device.session import Session
from simulator.device.settings import DeviceSpec
from simulator.device.sleep import sleep
from simulator.measurements.misbehaviours import ACCEPTED, REFUSED_AS_EXPECTED, SILENT
from simulator.measurements.names import MALFORMED_REPLY
from simulator.protocol.codes import SUCCESS

HIDDEN: Final = Said(ended="hidden")
"""Nobody can know what was said."""
_LOOKS: Final = 4
"""How often the line is looked at while an answer is waited for."""
_LEAST_QUARTERS: Final = 2
"""In which it has to be alive for silence to be the platform's."""
_MOMENT_S: Final = 0.1
"""After which the other connections of a device show that they were cut too."""
_CUT_OFF: Final = "closed 1006"
_BROKE_DOWN: Final = "closed 1011"
_TURNED_AWAY: Final = frozenset({1000, 1002, 1003, 1007, 1008, 1009, 1010, *range(3000, 5000)})
"""Close codes by which a peer says that it does not go on with this; with 1001 and 1012 it goes away itself."""


class NotNow(Exception):  # noqa: N818 - no error: the device misbehaves in another way
    """What a way needs is not there at this moment: nothing was sent."""


def refuses(code: str) -> bool:
    """Whether a platform that answers with this code has refused."""
    return code not in (SUCCESS, MALFORMED_REPLY)


class Ground:
    """The parts of one device that misbehaves.

    Attributes:
        rng: its own; the device's draws are those of a device that behaves.
        beside: sessions of the connections that it has opened to misbehave.
        record: fields of the last record that the platform acknowledged while the device misbehaved.
    """

    __slots__ = ("aside", "beside", "clock", "env", "lifecycle", "record", "rng", "spec")

    def __init__(self, env: Environment, spec: DeviceSpec, lifecycle: Lifecycle, clock: DeviceClock) -> None:
        self.env = env
        self.spec = spec
        self.lifecycle = lifecycle
        self.clock = clock
        self.rng = random.Random()
        self.record: Mapping[str, str] | None = None
        self.beside: set[Session] = set()
        self.aside = Aside(env.timers, spec.settings.request_timeout)

    def went_offline(self) -> None:
        """The device's own connection has ended: nothing else of it is answered any more."""
        self.aside.ended()
        for session in list(self.beside):
            session.abort(EndReason.STOPPED)

    @property
    def functions(self) -> Functions:
        """What the device's firmware can do."""
        return self.spec.settings.functions

    def online(self, *func_ids: str) -> Online:
        """The stay online.

        Args:
            func_ids: that the way needs.

        Raises:
            NotNow: If the device is offline, or one of them is not negotiated.
        """
        online = self.lifecycle.online
        if online is None or not online.session.usable or online.session.congested:
            raise NotNow
        if self.functions.lacks(func_ids) or not all(map(online.terms.allows, func_ids)):
            raise NotNow
        return online

    # --- What came of it ---

    async def watched(self, asked: Awaitable[Said]) -> Said:
        """What is said to a request; where nothing is, and the line was not alive all the time, that is `HIDDEN`."""
        watch = _Watch(self)
        try:
            said = await asked
        finally:
            watch.end()
        return HIDDEN if said == NOTHING and not watch.alive else said

    async def cut_off(self, reason: str, stay: Online) -> str | None:
        """As `ended`, of a connection beside the device's own: cut off alone, it was the platform's doing.

        Args:
            stay: of the device, when the connection was opened.
        """
        if reason != _CUT_OFF:
            return ended(reason)
        await sleep(self.env.timers, _MOMENT_S)
        return REFUSED_AS_EXPECTED if self.lifecycle.online is stay and not stay.session.ended else None


class _Watch:
    """Whether the device's own connection shows in each quarter of the request time-out that its line is alive."""

    __slots__ = ("_ground", "_heard", "_interval", "_looked", "_now", "_quarters", "_stay", "_timer", "_whole")

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._stay = ground.lifecycle.online
        self._now = ground.env.clock.monotonic
        self._interval = ground.spec.settings.request_timeout / _LOOKS
        self._looked: float | None = None
        """When the last ping went out."""
        self._heard: int | None = None
        """Bytes that had come then."""
        self._quarters = 0
        """In which it was looked whether anything came."""
        self._whole = self._stay is not None
        self._timer = self._later()

    @property
    def alive(self) -> bool:
        """Whether it was, as far as that can be said: not of what was over at once."""
        return self._whole and self._quarters >= _LEAST_QUARTERS

    def end(self) -> None:
        """Nothing more is waited for."""
        self._timer.cancel()
        stay = self._stay
        if stay is None or self._ground.lifecycle.online is not stay:
            self._whole = False
        elif self._looked is not None and self._now() - self._looked > self._interval / 2:
            # The last quarter ends with the time-out itself.
            self._judge(stay.session.bytes_in)

    def _later(self) -> TimerHandle:
        return self._ground.env.timers.call_later(self._interval, self._look)

    def _look(self) -> None:
        stay = self._stay
        if stay is None or self._ground.lifecycle.online is not stay or stay.session.ended:
            self._whole = False
            return
        self._judge(stay.session.bytes_in)
        self._looked = self._now()
        stay.session.ping()
        self._timer = self._later()

    def _judge(self, heard: int) -> None:
        if self._heard is not None:
            self._quarters += 1
            self._whole &= heard > self._heard
        self._heard = heard


def outcome(said: Said, right: Callable[[str], bool], *, otherwise: str = ACCEPTED) -> str | None:
    """What a request came to; None where the end of a connection, or a line that was not alive, hides it.

    Args:
        right: whether an answer with this code is what the document wants.
        otherwise: the outcome of any other answer.
    """
    if said == NOTHING or said.code == MALFORMED_REPLY:
        return SILENT
    if said.code:
        return REFUSED_AS_EXPECTED if right(said.code) else otherwise
    found = ended(said.ended)
    # Where another answer than a refusal is due, turning the device away is not the right one.
    return SILENT if found == REFUSED_AS_EXPECTED and right(SUCCESS) and otherwise == SILENT else found


def ended(reason: str) -> str | None:
    """What the end of a connection says: turned away, broken down (`SILENT`), or None, nothing that is certain."""
    if reason == _BROKE_DOWN:
        return SILENT
    word, _, code = reason.partition(" ")
    if word == "closed" and code.isascii() and code.isdigit() and int(code) in _TURNED_AWAY:
        return REFUSED_AS_EXPECTED
    return None
