"""Which funcIds a connection may send now, and which the platform takes at all."""

from typing import Any

from simulator.platform.online import Phase
from simulator.platform.settings import PlatformSettings
from simulator.protocol.catalogue import CATALOGUE

EXCHANGE_KEY = "device.exchange.publicKey"
EXCHANGE_FACTOR = "device.exchange.factor"
EXCHANGES = frozenset((EXCHANGE_KEY, EXCHANGE_FACTOR))
REGISTER = "dev.register"
LOGIN = "dev.login"
REPORT = "dev.report"
_HEARTBEAT = "dev.heartbeat"
_LOGIN_FLOW = frozenset((REGISTER, "dev.accredit", LOGIN))
STARTS = frozenset((EXCHANGE_KEY, REGISTER, LOGIN))
"""With one of these a device begins anew, where nobody sees its connections."""


def is_allowed(name: str, sn: Any, phase: Phase, own_sn: str) -> bool:
    """Whether a message of this funcId may come now.

    Args:
        sn: What the message says.
        own_sn: Who has logged in on the connection; empty for nobody.
    """
    if own_sn and isinstance(sn, str) and sn and sn != own_sn:
        return False
    if phase is Phase.ONLINE:
        return True
    if name in EXCHANGES:
        return True
    if phase is Phase.EXCHANGE:
        return False
    return name in _LOGIN_FLOW or (phase is Phase.LOGGED_IN and name == REPORT)


def is_supported(name: str, settings: PlatformSettings) -> bool:
    """Whether the platform said in the report's reply that it takes this funcId."""
    if name == _HEARTBEAT:
        return settings.supports_heartbeat
    if settings.func_ids is None:
        return True
    spec = CATALOGUE[name]
    return spec.always_supported or not spec.negotiated or name in settings.func_ids
