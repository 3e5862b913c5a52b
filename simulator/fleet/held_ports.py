"""Ports of this machine that nobody else gets, whether the program that they are for is there or not.

A port that nobody listens at is anybody's: the system may give it to a connection of ours as its local one, and a
connection to it can even meet itself. A socket that is bound and never listens prevents both; who connects is refused.
"""

import contextlib
import socket
from typing import Final

_HOST: Final = "127.0.0.1"


class HeldPorts:
    """Free ports at 127.0.0.1, held until `release`. Listened at by any program that sets SO_REUSEADDR.

    Attributes:
        numbers: the ports.

    Raises:
        OSError: If there are none.
    """

    def __init__(self, count: int) -> None:
        with contextlib.ExitStack() as held:
            sockets = [held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) for _ in range(count)]
            for each in sockets:
                # As the listener has it. The system gives a port to both as long as this one does not listen.
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                each.bind((_HOST, 0))
            self.numbers: tuple[int, ...] = tuple(each.getsockname()[1] for each in sockets)
            self._held = held.pop_all()

    def release(self) -> None:
        """Give them back. Harmless when done again."""
        self._held.close()
