"""Uploads of a file that no message names and that nobody will ever have: a wrong checksum, a piece that is missing.

Each way has one fileId of its own on a device, so that it leaves at most one unfinished file behind.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from simulator.device.misbehaviour.aside import Said
from simulator.device.misbehaviour.ground import Ground, NotNow, outcome, refuses
from simulator.device.online import Online
from simulator.device.uploads import FILE_FUNC_IDS
from simulator.protocol import envelope
from simulator.protocol.codes import SUCCESS

_START, _PACKAGE, _END = FILE_FUNC_IDS
_BYTES: Final = 48
_PIECE: Final = 12


async def wrong_checksum(ground: Ground) -> str | None:
    """A whole file whose start told another checksum: its end is what the platform has to refuse."""
    online = ground.online(*FILE_FUNC_IDS)
    content = ground.rng.randbytes(_BYTES)
    file_id = _file_id(ground, "wrong checksum")
    checksum = _md5(content + b"?")
    await _begin(ground, online, file_id, checksum)
    await _taken(ground, online, _PACKAGE, {"fileId": file_id, "offset": "0", "content": b64encode(content).decode()})
    return outcome(await ground.watched(_ask(ground, online, _END, {"fileId": file_id})), refuses)


async def offset_gap(ground: Ground) -> str | None:
    """A file's first piece, and a third one without the second."""
    online = ground.online(*FILE_FUNC_IDS)
    content = ground.rng.randbytes(_BYTES)
    file_id = _file_id(ground, "offset gap")
    await _begin(ground, online, file_id, _md5(content))
    await _taken(ground, online, _PACKAGE, _piece(file_id, content, 0))
    return outcome(await ground.watched(_ask(ground, online, _PACKAGE, _piece(file_id, content, 2))), refuses)


def _piece(file_id: str, content: bytes, number: int) -> dict[str, str]:
    offset = number * _PIECE
    return {
        "fileId": file_id,
        "offset": str(offset),
        "content": b64encode(content[offset : offset + _PIECE]).decode(),
    }


def _file_id(ground: Ground, way: str) -> str:
    return _md5(f"{ground.spec.seed}/{way}".encode())


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


async def _begin(ground: Ground, online: Online, file_id: str, checksum: str) -> None:
    await _taken(ground, online, _START, {"fileId": file_id, "size": str(_BYTES), "checksum": checksum})


async def _taken(ground: Ground, online: Online, func_id: str, params: Mapping[str, str]) -> None:
    """A step that is right.

    Raises:
        NotNow: If the platform does not take it: what follows would then be refused for another reason.
    """
    said = await _ask(ground, online, func_id, params)
    if said.code != SUCCESS or ground.online() is not online:
        raise NotNow


async def _ask(ground: Ground, online: Online, func_id: str, params: Mapping[str, str]) -> Said:
    mid = online.session.mids.next()
    return await ground.aside.ask(online.session, func_id, mid, envelope.encode_request(func_id, mid, params))
