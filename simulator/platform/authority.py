"""Who may do what: the look-up's checks, registration, accreditation and login.

Every comparison of a secret takes the same time whatever it compares. What a device was given stands in the ledger, so
that a restarted platform knows it; an identity that brings `authCode` and `secret` along is known from the start.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from simulator.clock import Clock
from simulator.platform.directory import DeviceIdentity, Directory
from simulator.platform.ledger.devices import DeviceTable
from simulator.protocol import codes, credentials
from simulator.protocol.broker import LookupQuery, check_lookup

Answer = tuple[str, dict[str, Any] | None]
"""Code and results of a reply."""

REFUSED: Answer = (codes.NOT_AUTHORISED, None)
_AUTH_CODE_BYTES = 16
_SECRET_BYTES = 24


class KeyHolder(Protocol):
    """A device, as far as its key is concerned."""

    @property
    def dev_key(self) -> str: ...

    @property
    def product_id(self) -> str: ...


class Authority:
    """Knows the devices and what each must present.

    Args:
        login_refusal: the code that a known device gets whose `authCode` or `secret` is not valid.
        tokens: makes an `authCode` or a `secret` of so many random bytes, as text.
    """

    def __init__(
        self,
        directory: Directory,
        devices: DeviceTable,
        clock: Clock,
        login_refusal: str = codes.NOT_AUTHORISED,
        *,
        tokens: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self._directory = directory
        self._devices = devices
        self._clock = clock
        self._tokens = tokens
        self._login_refused: Answer = (login_refusal, None)
        self._digests: dict[tuple[str, str], str] = {}

    def identity(self, sn: str) -> DeviceIdentity | None:
        """What was written into the device of that serial number; None for an unknown one."""
        return self._directory.lookup(sn)

    def look_up(self, query: LookupQuery) -> str:
        """Check a broker look-up and use up its nonce; returns the code."""
        identity = self._directory.lookup(query.sn)
        code = check_lookup(
            query,
            secret_key=None if identity is None else identity.secret_key,
            now_ms=int(self._clock.wall() * 1000),
            nonce_seen=False,
        )
        if code is not None:
            return code
        # Only a rightly signed query uses its nonce up: nobody else can spoil a device's nonces.
        return codes.SUCCESS if self._devices.use_nonce(query.sn, query.nonce) else codes.BAD_SIGN

    def register(self, sn: str, params: Mapping[str, Any]) -> Answer:
        """`dev.register`: a new authCode for a device that presents its product and key."""
        if self._known(sn, params) is None:
            return REFUSED
        auth_code = self._tokens(_AUTH_CODE_BYTES)
        self._devices.registered(sn, auth_code)
        return codes.SUCCESS, {"authCode": auth_code}

    def accredit(self, sn: str, params: Mapping[str, Any]) -> Answer:
        """`dev.accredit`: a login secret for a device that presents its authCode."""
        identity = self._known(sn, params)
        if identity is None or not _same(params["authCode"], self._issued(identity)[0]):
            return REFUSED
        secret = self._tokens(_SECRET_BYTES)
        self._devices.accredited(sn, params["authCode"], secret)
        return codes.SUCCESS, {"secret": secret}

    def login(self, sn: str, params: Mapping[str, Any]) -> Answer:
        """`dev.login`: nothing but the code."""
        identity = self._known(sn, params)
        if identity is None:
            return REFUSED
        auth_code, secret = self._issued(identity)
        right = _same(params["authCode"], auth_code) & _same(params["secret"], secret)
        if not right:
            return self._login_refused
        self._devices.logged_in(sn, self._clock.wall())
        return codes.SUCCESS, None

    def _known(self, sn: str, params: Mapping[str, Any]) -> DeviceIdentity | None:
        """The device, where product and key are its own."""
        identity = self._directory.lookup(sn)
        if identity is None or not _same(params["productId"], identity.product_id):
            return None
        return identity if _same(params["devKey"].lower(), self.key_digest(identity)) else None

    def key_digest(self, identity: KeyHolder) -> str:
        """What a device presents of its devKey: the digest with its productId."""
        # Three messages of each initial flow need it, and every reconnect one; it costs 1,000 rounds of hashing.
        key = (identity.dev_key, identity.product_id)
        digest = self._digests.get(key)
        if digest is None:
            digest = self._digests[key] = credentials.device_key_digest(*key)
        return digest

    def _issued(self, identity: DeviceIdentity) -> tuple[str | None, str | None]:
        """authCode and secret that the device must present now."""
        given = self._devices.credentials(identity.sn)
        return (identity.auth_code, identity.secret) if given is None else given


def _same(presented: str, expected: str | None) -> bool:
    if expected is None:
        return False
    return hmac.compare_digest(presented.encode(errors="replace"), expected.encode(errors="replace"))
