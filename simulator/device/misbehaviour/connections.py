"""What a device sends on a connection beside its own: business before a login, what is no frame, one out of turn."""

from typing import Final

from simulator.device.held_back import VERIFY_LOG
from simulator.device.misbehaviour.beside import Beside, beside
from simulator.device.misbehaviour.ground import Ground, outcome, refuses
from simulator.device.misbehaviour.messages import HEARTBEAT
from simulator.protocol import envelope

_SYNC_TIME: Final = "dev.system.sync.time"
_NOISE_BYTES: Final = 64


async def business_before_login(ground: Ground) -> str | None:
    """A record that the platform has already, so that no ledger changes where it is taken; else a question."""
    async with beside(ground) as other:
        if ground.record is not None:
            asked = other.request(VERIFY_LOG, {"verifyLog": [ground.record]})
        else:
            asked = other.request(_SYNC_TIME, None)
        return outcome(await ground.watched(asked), refuses)


async def garbage_frame(ground: Ground) -> str | None:
    """Noise, a frame that was cut off or damaged, or one of the other kind."""
    async with beside(ground) as other:
        payload, binary, legible = _garbage(ground, other)
        said = await ground.watched(other.say(payload, binary=binary))
        if said.ended:
            return await ground.cut_off(said.ended, other.stay)
        # Where there is something to be read in it, even a refusal of that says that it was.
        return outcome(said, lambda code: refuses(code) and not legible)


async def counter_skip(ground: Ground) -> str | None:
    """A right heartbeat in the frame after the next one."""
    async with beside(ground) as other:
        other.session.channel.seal(b"{}")
        said = await ground.watched(other.request(HEARTBEAT, {"isFree": "1"}))
        if said.ended:
            return await ground.cut_off(said.ended, other.stay)
        # Even a refusal of what is in it says that the frame was opened.
        return outcome(said, lambda code: False)


def _garbage(ground: Ground, other: Beside) -> tuple[bytes, bool, bool]:
    """A frame that is none of the channel's, whether it is a binary one, and whether it could be read all the same."""
    data = envelope.encode_request(HEARTBEAT, other.session.mids.next(), {"isFree": "1"})
    payload, binary = other.session.channel.seal(data)
    match ground.rng.randrange(4):
        case 0:
            noise = ground.rng.randbytes(_NOISE_BYTES)
            return (noise, True, False) if binary else (b"~" + noise.hex().encode(), False, False)
        case 1:
            return payload[:-1], binary, False
        case 2:
            # The last byte is of the tag, where there is one; else of what ends a message.
            return payload[:-1] + bytes([payload[-1] ^ 1]), binary, True
        case _:
            # In the clear, where something sealed is due.
            return (data, False, True) if binary else (payload, True, True)
