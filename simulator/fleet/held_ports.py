"""Ports of this machine that nobody else gets, whether the program that they are for is there or not.

A port that nobody listens at is anybody's: the system may give it to a connection of ours as its local one, and a
connection to it can even meet itself. A socket that is bound and never listens prevents both; who connects is refused.
"""

import contextlib
import socket
from typing import Final

_HOST: Final = "127.0.0.1"
_ATTEMPTS: Final = 50
"""So many places are tried for a row: somewhere in it may be a port of another program."""


class HeldPorts:
    """Free ports at 127.0.0.1, held until `release`. Listened at by any program that sets SO_REUSEADDR.

    Args:
        in_row: so many ports that follow one another are held for each of `count`.

    Attributes:
        numbers: the ports, of rows the first of each.

    Raises:
        OSError: If there are none.
    """

    def __init__(self, count: int, *, in_row: int = 1) -> None:
        with contextlib.ExitStack() as held:
            self.numbers: tuple[int, ...] = tuple(_held_row(in_row, held) for _ in range(count))
            self._held = held.pop_all()

    def release(self) -> None:
        """Give them back. Harmless when done again."""
        self._held.close()


def _held_row(length: int, held: contextlib.ExitStack) -> int:
    """The first of so many free ports that follow one another."""
    for attempt in range(_ATTEMPTS):
        with contextlib.ExitStack() as row:
            first = _held_port(0, row)
            try:
                for port in range(first + 1, first + length):
                    _held_port(port, row)
            except (OSError, OverflowError):
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                held.push(row.pop_all())
                return first
    raise AssertionError("unreachable")


def _held_port(port: int, held: contextlib.ExitStack) -> int:
    each = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    # As the listener has it. The system gives a port to both as long as this one does not listen.
    each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    each.bind((_HOST, port))
    return int(each.getsockname()[1])
