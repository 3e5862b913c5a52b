"""How a connection with a broker ended: short stable words, which are counted."""

from typing import Final

CLOSED: Final = "closed by the broker"
"""MQTT 3.1.1 has no packet by which a broker would say why."""
LOST: Final = "connection lost"
"""Reset, or a time-out of TCP."""
TAKEN_OVER: Final = "taken over"
"""The broker closed it after it had accepted a newer connection with the same client id."""
KEEP_ALIVE: Final = "keep-alive"
"""No answer to PINGREQ: this side took the connection for dead."""
ENDED: Final = "disconnected"
"""This side ended it, in order or at once."""
NO_MQTT: Final = "no proper MQTT"
TOO_LARGE: Final = "message too large"
INTERNAL: Final = "internal fault"
"""A fault of this program."""

BROKERS_FAULTS: Final = frozenset({NO_MQTT, TOO_LARGE})
"""This side ended it because of what the broker had sent."""
