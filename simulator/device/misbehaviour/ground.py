"""What a way of misbehaving stands on: the device's own parts, and how what a platform said is judged.

Nothing is told of what could not be sent, or of what ended for a reason of its own: an outage that comes meanwhile says
nothing about the platform.
"""

import random
from collections.abc import Callable, Mapping
from typing import Final

from simulator.device.device_clock import DeviceClock
from simulator.device.environment import Environment
from simulator.device.functions import Functions
from simulator.device.lifecycle import Lifecycle
from simulator.device.misbehaviour.aside import Aside, Said
from simulator.device.online import Online
from simulator.device.settings import DeviceSpec
from simulator.device.sleep import sleep
from simulator.measurements.misbehaviours import ACCEPTED, REFUSED_AS_EXPECTED, SILENT
from simulator.measurements.names import MALFORMED_REPLY
from simulator.protocol.codes import SUCCESS

_PATIENCE_S: Final = 5.0
"""How long a sign of life is waited for after a request that nobody answered."""
_LOOKS: Final = 20
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
        record: fields of the last record that the platform acknowledged while the device misbehaved.
    """

    __slots__ = ("aside", "clock", "env", "lifecycle", "record", "rng", "spec")

    def __init__(self, env: Environment, spec: DeviceSpec, lifecycle: Lifecycle, clock: DeviceClock) -> None:
        self.env = env
        self.spec = spec
        self.lifecycle = lifecycle
        self.clock = clock
        self.rng = random.Random()
        self.record: Mapping[str, str] | None = None
        self.aside = Aside(env.timers, spec.settings.request_timeout)

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

    async def outcome(self, said: Said, right: Callable[[str], bool], *, otherwise: str = ACCEPTED) -> str | None:
        """What a request came to; None where the end of a connection hides it.

        Args:
            right: whether an answer with this code is what the document wants.
            otherwise: the outcome of any other answer.
        """
        if said.code == MALFORMED_REPLY:
            return SILENT
        if said.code:
            return REFUSED_AS_EXPECTED if right(said.code) else otherwise
        if said.ended:
            found = ended(said.ended)
            # Where another answer than a refusal is due, turning the device away is not the right one.
            return SILENT if found == REFUSED_AS_EXPECTED and right(SUCCESS) and otherwise == SILENT else found
        return await self.silence()

    async def silence(self) -> str | None:
        """Nothing came in time: `SILENT` where the device's own connection shows that the platform is there."""
        online = self.lifecycle.online
        if online is None or not online.session.usable:
            return None
        session = online.session
        before = session.bytes_in
        session.ping()
        for _ in range(_LOOKS):
            await sleep(self.env.timers, _PATIENCE_S / _LOOKS)
            if self.lifecycle.online is not online or session.ended:
                return None
            if session.bytes_in > before:
                return SILENT
        return None

    async def cut_off(self, reason: str, stay: Online) -> str | None:
        """As `ended`, of a connection beside the device's own: cut off alone, it was the platform's doing.

        Args:
            stay: of the device, when the connection was opened.
        """
        if reason != _CUT_OFF:
            return ended(reason)
        await sleep(self.env.timers, _MOMENT_S)
        return REFUSED_AS_EXPECTED if self.lifecycle.online is stay and not stay.session.ended else None


def ended(reason: str) -> str | None:
    """What the end of a connection says: turned away, broken down (`SILENT`), or None, nothing that is certain."""
    if reason == _BROKE_DOWN:
        return SILENT
    word, _, code = reason.partition(" ")
    if word == "closed" and code.isascii() and code.isdigit() and int(code) in _TURNED_AWAY:
        return REFUSED_AS_EXPECTED
    return None
