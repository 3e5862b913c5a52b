"""The names of what a broker tells its owner of, and of the ways in which a connection ends. None carries a secret."""

from typing import Final

from simulator.mqtt.packets import ConnectReturn

# --- Events ---

CONNECTED: Final = "connected"
"""CONNACK 0 was sent; detail: `session present` or empty."""
REFUSED: Final = "refused"
"""Detail: the return code's name, as `name_of` has it."""
TAKEN_OVER: Final = "taken over"
"""A second client came with the id of a connected one, whose `DISCONNECTED` follows."""
DISCONNECTED: Final = "disconnected"
"""Detail: one of the endings below, and after a colon more of it, where there is more."""
TURNED_AWAY: Final = "turned away"
"""A connection ended before CONNECT; detail: why."""
QUEUE_OVERFLOW: Final = "queue overflow"
"""A message for this client was lost: too many wait, or a slow client cannot be sent one of quality of service 0."""
SESSION_DROPPED: Final = "session dropped"
"""Too many persistent sessions; the detail says how many messages were lost with it."""
RETAINED_OVERFLOW: Final = "retained overflow"
"""A message was to be retained and there was no room; detail: how large it is."""
SUBSCRIPTION_REFUSED: Final = "subscription refused"
"""Detail: the filter."""
PUBLISH_REFUSED: Final = "publish refused"
"""Detail: the topic."""

# --- Endings ---

ORDERLY: Final = "orderly"
LOST: Final = "lost"
KEEP_ALIVE: Final = "keep-alive"
PROTOCOL_ERROR: Final = "protocol error"
NOT_AUTHORIZED: Final = "not authorized"
NOT_TAKEN: Final = "not taken"
"""A subscriber in this process did not take a message, which therefore was not acknowledged."""
BY_OWNER: Final = "closed by the owner"
BROKER_CLOSED: Final = "broker closed"
INTERFERENCE: Final = "interference"
INTERNAL_FAULT: Final = "internal fault"


def name_of(code: ConnectReturn) -> str:
    """`not authorized` and the like, for counting and for people."""
    return code.name.lower().replace("_", " ")
