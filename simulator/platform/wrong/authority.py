"""Who may do what, on a platform that lets through what it should refuse."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from simulator.clock import Clock
from simulator.platform.authority import Answer, Authority
from simulator.platform.directory import DeviceIdentity, Directory
from simulator.platform.ledger.devices import DeviceTable
from simulator.platform.wrong import leniency_modes as leniency
from simulator.platform.wrong import lookup_modes as lookups
from simulator.platform.wrong.mistakes import Mistakes
from simulator.protocol import codes, credentials
from simulator.protocol.broker import MAX_SKEW_MS, LookupQuery


class WrongAuthority(Authority):
    """Knows the devices, and does not always look."""

    def __init__(
        self, directory: Directory, devices: DeviceTable, clock: Clock, login_refusal: str, mistakes: Mistakes
    ) -> None:
        super().__init__(directory, devices, clock, login_refusal)
        self._mistakes = mistakes

    def look_up(self, query: LookupQuery) -> str:
        code = super().look_up(self._forgiven(query))
        if code == codes.NOT_AUTHORISED and lookups.ACCEPTS_UNKNOWN in self._mistakes:
            return codes.SUCCESS
        return code

    def register(self, sn: str, params: Mapping[str, Any]) -> Answer:
        if self._directory.lookup(sn) is None and leniency.ACCEPTS_UNKNOWN_SN in self._mistakes:
            return codes.SUCCESS, {"authCode": self._mistakes.number()}
        return super().register(sn, params)

    def accredit(self, sn: str, params: Mapping[str, Any]) -> Answer:
        return super().accredit(sn, self._with_credentials(sn, params))

    def login(self, sn: str, params: Mapping[str, Any]) -> Answer:
        return super().login(sn, self._with_credentials(sn, params))

    def _with_credentials(self, sn: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The params with the credentials that are forgiven put right."""
        identity = self._directory.lookup(sn)
        if identity is None:
            return params
        right = dict(params)
        auth_code, secret = self._issued(identity)
        if leniency.ACCEPTS_AUTH_CODE in self._mistakes and auth_code is not None:
            right["authCode"] = auth_code
        if leniency.ACCEPTS_SECRET in self._mistakes and secret is not None and "secret" in right:
            right["secret"] = secret
        return right

    def _known(self, sn: str, params: Mapping[str, Any]) -> DeviceIdentity | None:
        identity = self._directory.lookup(sn)
        if identity is None:
            return None
        right = dict(params)
        # The devKey's digest is salted with the product: who names another cannot have the right one.
        product = params["productId"] != identity.product_id and leniency.ACCEPTS_PRODUCT in self._mistakes
        if product:
            right["productId"] = identity.product_id
        if product or leniency.ACCEPTS_DEV_KEY in self._mistakes:
            right["devKey"] = self.key_digest(identity)
        return super()._known(sn, right)

    def _forgiven(self, query: LookupQuery) -> LookupQuery:
        """The query with what is forgiven put right."""
        mistakes = self._mistakes
        identity = self._directory.lookup(query.sn)
        if identity is None:
            return query
        key = identity.secret_key
        right = credentials.sign(query.sn, query.nonce, query.timestamp, key)
        signed = (
            query.sign == right
            or lookups.ACCEPTS_SIGN in mistakes
            or (lookups.ACCEPTS_UPPER_CASE in mistakes and query.sign == right.upper())
            or (lookups.ACCEPTS_MISSING in mistakes and "" in (query.sign, query.nonce, query.timestamp))
        )
        now = int(self._clock.wall() * 1000)
        age = now - int(query.timestamp or now)
        timestamp, nonce = query.timestamp or str(now), query.nonce
        stale = age > MAX_SKEW_MS and lookups.ACCEPTS_STALE in mistakes
        future = -age > MAX_SKEW_MS and lookups.ACCEPTS_FUTURE in mistakes
        if stale or future:
            timestamp = str(now)
        if lookups.ACCEPTS_NONCE in mistakes or not nonce:
            nonce = f"again{self._mistakes.number()}"
        sign = credentials.sign(query.sn, nonce, timestamp, key) if signed else query.sign
        return dataclasses.replace(query, timestamp=timestamp, nonce=nonce, sign=sign)
