"""The dispatch service over HTTP: where is the broker, the photos that devices download, and a view into the ledger."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from simulator.platform import photos
from simulator.platform.answers import AnswerPolicy
from simulator.platform.authority import Authority
from simulator.platform.inspection_guard import InspectionGuard
from simulator.platform.ledger import DAMAGE, FAULT, Ledger
from simulator.platform.tally import SILENT, Tally
from simulator.protocol import codes
from simulator.protocol.broker import (
    LOOKUP_PATH,
    BrokerAnswer,
    BrokerType,
    LookupQuery,
    is_websocket,
    parse_query_string,
)
from simulator.protocol.catalogue import LOOKUP

_PHOTO = re.compile(r"(?!missing)[0-9A-Za-z]{1,64}")


@dataclass(slots=True)
class Addresses:
    """Where the two ports are found.

    Args:
        listening: The host that the ports are bound to.
        public_host: Put into every address; None puts the host that a device asked.
        root_ca: PEM text that devices need to trust the broker, for a self-made certificate.
    """

    listening: str
    public_host: str | None
    tls: bool
    dispatch_port: int = 0
    broker_port: int = 0
    root_ca: str | None = None
    _asked: str | None = None

    def asked(self, host_header: str) -> str:
        """The host for a device that asked with this `Host` header; remembered for photos."""
        host = self.public_host or _host_of(host_header) or self.host
        self._asked = host
        return host

    @property
    def host(self) -> str:
        """The host for whoever did not ask."""
        if self.public_host or self._asked:
            return self.public_host or self._asked or ""
        return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.listening, self.listening)

    def broker(self, host: str) -> str:
        """The broker's URL at that host."""
        return f"{'wss' if self.tls else 'ws'}://{_bracketed(host)}:{self.broker_port}"

    def dispatch(self, host: str) -> str:
        """The dispatch URL at that host."""
        return f"{'https' if self.tls else 'http'}://{_bracketed(host)}:{self.dispatch_port}"

    def photo(self, sn: str, pin: str) -> str:
        """Address of a user's photo."""
        return f"{self.dispatch(self.host)}/photos/{pin}.jpg"


class Dispatch:
    """The HTTP side of the platform."""

    def __init__(
        self,
        addresses: Addresses,
        authority: Authority,
        ledger: Ledger,
        tally: Tally,
        answers: AnswerPolicy,
        *,
        summary: Callable[[], dict[str, Any]],
        records: Callable[[str], list[dict[str, Any]]],
        trace: Callable[[str], None],
        guard: InspectionGuard,
    ) -> None:
        self._addresses = addresses
        self._authority = authority
        self._ledger = ledger
        self._guard = guard
        self._tally = tally
        self._answers = answers
        self._summary = summary
        self._records = records
        self._trace = trace

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application()
        application.router.add_get(LOOKUP_PATH, self._look_up)
        application.router.add_get("/photos/{name}.jpg", self._photo)
        application.router.add_get("/ledger", self._ledger_summary)
        application.router.add_get("/ledger/records", self._ledger_records)
        return application

    async def _look_up(self, request: web.Request) -> web.Response:
        decision = self._answers.decide(LOOKUP)
        if decision.code is not None:
            answer = BrokerAnswer.refusal(decision.code)
        else:
            query = parse_query_string(request.rel_url.raw_query_string)
            answer = BrokerAnswer.refusal(query) if isinstance(query, str) else await self._find(query, request.host)
        if decision.delay:
            await asyncio.sleep(decision.delay)
        self._tally.message(LOOKUP, SILENT if decision.silent else answer.code)
        self._trace(f"{request.query.get('sn', '-')} < {LOOKUP} {answer.code}")
        if decision.silent:
            # Ends when the device goes: the server cancels the handlers of closed connections.
            await asyncio.get_running_loop().create_future()
        return _json(answer.encode())

    async def _find(self, query: LookupQuery, host_header: str) -> BrokerAnswer:
        code = await self._checked(query)
        if code != codes.SUCCESS:
            return BrokerAnswer.refusal(code)
        committed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def tell(durable: bool) -> None:
            # The device may have gone meanwhile, and the handler with it.
            if not committed.done():
                committed.set_result(durable)

        self._ledger.when_durable(tell)
        if not await committed:
            return BrokerAnswer.refusal(codes.INTERNAL)
        host = self._addresses.asked(host_header)
        message = codes.MESSAGES[codes.SUCCESS]
        if not is_websocket(query.type):
            return _elsewhere(query.type, host, message)
        return BrokerAnswer(
            code=code, message=message, url=self._addresses.broker(host), root_ca=self._addresses.root_ca
        )

    async def _checked(self, query: LookupQuery) -> str:
        """The look-up's code, once the ledger can keep its nonce."""
        checked: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def settle(code: str) -> None:
            if not checked.done():
                checked.set_result(code)

        self._ledger.perform(lambda: settle(self._authority.look_up(query)), lambda: settle(codes.INTERNAL))
        return await checked

    async def _photo(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if _PHOTO.fullmatch(name) is None:
            raise web.HTTPNotFound
        return web.Response(body=photos.jpeg(name), content_type="image/jpeg")

    async def _ledger_summary(self, request: web.Request) -> web.Response:
        return self._inspected(request, self._summary)

    async def _ledger_records(self, request: web.Request) -> web.Response:
        return self._inspected(request, lambda: {"records": self._records(request.query.get("sn", ""))})

    def _inspected(self, request: web.Request, look: Callable[[], dict[str, Any]]) -> web.Response:
        refusal = self._guard.refusal(_peer(request), request.headers)
        if refusal is not None:
            self._tally.event("inspection refused")
            headers = {"WWW-Authenticate": "Bearer"} if refusal[0] == 401 else None
            body = orjson.dumps({"error": refusal[1]})
            return web.Response(body=body, content_type="application/json", status=refusal[0], headers=headers)
        try:
            return _json(orjson.dumps(look()))
        except DAMAGE as error:
            self._ledger.on_fault(FAULT, str(error))
            problem = {"error": "the ledger cannot be read as a whole, perhaps it is damaged"}
            return web.Response(body=orjson.dumps(problem), content_type="application/json", status=503)


def _peer(request: web.Request) -> str | None:
    name = request.transport.get_extra_info("peername") if request.transport is not None else None
    return str(name[0]) if name else None


def _elsewhere(broker_type: str, host: str, message: str) -> BrokerAnswer:
    """The address of a transport that this platform does not serve; in form what a cloud would answer."""
    host = _bracketed(host)
    urls = {
        BrokerType.PUSH: f"http://{host}:8088",
        BrokerType.BEST_T: f"mqtts://{host}:8883",
        BrokerType.BEST_M: f"mqtts://{host}:8883",
        BrokerType.BEST_A: f"mqtts://{host}:8883",
    }
    belongs = {"company_id": "1", "site_id": "1"} if broker_type == BrokerType.BEST_A else {}
    return BrokerAnswer(code=codes.SUCCESS, message=message, url=urls[BrokerType(broker_type)], **belongs)


def _host_of(header: str) -> str:
    """The host of a `Host` header, without port and brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0]


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _json(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")
