"""The control packets of MQTT 3.1.1 (OASIS standard of 29 October 2014), as values; bytes are the codec's affair.

Section numbers are the standard's.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

MOST_PACKET_BYTES: Final = 268_435_455 + 5
"""The largest packet that a length of four bytes allows, its fixed header included (2.2.3)."""
MOST_IN_FLIGHT: Final = 65_535
"""Packet ids go from 1 to this (2.3.1)."""


class MalformedPacket(Exception):  # noqa: N818 - named for what arrived; it is a finding about the peer
    """What arrived is no packet of MQTT 3.1.1, or one that this side must never get. The text quotes no payload."""


class ConnectReturn(IntEnum):
    """How a broker answers CONNECT (3.2.2.3)."""

    ACCEPTED = 0
    UNACCEPTABLE_PROTOCOL_VERSION = 1
    IDENTIFIER_REJECTED = 2
    SERVER_UNAVAILABLE = 3
    BAD_USER_NAME_OR_PASSWORD = 4
    NOT_AUTHORIZED = 5


SUBSCRIPTION_FAILED: Final = 0x80
"""What stands in SUBACK for a topic that was refused (3.9.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Will:
    """What a broker publishes when the client is gone without a word (3.1.2.5)."""

    topic: str
    payload: bytes = field(repr=False)
    qos: int = 0
    retain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """3.1; `keep_alive` in seconds, 0 for none."""

    client_id: str
    clean_session: bool
    keep_alive: int
    username: str | None = None
    password: bytes | None = field(default=None, repr=False)
    will: Will | None = None
    level: int = 4
    """The protocol level; another than 4 is read no further, so that it can be refused by its code."""


@dataclass(frozen=True, slots=True)
class Connack:
    """3.2; `code` is a `ConnectReturn`'s value, or another number that a broker sent."""

    session_present: bool
    code: int


@dataclass(frozen=True, slots=True)
class Publish:
    """3.3; `packet_id` is 0 with quality of service 0."""

    topic: str
    payload: bytes = field(repr=False)
    qos: int = 0
    packet_id: int = 0
    dup: bool = False
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Puback:
    """3.4."""

    packet_id: int


@dataclass(frozen=True, slots=True)
class Pubrec:
    """3.5; quality of service 2, which nobody here asks for: a broker takes it all the same."""

    packet_id: int


@dataclass(frozen=True, slots=True)
class Pubrel:
    """3.6."""

    packet_id: int


@dataclass(frozen=True, slots=True)
class Pubcomp:
    """3.7."""

    packet_id: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """3.8; `filters` are topic filters, each with the highest quality of service that is wanted."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Suback:
    """3.9; one code for each filter: the granted quality of service, or `SUBSCRIPTION_FAILED`."""

    packet_id: int
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """3.10."""

    packet_id: int
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unsuback:
    """3.11."""

    packet_id: int


@dataclass(frozen=True, slots=True)
class Pingreq:
    """3.12."""


@dataclass(frozen=True, slots=True)
class Pingresp:
    """3.13."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """3.14."""


Packet = (
    Connect
    | Connack
    | Publish
    | Puback
    | Pubrec
    | Pubrel
    | Pubcomp
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
)
