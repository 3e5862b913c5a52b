"""Where a connection is in its life, and the codes with which it ends (RFC 6455, section 7.4)."""

import enum

NORMAL = 1000
GOING_AWAY = 1001
ABNORMAL = 1006
BAD_DATA = 1007
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011


class Phase(enum.Enum):
    """Where a connection is in its life."""

    OPENING = enum.auto()
    OPEN = enum.auto()
    CLOSING = enum.auto()
    ENDED = enum.auto()
