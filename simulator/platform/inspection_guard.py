"""Who may look into a running platform's ledger over HTTP (docs/deviations.md, The embedded platform's ledger).

The pages tell of every device. Without a token they are for this machine alone, and not for whatever web page its user
has open; with one they are for whoever presents it, wherever from.
"""

import hmac
import ipaddress
from collections.abc import Mapping

_FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
"""Somebody else asks through a proxy on this machine."""
_ASKED_BY_OTHERS = frozenset(("cross-site", "same-site"))
_BEARER = "Bearer "
_HERE = frozenset(("localhost",))


class InspectionGuard:
    """Decides for one platform.

    Args:
        token: What the `Authorization` header must hold; None lets in this machine alone.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token

    def refusal(self, peer: str | None, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Status and reason where the request is refused; None lets it in.

        Args:
            peer: IP address of the other side.
        """
        if headers.get("Sec-Fetch-Site") in _ASKED_BY_OTHERS:
            return 403, "another web page asks"
        if self._token is not None:
            given = headers.get("Authorization", "")
            presented = given.removeprefix(_BEARER) if given.startswith(_BEARER) else ""
            right = hmac.compare_digest(presented.encode(errors="replace"), self._token.encode())
            return None if right else (401, "a token is needed: Authorization: Bearer TOKEN")
        if not _is_loopback(peer) or any(name in headers for name in _FORWARDING):
            return 403, "only this machine may look without a token: start the platform with --ledger-token-file"
        if not _names_this_machine(headers.get("Host", "")):
            # A name of somebody's own that leads here is how a foreign page would get at it.
            return 403, "ask for 127.0.0.1 or localhost"
        return None


def _is_loopback(peer: str | None) -> bool:
    try:
        address = ipaddress.ip_address((peer or "").partition("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _names_this_machine(host: str) -> bool:
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    if name.lower() in _HERE:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
