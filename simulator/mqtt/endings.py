"""How a connection with a broker ended, and why none came to be: short stable words, which are counted."""

from typing import Final

from simulator.mqtt.packets import ConnectReturn

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
ENDINGS: Final = BROKERS_FAULTS | {CLOSED, LOST, TAKEN_OVER, KEEP_ALIVE, ENDED, INTERNAL}
"""Whatever a handler's `closed` is told."""

SUBSCRIPTION_REFUSED: Final = "subscription refused"
UNUSABLE_LOGIN: Final = "unusable login"
"""A client id, user name, password or topic that MQTT has no bytes for."""
REFUSALS: Final = {
    ConnectReturn.UNACCEPTABLE_PROTOCOL_VERSION: "unacceptable protocol version",
    ConnectReturn.IDENTIFIER_REJECTED: "identifier rejected",
    ConnectReturn.SERVER_UNAVAILABLE: "server unavailable",
    ConnectReturn.BAD_USER_NAME_OR_PASSWORD: "bad user name or password",
    ConnectReturn.NOT_AUTHORIZED: "not authorized",
}
"""By CONNACK's code."""
CONNECT_FAILURES: Final = frozenset({NO_MQTT, SUBSCRIPTION_REFUSED, UNUSABLE_LOGIN, *REFUSALS.values()})
"""Every kind of `ConnectFailed` that is MQTT's own. A subscription may also fail by the connection's ending."""
