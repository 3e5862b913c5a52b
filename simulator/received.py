"""When what is being handed over had arrived: told by whoever reads it to whoever measures a reply.

Beside the clock, because the one is a transport and the other a device, and neither knows the other.
"""


class Received:
    """The arrival of the message that is being handed over; one serves every connection of an event loop.

    Attributes:
        at: monotonic seconds of the clock that latencies are measured by; 0 where nobody knows better than "now".
    """

    __slots__ = ("at",)

    def __init__(self) -> None:
        self.at = 0.0
