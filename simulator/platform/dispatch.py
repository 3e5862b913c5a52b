"""The dispatch service over HTTP: where is the broker, the photos that devices download, and a view into the ledger."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from simulator.platform import photos
from simulator.platform.addresses import SOME_COMPANY, Addresses, bracketed
from simulator.platform.device_certificates import DeviceCertificates
from simulator.platform.inspection_guard import InspectionGuard
from simulator.platform.ledger.errors import DAMAGE, FAULT
from simulator.platform.ledger.inspection import records_of, summary_of
from simulator.platform.ledger.shares import merged
from simulator.platform.online import OnlineDevices
from simulator.platform.peers import ZERO_PATH, PeerGoneError, Peers
from simulator.platform.services import Services
from simulator.platform.tally import SILENT
from simulator.protocol import codes
from simulator.protocol.broker import (
    LOOKUP_PATH,
    BrokerAnswer,
    BrokerType,
    LookupQuery,
    is_publish_subscribe,
    is_websocket,
    parse_query_string,
)
from simulator.protocol.catalogue import LOOKUP
from simulator.wire.authority import Issued

LEDGER_PATH, RECORDS_PATH = "/ledger", "/ledger/records"
_PHOTO = re.compile(r"(?!missing)[0-9A-Za-z]{1,64}")


class Dispatch:
    """The HTTP side of the platform.

    Args:
        certificates: where each device's certificate comes from; None for a platform that gives none.
    """

    def __init__(
        self,
        services: Services,
        addresses: Addresses,
        online: OnlineDevices,
        guard: InspectionGuard,
        certificates: DeviceCertificates | None = None,
    ) -> None:
        self._services = services
        self._addresses = addresses
        self._online = online
        self._guard = guard
        self._certificates = certificates
        self._peers: Peers | None = None

    def application(self, peers: Peers | None = None) -> web.Application:
        """The routes.

        Args:
            peers: the other processes of a platform in several, to which it belongs what their devices ask.
        """
        self._peers = peers
        application = web.Application()
        application.router.add_get(LOOKUP_PATH, self._look_up if peers is None else peers.by_owner(self._look_up))
        application.router.add_get("/photos/{name}.jpg", self._photo)
        application.router.add_get(LEDGER_PATH, self._ledger_summary)
        application.router.add_get(RECORDS_PATH, self._ledger_records)
        return application

    def inner_application(self, began_elsewhere: Callable[[float], None]) -> web.Application:
        """The routes for the other processes of this platform, which have looked at who asks.

        Args:
            began_elsewhere: told when the platform's first device came online at another process.
        """

        async def summary(_request: web.Request) -> web.Response:
            return self._looked(self._summary)

        async def records(request: web.Request) -> web.Response:
            return self._looked(lambda: {"records": self._records(request.query.get("sn", ""))})

        async def zero(request: web.Request) -> web.Response:
            began_elsewhere(float(request.query["at"]))
            return web.Response()

        application = web.Application()
        application.router.add_get(LOOKUP_PATH, self._look_up)
        application.router.add_get(LEDGER_PATH, summary)
        application.router.add_get(RECORDS_PATH, records)
        application.router.add_get(ZERO_PATH, zero)
        return application

    async def _look_up(self, request: web.Request) -> web.Response:
        answer, silent = await self.look_up(request.rel_url.raw_query_string, request.host)
        if self._services.verbose:
            self._services.log(f"{request.query.get('sn', '-')} < {LOOKUP} {answer.code}")
        if silent:
            # Ends when the device goes: the server cancels the handlers of closed connections.
            await asyncio.get_running_loop().create_future()
        return self._response(answer)

    async def look_up(self, query_string: str, host: str) -> tuple[BrokerAnswer, bool]:
        """Answer a look-up, whatever carries it; and whether it is to get no answer all the same.

        Args:
            query_string: what stands in the URL after `?`.
            host: as in the `Host` header: whom the device asked.
        """
        decision = self._services.answers.decide(LOOKUP)
        if decision.code is not None:
            answer = BrokerAnswer.refusal(decision.code)
        else:
            query = self._query(query_string)
            answer = BrokerAnswer.refusal(query) if isinstance(query, str) else await self._find(query, host)
        if decision.delay:
            await asyncio.sleep(decision.delay)
        self._services.tally.message(LOOKUP, SILENT if decision.silent else answer.code)
        return answer, decision.silent

    def _query(self, text: str) -> LookupQuery | str:
        """The look-up in the part of the URL after `?`, or the code to refuse it with."""
        return parse_query_string(text)

    def _response(self, answer: BrokerAnswer) -> web.Response:
        return json_response(answer.encode())

    async def _find(self, query: LookupQuery, host_header: str) -> BrokerAnswer:
        code = await self._checked(query)
        if code != codes.SUCCESS:
            return BrokerAnswer.refusal(code)
        committed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def tell(durable: bool) -> None:
            # The device may have gone meanwhile, and the handler with it.
            if not committed.done():
                committed.set_result(durable)

        self._services.ledger.when_durable(tell)
        if not await committed:
            return BrokerAnswer.refusal(codes.INTERNAL)
        self._services.demands.looked_up(query.sn)
        host = self._addresses.asked(host_header)
        message = codes.MESSAGES[codes.SUCCESS]
        if is_websocket(query.type):
            url = self._addresses.broker(host)
        elif is_publish_subscribe(query.type):
            url = self._addresses.mqtt(host)
        else:
            # A transport that this platform does not serve; in form what a cloud would answer.
            return BrokerAnswer(code=code, message=message, url=f"http://{bracketed(host)}:8088")
        root = self._addresses.root_ca
        belongs = self._belongs(query.type)
        own = None if self._certificates is None else self._issued(self._certificates, query.sn)
        if own is None:
            return BrokerAnswer(code=code, message=message, url=url, root_ca=root, **belongs)
        return BrokerAnswer(code=code, message=message, url=url, root_ca=root, **own._asdict(), **belongs)

    def _belongs(self, broker_type: str) -> dict[str, str]:
        """Company and site, where the platform has them; with best-a always."""
        mqtt = self._services.settings.mqtt
        default = SOME_COMPANY if broker_type == BrokerType.BEST_A else None
        belongs = {"company_id": mqtt.company_id or default, "site_id": mqtt.site_id or default}
        return {name: value for name, value in belongs.items() if value}

    def _issued(self, certificates: DeviceCertificates, sn: str) -> Issued | None:
        """The certificate and the keys in a device's answer."""
        return certificates.issue(sn)

    async def _checked(self, query: LookupQuery) -> str:
        """The look-up's code, once the ledger can keep its nonce."""
        checked: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def settle(code: str) -> None:
            if not checked.done():
                checked.set_result(code)

        self._services.ledger.perform(
            lambda: settle(self._services.authority.look_up(query)), lambda: settle(codes.INTERNAL)
        )
        return await checked

    async def _photo(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if _PHOTO.fullmatch(name) is None:
            raise web.HTTPNotFound
        return web.Response(body=photos.jpeg(name), content_type="image/jpeg")

    async def _ledger_summary(self, request: web.Request) -> web.Response:
        async def whole() -> dict[str, Any]:
            own = self._summary()
            return own if self._peers is None else merged([own, *await self._peers.each(LEDGER_PATH)])

        return await self._inspected(request, whole)

    def _summary(self) -> dict[str, Any]:
        self._services.tally.flush()
        return summary_of(self._services.ledger.database, self._online.serial_numbers)

    async def _ledger_records(self, request: web.Request) -> web.Response:
        sn = request.query.get("sn", "")

        async def of_device() -> dict[str, Any]:
            own = partial(self._records, sn)
            return {"records": own() if self._peers is None else await self._peers.records(sn, own, RECORDS_PATH)}

        return await self._inspected(request, of_device)

    def _records(self, sn: str) -> list[dict[str, Any]]:
        return records_of(self._services.ledger.database, sn)

    async def _inspected(self, request: web.Request, look: Callable[[], Awaitable[dict[str, Any]]]) -> web.Response:
        refusal = self._guard.refusal(_peer(request), request.headers)
        if refusal is not None:
            self._services.tally.event("inspection refused")
            headers = {"WWW-Authenticate": "Bearer"} if refusal[0] == 401 else None
            body = orjson.dumps({"error": refusal[1]})
            return web.Response(body=body, content_type="application/json", status=refusal[0], headers=headers)
        try:
            return json_response(orjson.dumps(await look()))
        except DAMAGE as error:
            return self._unreadable(error)
        except PeerGoneError:
            return _unavailable("a process of the platform does not answer, and half a ledger is none")

    def _looked(self, look: Callable[[], dict[str, Any]]) -> web.Response:
        try:
            return json_response(orjson.dumps(look()))
        except DAMAGE as error:
            return self._unreadable(error)

    def _unreadable(self, error: Exception) -> web.Response:
        self._services.ledger.on_fault(FAULT, str(error))
        return _unavailable("the ledger cannot be read as a whole, perhaps it is damaged")


def _unavailable(problem: str) -> web.Response:
    return web.Response(body=orjson.dumps({"error": problem}), content_type="application/json", status=503)


def _peer(request: web.Request) -> str | None:
    name = request.transport.get_extra_info("peername") if request.transport is not None else None
    return str(name[0]) if name else None


def json_response(body: bytes) -> web.Response:
    """A response of JSON."""
    return web.Response(body=body, content_type="application/json")
