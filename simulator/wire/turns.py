"""How much of what one peer has sent is handled in one turn of the event loop, so that the others have theirs."""

import asyncio
from collections.abc import Callable
from typing import Final

from simulator.wire.flow import FlowControlled

FRAMES_A_TURN: Final = range(64)
"""A device sends one at a time, a platform twenty commands. Each takes some 10 to 50 µs."""

_PIECE: Final = 2 * 1024
"""Bytes given to the parser at a time: 341 of the smallest frames that a client can send, which take some 3 ms."""
_PIECE_OF_ONE: Final = 4 * _PIECE
"""Where no frame ends, as in the middle of a large one."""


class InTurns(FlowControlled):
    """Hands on what has come a turn's worth at a time; while something is left, nothing more is read."""

    __slots__ = ("_backlog",)

    def __init__(self, loop: asyncio.AbstractEventLoop, max_write_buffer: int) -> None:
        super().__init__(loop, max_write_buffer)
        self._backlog = b""

    def _receive(self, data: bytes) -> int:
        """Handle some bytes; returns how many frames they ended."""
        raise NotImplementedError

    def _parse(self, data: bytes) -> None:
        """Handle what has come, with all that follows from it; calls `_take_in_turns`."""
        raise NotImplementedError

    def _take_in_turns(self, data: bytes) -> None:
        if self._backlog:
            self._backlog += data
            return
        self._backlog = take_turn(data, self._receive)
        self._held_by_turn = bool(self._backlog)
        if self._backlog:
            self._loop.call_soon(self._next_turn)
        self._hold_or_read()

    def _next_turn(self) -> None:
        data, self._backlog = self._backlog, b""
        if data:
            self._parse(data)

    def _take_all(self) -> None:
        """The peer has gone: what it sent before is handled now."""
        data, self._backlog = self._backlog, b""
        if data:
            self._receive(data)


def take_turn(data: bytes, receive: Callable[[bytes], int]) -> bytes:
    """Give `data` to `receive` in pieces, until it made as many frames of them as one turn has.

    Returns:
        What is left for the next turn.
    """
    if len(data) <= _PIECE:
        receive(data)
        return b""
    taken = frames = made = 0
    most = len(FRAMES_A_TURN)
    while taken < len(data) and frames < most:
        end = taken + (_PIECE if made or not taken else _PIECE_OF_ONE)
        made = receive(data[taken:end])
        frames += made
        taken = end
    return data[taken:]
