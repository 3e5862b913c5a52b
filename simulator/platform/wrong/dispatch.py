"""The dispatch service of a platform that makes mistakes."""

from dataclasses import replace
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from simulator.platform.addresses import Addresses
from simulator.platform.device_certificates import DeviceCertificates
from simulator.platform.dispatch import Dispatch
from simulator.platform.inspection_guard import InspectionGuard
from simulator.platform.online import OnlineDevices
from simulator.platform.services import Services
from simulator.platform.wrong import certificate_modes as modes_of_certificates
from simulator.platform.wrong import lookup_modes as lookups
from simulator.platform.wrong.command_modes import NO_PICTURE
from simulator.platform.wrong.mistakes import Mistakes
from simulator.protocol import codes
from simulator.protocol.broker import MAX_NONCE_LENGTH, BrokerAnswer, BrokerType, LookupQuery
from simulator.wire.authority import Issued

_FOUR_MINUTES_MS = 200_000
"""A little less, so that a slow test of four minutes is refused as well."""


class WrongDispatch(Dispatch):
    """The HTTP side of the platform, with mistakes."""

    def __init__(
        self,
        services: Services,
        addresses: Addresses,
        online: OnlineDevices,
        guard: InspectionGuard,
        mistakes: Mistakes,
        certificates: DeviceCertificates | None,
    ) -> None:
        super().__init__(services, addresses, online, guard, certificates)
        self._mistakes = mistakes

    def _query(self, text: str) -> LookupQuery | str:
        query = super()._query(text)
        return self._forgiven(text, query) if isinstance(query, str) else self._begrudged(query)

    def _forgiven(self, text: str, code: str) -> LookupQuery | str:
        """A look-up that should be refused, or the code that it is refused with all the same."""
        mistakes = self._mistakes
        given = dict(parse_qsl(text, keep_blank_values=True))
        names = ("sn", "type", "nonce", "timestamp", "sign")
        missing = [name for name in names if not given.get(name)]
        if missing and lookups.ACCEPTS_MISSING not in mistakes:
            return code
        if len(given.get("nonce", "")) > MAX_NONCE_LENGTH and lookups.ACCEPTS_LONG_NONCE not in mistakes:
            return code
        if given.get("type", BrokerType.BEST_W) not in frozenset(BrokerType):
            if lookups.ACCEPTS_TYPE not in mistakes:
                return code
            given["type"] = BrokerType.BEST_W
        if not given.get("timestamp", "0").isdecimal():
            return code
        query = LookupQuery(*(given.get(name) or "" for name in names))
        return LookupQuery(query.sn, query.type or BrokerType.BEST_W, query.nonce, query.timestamp, query.sign)

    def _begrudged(self, query: LookupQuery) -> LookupQuery | str:
        """A look-up that should be answered, or the code that it is refused with."""
        mistakes = self._mistakes
        if lookups.REFUSES_LONGEST_NONCE in mistakes and len(query.nonce) == MAX_NONCE_LENGTH:
            return codes.BAD_VALUE
        age = self._services.clock.wall() * 1000 - int(query.timestamp)
        if lookups.REFUSES_SKEW in mistakes and abs(age) > _FOUR_MINUTES_MS:
            return codes.BAD_SIGN
        return query

    def _issued(self, certificates: DeviceCertificates, sn: str) -> Issued | None:
        wrong = modes_of_certificates.ISSUED_WRONGLY
        mode = self._mistakes.next_of(*(mode for mode in modes_of_certificates.CERTIFICATE_MODES if mode.name in wrong))
        return super()._issued(certificates, sn) if mode is None else wrong[mode.name](certificates, sn)

    def _response(self, answer: BrokerAnswer) -> web.Response:
        modes = [mode for mode in lookups.ANSWER_MODES if answer.succeeded or not mode.successes]
        if modes_of_certificates.ROOT_BROKEN in self._mistakes and answer.root_ca is not None:
            answer = replace(answer, root_ca=modes_of_certificates.NO_ROOT)
        mode = self._mistakes.next_of(*modes)
        if not isinstance(mode, lookups.AnswerMode):
            return super()._response(answer)
        message = orjson.loads(answer.encode())
        body = mode.change(message)
        status, data, content_type = body or (200, orjson.dumps(message), "application/json")
        return web.Response(status=status, body=data, content_type=content_type)

    async def _photo(self, request: web.Request) -> web.Response:
        if request.match_info["name"].startswith(NO_PICTURE):
            return web.Response(text="No picture today.", content_type="text/plain")
        return await super()._photo(request)
