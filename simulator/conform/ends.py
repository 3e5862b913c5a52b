"""What has to end a device's connection: a close frame over WebSocket, over MQTT the end of connection or session.

A platform behind a broker may not reach the device's own connection. It has ended the session then, and the device
finds out with its next message.
"""

from typing import Final

from simulator.conform.answers import Answer, Closed, Reply, Silence
from simulator.conform.expect import closed
from simulator.conform.outcome import Outcome, failed, ok
from simulator.conform.tester import Device
from simulator.protocol.codes import SUCCESS
from simulator.texts.told import Told

_WITHIN_S: Final = 5.0
"""docs/deviations.md, MQTT."""
_LOOK_S: Final = 0.5
"""Before the first message that finds out; the next one waits twice as long."""


async def ends(device: Device, *codes: int) -> Outcome:
    """Whether what was just sent has ended the connection; over WebSocket with one of these codes."""
    if device.site.terms.mqtt is None:
        return closed(await device.end(), *codes)
    clock, wait, answers = device.site.clock, _LOOK_S, len(device.strays)
    until = clock.monotonic() + _WITHIN_S
    while True:
        ended = await device.end(wait)
        if isinstance(ended, Closed):
            return closed(ended)
        if any(each.get("code") == SUCCESS for each in device.strays[answers:]):
            return failed("it was taken for a right message, and answered")
        device.broken = True
        answer = await device.ask(device.probe())
        if isinstance(answer, Reply) and answer.ok and clock.monotonic() < until:
            wait = min(2 * wait, until - clock.monotonic())
            continue
        return _without_a_session(answer)


def _without_a_session(answer: Answer) -> Outcome:
    if isinstance(answer, Closed):
        return closed(answer)
    if isinstance(answer, Reply) and answer.ok:
        return failed(
            Told("connection and session go on: the next message was accepted {within_s:g} s later", within_s=_WITHIN_S)
        )
    if isinstance(answer, Reply | Silence):
        return ok(Told("the connection stays, and the session has ended: {told}", told=answer.told))
    return failed(answer.told)
