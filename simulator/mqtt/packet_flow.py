"""Bytes in, packets out, a turn's worth at a time; what a packet means is left to the connection.

An idle connection holds no parser: bytes are kept only while a packet is half there.
"""

import asyncio

from simulator.mqtt.codec import PacketTooLarge, measure
from simulator.mqtt.endings import NO_MQTT, TOO_LARGE
from simulator.mqtt.packets import MalformedPacket
from simulator.wire.flow import FlowControlled
from simulator.wire.turns import FRAMES_A_TURN


class PacketFlow(FlowControlled):
    """Finds the packets in what arrives; while some wait for the next turn of the loop, nothing more is read.

    Attributes:
        bytes_in: Bytes received since the TCP (or TLS) connection was made.
    """

    __slots__ = ("_deaf", "_held", "_most", "_needed", "bytes_in")

    def __init__(self, loop: asyncio.AbstractEventLoop, max_write_buffer: int) -> None:
        super().__init__(loop, max_write_buffer)
        self._held: bytes | bytearray = b""
        self._needed = 0  # bytes of `_held` without which the packet that is half there is not worth another look
        self._most = 0  # bytes of the largest packet that is taken
        # Set once this side has had enough: what arrives afterwards is not even looked at.
        self._deaf = False
        self.bytes_in = 0

    def _packet(self, data: bytes, first: int, start: int, end: int) -> None:
        """Handle the packet of `data` whose first byte is `first`, and whose body goes from `start` to `end`.

        Raises:
            MalformedPacket: If the standard, or what was agreed on this connection, forbids it.
        """
        raise NotImplementedError

    def _malformed(self, ending: str, detail: str) -> None:
        """The peer sent what it must not send."""
        raise NotImplementedError

    def _internal_fault(self, error: Exception) -> None:
        """Something here failed while a packet was handled."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        self.bytes_in += len(data)
        if self._deaf:
            return
        if self._held:
            if not isinstance(self._held, bytearray):
                self._held = bytearray(self._held)
            self._held += data
            if self._held_by_turn or len(self._held) < self._needed:
                return
            data = bytes(self._held)
        self._take(data)

    def _take(self, data: bytes) -> None:
        """Handle the packets that are complete, as many as one turn has; the rest is held."""
        at, size = 0, len(data)
        self._held, self._needed = b"", 0
        try:
            for _ in FRAMES_A_TURN:
                start, end = measure(data, at, self._most)
                if not end or end > size:
                    self._held = data[at:]
                    self._needed = end - at if end else 0
                    break
                self._packet(data, data[at], start, end)
                at = end
                if self._deaf:
                    return
                if at == size:
                    break
            else:
                self._held = data[at:]
                self._held_by_turn = True
                self._loop.call_soon(self._next_turn)
        except PacketTooLarge as error:
            self._malformed(TOO_LARGE, str(error))
        except MalformedPacket as error:
            self._malformed(NO_MQTT, str(error))
        except Exception as error:  # noqa: BLE001 - whatever a peer sends must not reach the loop
            self._internal_fault(error)
        if self._held_by_turn is not self._holding:
            self._hold_or_read()

    def _next_turn(self) -> None:
        if self._held_by_turn:
            self._held_by_turn = False
            self._take(bytes(self._held))

    def _take_all(self) -> None:
        """The broker has gone: what it sent before is handled now."""
        while self._held_by_turn:
            self._next_turn()
