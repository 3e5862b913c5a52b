"""The fleet's network: look-ups and downloads over HTTP, WebSockets and MQTT over their layers, paced and spread.

Names and addresses are shared by all devices for seconds: what failed is looked up anew. Everything here runs on the
engine's loop.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from yarl import URL

from simulator.clock import TimerQueue
from simulator.device.environment import (
    NOT_ALLOWED,
    Connection,
    ConnectionHandler,
    MqttConnection,
    MqttHandler,
    MqttWay,
    NetworkError,
)
from simulator.fleet.broker_trust import BrokerTrust, is_secure
from simulator.fleet.http import Answer, Http, Way, in_words_of_scenarios, said_by, shown
from simulator.fleet.turns import Turns
from simulator.fleet.wrong_place import advice
from simulator.measurements.names import BAD_URL
from simulator.mqtt import client as mqtt
from simulator.mqtt.client_ids import ClientIds
from simulator.protocol.broker import BrokerAnswer
from simulator.scenario.download_rules import DownloadRules, kind_of_all
from simulator.scenario.scenario import SYSTEM_TRUST, TlsFiles
from simulator.shown import detail
from simulator.wire import ConnectFailed, connect
from simulator.wire.addresses import AddressBook, is_address
from simulator.wire.kernel_times import KernelTimes
from simulator.wire.local_ports import LocalPorts, prompt, system_range
from simulator.wire.proxy import HttpProxy
from simulator.wire.reaching import ClientTls, system_trust
from simulator.wire.resumption import KeptSession
from simulator.wire.tls import client_context

MAX_LOOKUP_BYTES = 256 * 1024
"""A look-up's answer holds a URL and a few certificates."""
MAX_FIRST_MESSAGE_BYTES = 128 * 1024
"""Until the platform took the login: whoever answers at its address must not cost a fleet gigabytes."""
MOST_REDIRECTS = 5
"""Of one download, from an object store's front to where the file lies; after Fetch's 20 nobody would still wait."""


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """What devices may fetch.

    Attributes:
        hosts: may be fetched from although their addresses are no public ones, as `parse_host` returns them.
        at_once: downloads of all devices together that are under way at the same time; the others wait.
    """

    hosts: Sequence[str] = ()
    at_once: int = 100


NO_MORE_HOSTS = DownloadLimits()


