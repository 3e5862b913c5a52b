"""`python -m benchmarks.mqtt.trials --libraries DIR`: how the libraries behave where a broker does not.

Each connects with a persistent session to the echo broker, which then (1) cuts the connection at a publish of quality
of service 1 instead of acknowledging it, (2) waits for a ping, (3) leaves pings unanswered. What arrived is printed.
"""

import argparse
import asyncio
import logging
import sys
import time
from pathlib import Path

import uvloop

from benchmarks.mqtt.broker import CONNACK, CONNECT, SUBSCRIBE, EchoSession, text
from benchmarks.mqtt.candidates import CANDIDATES
from benchmarks.mqtt.fleets import Fleet, Setting

CLEAN_SESSION = 0x02
DUP = 0x08
KEEP_ALIVE_S = 2
AGAIN_S = 3.0
"""When a library that has not connected again is told to."""
RESEND_S = 20.0
PING_S = 8.0
MUTE_S = 30.0


class Witness:
    """What the broker saw, over all connections of one client."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.connects = 0
        self.down = b""
        self.published: list[tuple[bool, int]] = []
        self.cut = False
        self.mute = False
        self.pings = 0
        self.lost_after: float | None = None
        self.lines: list[str] = []

    def note(self, line: str) -> None:
        self.lines.append(f"{time.monotonic() - self.began:.1f} s {line}")


class WatchedSession(EchoSession):
    """An echo session that tells a witness, and misbehaves on its order."""

    __slots__ = ("_witness",)

    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self._witness = witness
        self._down = witness.down

    def packet(self, first: int, body: bytes) -> bytes:
        if first >> 4 == CONNECT:
            self._witness.connects += 1
            clean = bool(body[7] & CLEAN_SESSION)
            self._witness.note(f"CONNECT {'clean' if clean else 'persistent'}, level {body[6]}")
            present = self._witness.connects > 1 and not clean
            return bytes((CONNACK << 4, 2, present, 0))
        if first >> 4 == SUBSCRIBE:
            self._witness.note("SUBSCRIBE")
            self._witness.down = text(body, 2)
        return super().packet(first, body)

    def published(self, first: int, body: bytes) -> bytes:
        topic_end = 2 + (body[0] << 8 | body[1])
        packet_id = int.from_bytes(body[topic_end : topic_end + 2], "big")
        self._witness.published.append((bool(first & DUP), packet_id))
        self._witness.note(f"PUBLISH id {packet_id}{' DUP' if first & DUP else ''}")
        if self._witness.cut:
            self._witness.cut = False
            self._transport.abort()
            return b""
        return super().published(first, body)

    def pinged(self) -> bytes:
        self._witness.pings += 1
        self._witness.note("PINGREQ")
        return b"" if self._witness.mute else super().pinged()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._witness.lost_after is None:
            self._witness.lost_after = time.monotonic() - self._witness.began
        self._witness.note("connection lost")


async def _one(kind: type[Fleet], witness: Witness) -> Fleet:
    """A connected fleet of one, watched."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: WatchedSession(witness), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    fleet = kind(Setting(mqtt=port, websocket=0, received=lambda _: None, keep_alive=KEEP_ALIVE_S, clean_session=False))
    async with asyncio.timeout(RESEND_S):
        await fleet.open(0)
    return fleet


async def resends(kind: type[Fleet]) -> list[str]:
    """What came after the cut."""
    witness = Witness()
    fleet = await _one(kind, witness)
    witness.cut = True
    fleet.send(0, b"once", 1)
    await asyncio.sleep(AGAIN_S)
    if witness.connects == 1 and kind.again is not Fleet.again:
        witness.note("told to connect again")
        await fleet.again(0)
    for _ in range(int(RESEND_S / 0.1)):
        if len(witness.published) > 1:
            break
        await asyncio.sleep(0.1)
    first, *later = witness.published
    if not later:
        verdict = "never sent again"
    else:
        dup, packet_id = later[0]
        verdict = f"sent again {'with' if dup else 'WITHOUT'} DUP, {'same' if packet_id == first[1] else 'ANOTHER'} id"
    return [verdict, *(f"  {line}" for line in witness.lines)]


async def pings(kind: type[Fleet], *, mute: bool) -> list[str]:
    """Whether pings come in time, and what follows if they are not answered."""
    witness = Witness()
    witness.mute = mute
    fleet = await _one(kind, witness)
    await asyncio.sleep(MUTE_S if mute else PING_S)
    # Some libraries end a connection when nobody holds it any more.
    del fleet
    if not mute:
        return [f"{witness.pings} pings in {PING_S:.0f} s with a keep-alive of {KEEP_ALIVE_S} s"]
    lost = witness.lost_after
    return [
        "unanswered pings: "
        + (f"connection given up after {lost:.1f} s" if lost else f"nothing follows within {MUTE_S:.0f} s")
    ]


def main() -> None:
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mqtt.trials", description=__doc__)
    parser.add_argument("--libraries", type=Path, metavar="DIR", help="where the libraries are installed")
    parser.add_argument("candidate", choices=[name for name in CANDIDATES if name != "websocket"])
    options = parser.parse_args()
    if options.libraries is not None:
        sys.path.append(str(options.libraries))
    kind = CANDIDATES[options.candidate]

    async def trials() -> None:
        told = await asyncio.gather(resends(kind), pings(kind, mute=False), pings(kind, mute=True))
        print("\n".join(line for lines in told for line in lines), flush=True)

    (asyncio.run if kind.loop == "asyncio" else uvloop.run)(trials())


if __name__ == "__main__":
    main()
