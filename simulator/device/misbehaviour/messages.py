"""Messages of a device that is online and does not keep to the rules: twice, too large, under a used mid, too many."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from simulator.device.held_back import VERIFY_LOG
from simulator.device.misbehaviour.aside import Said
from simulator.device.misbehaviour.ground import Ground, NotNow, outcome, refuses
from simulator.device.online import Online
from simulator.measurements.misbehaviours import SILENT
from simulator.measurements.names import MALFORMED_REPLY
from simulator.protocol import envelope
from simulator.protocol.codes import SUCCESS

HEARTBEAT: Final = "dev.heartbeat"
FLOOD: Final = 100
"""Heartbeats at once."""
_DEFAULT_PACKAGE_KB: Final = 64
_SYNC_TIME: Final = "dev.system.sync.time"
_FILLER: Final = "filler"
"""A field that no message has: a platform passes it over (document 4, 2)."""


async def duplicate_log(ground: Ground) -> str | None:
    """A record that was acknowledged, in a message of its own: as it was, under a new mid."""
    online = ground.online(VERIFY_LOG)
    if ground.record is None:
        raise NotNow
    said = await ground.watched(_ask(ground, online, VERIFY_LOG, {"verifyLog": [ground.record]}))
    return outcome(said, lambda code: code == SUCCESS, otherwise=SILENT)


async def oversize(ground: Ground) -> str | None:
    """A message of one byte more than the package that the device's report agreed on."""
    online = ground.online()
    func_id, params = harmless(ground, online)
    empty = envelope.encode_request(func_id, "0" * len(mid := online.session.mids.next()), {**params, _FILLER: ""})
    filler = "x" * (_package_bytes(ground) + 1 - len(empty))
    data = envelope.encode_request(func_id, mid, {**params, _FILLER: filler})
    return outcome(await ground.watched(ground.aside.ask(online.session, func_id, mid, data)), refuses)


async def repeat_mid(ground: Ground) -> str | None:
    """A right request that is answered, and another one under the same mid."""
    online = ground.online()
    func_id, params = harmless(ground, online)
    mid = online.session.mids.next()
    first = await ground.aside.ask(online.session, func_id, mid, envelope.encode_request(func_id, mid, params or None))
    if first.code != SUCCESS or ground.online() is not online:
        raise NotNow
    again = envelope.encode_request(func_id, mid, params or None, imme="1")
    return outcome(await ground.watched(ground.aside.ask(online.session, func_id, mid, again)), refuses)


async def heartbeat_flood(ground: Ground) -> str | None:
    """A hundred right heartbeats, one after the other, no answer waited for."""
    online = ground.online(HEARTBEAT)
    if not online.terms.heartbeat:
        raise NotNow
    return outcome(await ground.watched(_flood(ground, online)), lambda code: True)


async def _flood(ground: Ground, online: Online) -> Said:
    """The worst of what is said to them: nothing, to one; an end that hides it; an answer without a code; any."""
    said = await asyncio.gather(*(_ask(ground, online, HEARTBEAT, {"isFree": "1"}) for _ in range(FLOOD)))
    return min(said, key=lambda each: (bool(each.code), bool(each.ended), each.code != MALFORMED_REPLY))


def harmless(ground: Ground, online: Online) -> tuple[str, dict[str, str]]:
    """funcId and params of a request that changes nothing.

    Raises:
        NotNow: If none is negotiated.
    """
    if online.terms.heartbeat and not ground.functions.lacks((HEARTBEAT,)):
        return HEARTBEAT, {"isFree": "1"}
    if online.terms.allows(_SYNC_TIME) and not ground.functions.lacks((_SYNC_TIME,)):
        return _SYNC_TIME, {}
    raise NotNow


def _package_bytes(ground: Ground) -> int:
    """The largest package that was agreed: the device's own, or the document's where its report names none."""
    settings = ground.spec.settings
    unnamed = "maxPackageSize" in settings.reading.report_without
    return 1024 * max(settings.max_package_kb, _DEFAULT_PACKAGE_KB if unnamed else 0)


async def _ask(ground: Ground, online: Online, func_id: str, params: Mapping[str, Any]) -> Said:
    mid = online.session.mids.next()
    return await ground.aside.ask(online.session, func_id, mid, envelope.encode_request(func_id, mid, params))