class FleetNetwork:
    """The ways out for all devices of an engine; implements `Network`.

    Args:
        tls: whom to trust over https and wss, and what to show; None for the system's CAs and nothing. For a broker the
            `rootCA` and the certificate of its look-up's answer come first.
        source_ips: local addresses, used in turn by device index; empty leaves the choice to the system.
        connect_rate: devices that may begin to come online per second; None for no limit.
        open_timeout: seconds for a look-up, a download, or the opening of a WebSocket.
        socket_type: what sockets are made of, where `socket.socket` was replaced by a library that has its
            own idea of waiting.
        downloads: what may be fetched, and how many at a time.
        proxy: through which look-ups, downloads and connections go.
        addresses: shared by look-ups, connects and downloads.

    Raises:
        TlsFileError: If a file of `tls` cannot be used.
    """

    def __init__(
        self,
        *,
        tls: TlsFiles | None = None,
        source_ips: Sequence[str] = (),
        connect_rate: float | None = None,
        open_timeout: float = 10.0,
        socket_type: type[socket.socket] = socket.socket,
        downloads: DownloadLimits = NO_MORE_HOSTS,
        proxy: HttpProxy | None = None,
        addresses: AddressBook | None = None,
    ) -> None:
        self._tls = None if tls is None else client_context(tls.ca, tls.client_cert, tls.client_key, tls.verify)
        self._broker_trust = BrokerTrust(tls or SYSTEM_TRUST, self._tls)
        self._source_ips = tuple(source_ips)
        self._turns = Turns(connect_rate) if connect_rate else None
        self._open_timeout = open_timeout
        self._socket_type = prompt(socket_type)
        self._addresses = addresses or AddressBook()
        self._proxy = proxy
        self._times: KernelTimes | None = None
        self._http = Http(
            tls=self._tls,
            timeout=open_timeout,
            socket_type=self._socket_type,
            addresses=self._addresses,
            proxy=proxy,
        )
        self._rules = DownloadRules(downloads.hosts)
        self._downloads = asyncio.Semaphore(downloads.at_once)
        self._local_ports = LocalPorts(system_range(), self._socket_type)
        self._timers: TimerQueue | None = None
        self._client_ids = ClientIds()
        self._begins: Callable[[], None] = _nobody
        self._stumbles: dict[int, int] = {}
        """How often each device has failed; only those that did. It begins at the next address then."""

    async def open(
        self, timers: TimerQueue, times: KernelTimes | None = None, begins: Callable[[], None] | None = None
    ) -> None:
        """Get ready; call it on the loop that the devices live on.

        Args:
            timers: run on that loop; connections over MQTT are kept alive by them.
            times: told when messages of `ws` connections arrived.
            begins: called before anything is asked for whose end the kernel tells nobody.
        """
        self._timers = timers
        self._begins = begins or _nobody
        self._times = times
        self._http.open()

    async def close(self) -> None:
        """Let go of what is open."""
        await self._http.close()
        if self._times is not None:
            self._times.flush()

    async def turn(self) -> None:
        if self._turns is not None:
            await self._turns.take()

    async def look_up(self, url: str, *, index: int, date: Callable[[float], None] | None = None) -> tuple[int, bytes]:
        way = Way(self._source(index), self._place(index))
        dispatch = _url(url)
        self._begins()
        try:
            answer = await self._http.get(dispatch, MAX_LOOKUP_BYTES, way, self._http.deadline())
            if date is not None and answer.date is not None:
                date(answer.date)
            self._accept_look_up(dispatch, answer)
        except NetworkError as error:
            self._stumbled(index)
            if more := advice(dispatch, error.kind):
                raise NetworkError(error.kind, f"{error}; {more}", after=error.after) from error
            raise
        host = dispatch.raw_host or ""
        # Behind a proxy nobody here learns addresses; what stands in the URL is known.
        if self._proxy is None:
            self._rules.platform_is(host, kind_of_all(way.tried))
        elif is_address(host):
            self._rules.platform_is(host, kind_of_all([host]))
        return answer.status, answer.body

    def _accept_look_up(self, dispatch: URL, answer: Answer) -> None:
        """
        Raises:
            NetworkError: If it is a redirect, or no answer of a dispatch service.
        """
        if answer.location is not None:
            # Not followed: the query is signed for this host, and a run is to test the one it was told.
            target = shown(answer.location)
            told = f"the dispatch service answered with a redirect to {target}: if that is meant, name it as the target"
            raise NetworkError(f"http {answer.status}", told)
        if not 200 <= answer.status < 300:
            raise NetworkError(f"http {answer.status}", _said(dispatch, answer.status, answer.body))

    async def download(self, url: str, limit: int, *, index: int) -> bytes:
        async with self._downloads:
            return await self._download(_url(url), limit, index)

    async def _download(self, url: URL, limit: int, index: int) -> bytes:
        self._begins()
        deadline = self._http.deadline()
        for _ in range(MOST_REDIRECTS + 1):
            way = self._way_to_download(url, index)
            try:
                answer = await self._http.get(url, limit, way, deadline)
            except NetworkError:
                self._stumbled(index)
                raise
            if answer.location is not None:
                url = answer.location
                continue
            if answer.status != 200:
                raise NetworkError(f"http {answer.status}", _said(url, answer.status, answer.body))
            return answer.body
        raise NetworkError("too many redirects", f"more than {MOST_REDIRECTS} redirects, the last one to {shown(url)}")

    def _way_to_download(self, url: URL, index: int) -> Way:
        """
        Raises:
            NetworkError: If a proxy would be asked for an address that devices may not fetch from.
        """
        if self._proxy is None:
            return Way(self._source(index), self._place(index), partial(self._rules.refusal, url))
        host = url.host or ""
        if (is_address(host) or host == "localhost") and (refusal := self._rules.refusal(url, host)) is not None:
            raise NetworkError(NOT_ALLOWED, f"{shown(url)}: {refusal}")
        return Way(self._source(index), self._place(index))

    async def connect(
        self, broker: BrokerAnswer, handler: ConnectionHandler, *, index: int, tls: KeptSession | None = None
    ) -> Connection:
        url = broker.url
        assert url is not None, "a successful answer"
        source = self._source(index)
        self._begins()
        try:
            return await connect(
                url,
                handler,
                ssl=self._broker_tls(broker, tls),
                local_addr=None if source is None else (source, 0),
                max_size=MAX_FIRST_MESSAGE_BYTES,
                open_timeout=self._open_timeout,
                addresses=self._addresses,
                local_ports=self._local_ports,
                place=self._place(index),
                proxy=self._proxy,
                times=self._times,
            )
        except ConnectFailed as error:
            raise self._broker_trust.explained(broker, self._not_connected(error, index)) from error

    async def connect_mqtt(
        self, broker: BrokerAnswer, handler: MqttHandler, *, index: int, way: MqttWay
    ) -> MqttConnection:
        url = broker.url
        assert url is not None, "a successful answer"
        assert self._timers is not None, "opened before"
        source, login = self._source(index), way.login
        try:
            return await mqtt.connect(
                url,
                handler,
                login=login,
                state=way.state,
                timers=self._timers,
                ssl=self._broker_tls(broker, way.tls, login.alpn),
                local_addr=None if source is None else (source, 0),
                max_size=MAX_FIRST_MESSAGE_BYTES,
                open_timeout=self._open_timeout,
                addresses=self._addresses,
                local_ports=self._local_ports,
                place=self._place(index),
                proxy=self._proxy,
                client_ids=self._client_ids,
            )
        except ConnectFailed as error:
            raise self._broker_trust.explained(broker, self._not_connected(error, index)) from error

    async def subscribe(self, connection: MqttConnection) -> None:
        try:
            await connection.subscribe()
        except ConnectFailed as error:
            raise NetworkError(error.kind, error.detail, after=error.after) from error

    def _broker_tls(self, broker: BrokerAnswer, kept: KeptSession | None, alpn: str | None = None) -> ClientTls | None:
        """What a device connects with; None for the system's trust, or without TLS.

        Raises:
            NetworkError: As `BrokerTrust.for_broker`.
        """
        if not is_secure(broker.url or ""):
            return None
        settings = self._broker_trust.for_broker(broker, alpn)
        return settings if kept is None else kept.resuming(settings or system_trust(alpn))

    def _not_connected(self, error: ConnectFailed, index: int) -> NetworkError:
        self._stumbled(index)
        return NetworkError(error.kind, in_words_of_scenarios(error.detail), after=error.after)

    def _source(self, index: int) -> str | None:
        return self._source_ips[index % len(self._source_ips)] if self._source_ips else None

    def _place(self, index: int) -> int:
        """Where device `index` begins among several addresses."""
        return index + self._stumbles[index] if index in self._stumbles else index

    def _stumbled(self, index: int) -> None:
        self._stumbles[index] = self._stumbles.get(index, 0) + 1


def _nobody() -> None:
    """Nobody wants to know."""


def _url(text: str) -> URL:
    """
    Raises:
        NetworkError: If it is none.
    """
    try:
        return URL(text, encoded=True)
    except ValueError:
        raise NetworkError(BAD_URL, "it has to be a URL of http or https") from None


def _said(url: URL, status: int, body: bytes) -> str:
    """A refusing answer for people."""
    text = detail(said_by(body))
    told = f"{shown(url)} answered with status {status}" + (f": {text}" if text else "")
    return "; ".join(filter(None, (told, advice(url, "", status, text))))
