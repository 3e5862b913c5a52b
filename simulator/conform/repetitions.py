"""Messages that come twice over MQTT: what a platform has to do with the second one."""

import asyncio
from typing import Final

from simulator.conform.answers import Closed
from simulator.conform.outcome import Outcome, failed, non_strict, ok
from simulator.conform.tester import Device
from simulator.protocol.codes import SUCCESS
from simulator.shown import label
from simulator.texts.told import Told

TWICE: Final = (
    "docs/deviations.md, MQTT: a message that is delivered twice, with DUP or without, is ignored: it is not answered "
    "twice"
)
ANEW: Final = (
    "docs/deviations.md, MQTT: a platform behind a broker does not see connections begin; a register or a login in any "
    "state is a fresh start of that device"
)
QUIET_S: Final = 0.5
"""How long a second reply is waited for."""


async def answered_no_more(device: Device, mid: str, *, may_end: bool = False) -> Outcome:
    """Whether no (further) reply to `mid` comes, though the message was just delivered again.

    Args:
        may_end: The connection may end instead.
    """
    before = sum(each.get("mid") == mid for each in device.strays)
    ended = await device.end(QUIET_S)
    again = [each for each in device.strays if each.get("mid") == mid][before:]
    if again:
        # Whether it had effect once more cannot be seen from here; that it was taken for a new message can.
        code = again[0].get("code")
        told = Told("it was answered again, with {label}", label=label(str(code)))
        return failed(told) if code == SUCCESS else non_strict(told)
    if isinstance(ended, Closed):
        return ok(ended.told) if may_end else failed(ended.told)
    return ok("it was not answered again")


async def pause() -> None:
    """Time for what a broker brings by itself, after a connection came about."""
    await asyncio.sleep(QUIET_S)
