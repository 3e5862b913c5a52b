"""The client side: reach a broker's URL, present a client there, and say clearly why where it fails."""

import asyncio
import functools
from typing import Final
from urllib.parse import urlsplit

from simulator.clock import TimerQueue
from simulator.mqtt.client_ids import ClientIds
from simulator.mqtt.connection import MessageHandler, MqttConnection
from simulator.mqtt.lifecycle import Means
from simulator.mqtt.login import ClientState, Login
from simulator.mqtt.opening import Opening
from simulator.wire.addresses import AddressBook
from simulator.wire.errors import ConnectFailed
from simulator.wire.handler import OnError
from simulator.wire.local_ports import LocalPorts
from simulator.wire.proxy import HttpProxy
from simulator.wire.reaching import ClientTls, Patience, Target, Way, open_connection, system_trust

PORT: Final = 1883
SECURE_PORT: Final = 8883


async def connect(
    url: str,
    handler: MessageHandler,
    *,
    login: Login,
    state: ClientState,
    timers: TimerQueue,
    ssl: ClientTls | None,
    local_addr: tuple[str, int] | None = None,
    max_size: int,
    open_timeout: float,
    close_timeout: float = 5.0,
    server_hostname: str | None = None,
    on_error: OnError | None = None,
    addresses: AddressBook | None = None,
    local_ports: LocalPorts | None = None,
    place: int = 0,
    proxy: HttpProxy | None = None,
    client_ids: ClientIds | None = None,
) -> MqttConnection:
    """Connect a client to a broker.

    When this raises, the handler has seen nothing; otherwise `handler.opened` was called before it returns. With the
    session present, what was in flight has been sent again by then, unless it `needs_subscription`.

    Args:
        url: `mqtt://` (port 1883) or `mqtts://` (port 8883).
        login: What the client presents.
        state: What it keeps between connections; no other connection may use it at the same time.
        timers: For keep-alive; runs on this loop. Its clock says when a publish was sent first.
        ssl: The TLS settings of an `mqtts` URL; None there means the system's CAs. They have to offer `login.alpn`
            themselves where it is set (`wire.tls.client_context`); those for None do.
        local_addr: Source address and port; port 0 leaves the port to the system.
        max_size: Limit for a received message, in bytes; `MqttConnection.trust` sets another. `login.max_payload` holds
            beside it.
        open_timeout: Seconds for everything: name resolution, TCP, TLS and CONNACK; and, later, for a SUBACK.
        close_timeout: Seconds that the broker has to end the TCP connection after DISCONNECT.
        server_hostname: The name to expect in the certificate, where it is not the URL's host.
        on_error: Told of exceptions that the handler raised; without it they go to the loop's exception handler.
        addresses: As of `wire.reaching.Way`, like `local_ports`, `place` and `proxy`.
        client_ids: Tells which connection was taken over by another one of this process; without it such an end is one
            by the broker.

    Raises:
        ConnectFailed: With its kind (a `FailureKind`, or one of `endings.CONNECT_FAILURES`) and a text for people.
    """
    target = parse_url(url)
    loop = asyncio.get_running_loop()
    patience = Patience(opening=open_timeout, closing=close_timeout)
    opening = Opening(target, login, loop.create_future(), loop.time() + open_timeout)
    means = Means(timers=timers, patience=patience, client_ids=client_ids, on_error=on_error)
    connection = MqttConnection(handler, opening, login, state, means, max_size=max_size)
    way = Way(
        local_addr=local_addr,
        addresses=addresses,
        local_ports=local_ports or LocalPorts(None),
        place=place,
        proxy=proxy,
    )
    if ssl is None and target.secure:
        ssl = system_trust(login.alpn)
    await open_connection(
        connection,
        opening.done,
        target,
        way,
        patience,
        ssl=ssl,
        server_hostname=server_hostname,
        unfinished="took the connection but did not answer CONNECT",
    )
    return connection


@functools.lru_cache(maxsize=64)
def parse_url(url: str) -> Target:
    """
    Raises:
        ConnectFailed: If it is no URL of a broker; the text does not show it.
    """
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme not in ("mqtt", "mqtts"):
        named = f"begins with {scheme[:20]}://" if scheme else "has no scheme"
        raise ConnectFailed("handshake", f"an MQTT URL begins with mqtt:// or mqtts://, this one {named}")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        if host is not None and not host.isascii():
            host = host.encode("idna").decode()
    except ValueError:
        host = port = None
    if host is None or port == 0:
        raise ConnectFailed("handshake", f"the {scheme}:// URL is not valid: host or port is wrong")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ConnectFailed("handshake", f"the {scheme}:// URL is not valid: nothing stands behind host and port")
    if parts.username is not None or parts.password is not None:
        told = "user name and password stand in the profile"
        raise ConnectFailed("handshake", f"the {scheme}:// URL is not valid: {told}")
    secure = scheme == "mqtts"
    return Target(host, port or (SECURE_PORT if secure else PORT), secure, "mqtt")
