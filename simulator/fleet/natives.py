"""What a fleet's loop needs of the system as it is, where a library has put its own in that place."""

import _thread
import socket
import time
from collections.abc import Callable
from typing import NamedTuple

from simulator.fleet.state_keeper import StartThread


class Natives(NamedTuple):
    """By default what the interpreter has; who has replaced it says what was there."""

    socket_type: type[socket.socket] = socket.socket
    """What sockets are made of."""
    start_thread: StartThread = _thread.start_new_thread
    """Starts a native thread."""
    sleep: Callable[[float], None] = time.sleep
    """Blocks this thread alone."""
