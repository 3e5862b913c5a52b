"""Locust's sockets between master and workers, for those alone who know the swarm's token.

Locust's own sockets believe whoever connects. These speak CurveZMQ: the connection is encrypted, what was recorded
cannot be sent again, and no message passes before both sides have proved themselves. The master's pair of keys is
made from the token (`token`). Its public key never crosses the network; a worker that can greet the master with it
knows the token, and a master that can read this greeting knows it too. So a stranger is turned away by ZeroMQ's own
threads: it cannot send an order, a report or a `quit`, and costs a few KB for as long as its handshake may take.

Messages travel in pieces, because the largest piece is what a stranger can make the other side hold.
"""

import logging
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import gevent
import zmq.green as zmq
from gevent import socket
from locust.exception import RPCError, RPCReceiveError, RPCSendError
from locust.rpc import Message, zmqrpc
from locust.util.exception_handler import retry
from zmq.utils.monitor import parse_monitor_message

from simulator.exit_codes import ExitCode
from simulator.swarm.security.token import OPTION, VARIABLE, Token
from simulator.texts.translation import _

logger = logging.getLogger("simulator.swarm")

PIECE_BYTES = 64 * 1024
MAX_FRAME_BYTES = PIECE_BYTES + 4096
"""A piece and what its encryption adds, and the longest greeting."""
HANDSHAKE_MS = 10_000
"""ZeroMQ's threads do the handshake, so a busy master is no reason for a longer one."""
SAY_AGAIN_S = 10.0
"""Between two lines of the log about refused connections, which may come without end."""
PROBE_S = 3.0
_GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03"
_FAILED = (
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL,
    zmq.EVENT_HANDSHAKE_FAILED_AUTH,
)


def guard_master(target: Any, token: Token) -> None:
    """Let a socket that is not bound yet accept those alone who know the token."""
    keys = token.keys()
    target.setsockopt(zmq.CURVE_SERVER, 1)
    target.setsockopt(zmq.CURVE_SECRETKEY, keys.master_secret)
    _limit(target)


def guard_worker(target: Any, token: Token) -> None:
    """Let a socket that is not connected yet prove the token, and talk to nobody who does not prove it back."""
    public, secret = zmq.curve_keypair()
    target.setsockopt(zmq.CURVE_SERVERKEY, token.keys().master_public)
    target.setsockopt(zmq.CURVE_PUBLICKEY, public)
    target.setsockopt(zmq.CURVE_SECRETKEY, secret)
    _limit(target)


def _limit(target: Any) -> None:
    target.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
    target.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)


def pieces(message: Message) -> list[bytes]:
    """A message as the frames that it travels in."""
    data: bytes = message.serialize()  # type: ignore[no-untyped-call]
    return [data[start : start + PIECE_BYTES] for start in range(0, len(data), PIECE_BYTES)]


def message_of(frames: Sequence[bytes]) -> Message:
    """The inverse of `pieces`.

    Raises:
        ValueError: If it is no message.
    """
    try:
        message: Message = Message.unserialize(b"".join(frames))  # type: ignore[no-untyped-call]
    except Exception as error:  # noqa: BLE001 - msgpack and Locust's constructor raise whatever the bytes lead to
        raise ValueError(f"no message of Locust: {type(error).__name__}") from None
    if not isinstance(message.type, str) or not isinstance(message.node_id, str):
        raise ValueError("no message of Locust: its type or its worker's id is no text")
    return message


class _Guarded(zmqrpc.BaseSocket):
    """Locust's sending and receiving, in pieces."""

    socket: Any

    @retry()  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]
    def send(self, msg: Message) -> None:
        try:
            self.socket.send_multipart(pieces(msg), zmq.NOBLOCK)
        except zmq.ZMQError as error:
            raise RPCSendError("ZMQ sent failure") from error

    @retry()  # type: ignore[no-untyped-call,untyped-decorator,unused-ignore]
    def send_to_client(self, msg: Message) -> None:
        try:
            self.socket.send_multipart([msg.node_id.encode(), *pieces(msg)])
        except zmq.ZMQError as error:
            raise RPCSendError("ZMQ sent failure") from error

    def recv(self) -> Message:
        try:
            return message_of(self.socket.recv_multipart())
        except ValueError as error:
            raise RPCReceiveError(str(error)) from error
        except zmq.ZMQError as error:
            raise RPCError("ZMQ network broken") from error

    def recv_from_client(self) -> tuple[str, Message]:
        try:
            address, *frames = self.socket.recv_multipart()
            name = address.decode()
        except UnicodeDecodeError as error:
            raise RPCReceiveError("a worker's id is no text") from error
        except zmq.ZMQError as error:
            raise RPCError("ZMQ network broken") from error
        try:
            message = message_of(frames)
        except ValueError as error:
            raise RPCReceiveError(str(error), addr=name) from error
        if message.node_id != name:
            raise RPCReceiveError(f"worker {name} speaks in the name of another")
        return name, message

    def watch(self, on_event: Callable[[int, int], None]) -> None:
        """Call `on_event` (event, value) for what happens to the socket's connections."""
        monitor = self.socket.get_monitor_socket()
        gevent.spawn(_watch, monitor, on_event)

    def close(self, linger: int | None = None) -> None:
        self.socket.disable_monitor()
        super().close(linger)  # type: ignore[no-untyped-call]


def _watch(monitor: Any, on_event: Callable[[int, int], None]) -> None:
    while True:
        event = parse_monitor_message(monitor.recv_multipart())
        if event["event"] == zmq.EVENT_MONITOR_STOPPED:
            monitor.close()
            return
        on_event(event["event"], event["value"])


class GuardedServer(_Guarded):
    """The master's side."""

    def __init__(self, host: str, port: int, token: Token) -> None:
        super().__init__(zmq.ROUTER, self.ipv4_only(host, port))  # type: ignore[no-untyped-call]
        guard_master(self.socket, token)
        self._strangers = 0
        self._said = -SAY_AGAIN_S
        try:
            if port == 0:
                self.port = self.socket.bind_to_random_port(f"tcp://{host}")
            else:
                self.socket.bind(f"tcp://{host}:{port}")
                self.port = port
        except zmq.ZMQError as error:
            self.socket.close(linger=0)
            raise RPCError(f"Socket bind failure: {error}") from error
        self.watch(self._on_event)

    def _on_event(self, event: int, _value: int) -> None:
        if event not in _FAILED:
            return
        self._strangers += 1
        now = time.monotonic()
        if now - self._said >= SAY_AGAIN_S:
            self._said = now
            logger.warning(
                _("a connection that does not know this master's token was refused (%d so far); the run goes on"),
                self._strangers,
            )


class GuardedClient(_Guarded):
    """A worker's side. Ends the process with exit code 2 when the master refuses it."""

    def __init__(self, host: str, port: int, identity: str, token: Token) -> None:
        super().__init__(zmq.DEALER, self.ipv4_only(host, port))  # type: ignore[no-untyped-call]
        guard_worker(self.socket, token)
        self._address = (host, port)
        self._token = token
        self._probing = False
        self.socket.setsockopt(zmq.IDENTITY, identity.encode())
        self.watch(self._on_event)
        self.socket.connect(f"tcp://{host}:{port}")

    def _on_event(self, event: int, _value: int) -> None:
        if event in _FAILED and not self._probing:
            self._probing = True
            gevent.spawn(self._find_out)

    def _find_out(self) -> None:
        """A connection that ends in its handshake may be a refusal, or a tunnel whose other end is not there yet."""
        mechanism = mechanism_at(self._address)
        self._probing = False
        if mechanism is None:
            return
        host, port = self._address
        if mechanism == "CURVE" and self._token.of_this_run:
            reason = _("it is another run's")
        elif mechanism == "CURVE":
            reason = _(
                "its token is not this worker's, which is from {source}. Give both the same, in {variable} or "
                "in a file that {option} names",
                source=self._token.source,
                variable=VARIABLE,
                option=OPTION,
            )
        else:
            reason = _("it asks for no token, so it is not best-fleet's, or an older one's")
        logger.error(_("the master at %s:%s and this worker refuse each other: %s"), host, port, reason)
        # gevent hands this to the main greenlet, which is waiting for the master.
        sys.exit(ExitCode.USAGE)


def mechanism_at(address: tuple[str, int]) -> str | None:
    """The security mechanism that a ZeroMQ peer greets with, as `CURVE` or `NULL`; None if nothing greets."""
    greeting = b""
    try:
        with socket.create_connection(address, timeout=PROBE_S) as connection:
            connection.sendall(_GREETING)
            while len(greeting) < 32 and (more := connection.recv(64)):
                greeting += more
    except OSError:
        return None
    if len(greeting) < 32 or greeting[0] != 0xFF or greeting[9] != 0x7F:
        return None
    return greeting[12:32].rstrip(b"\0").decode("ascii", "replace")


def install(token: Callable[[], Token | None], refuse: Callable[[str], NoReturn]) -> None:
    """Make Locust's runners use the guarded sockets.

    Args:
        token: the swarm's; asked when a runner makes its socket.
        refuse: ends the process because of the user's input.
    """
    bound = False

    def known() -> Token:
        found = token()
        if found is None:
            raise RuntimeError("a master or worker was made without a token")
        return found

    def server(host: str, port: int) -> GuardedServer:
        nonlocal bound
        try:
            made = GuardedServer(host, port, known())
        except RPCError as error:
            # Locust makes another one when its socket breaks, and tries again by itself.
            if bound:
                raise
            refuse(
                _(
                    "the master cannot listen for workers on {host}:{port} ({error}): see --master-bind-host and "
                    "--master-bind-port",
                    host=host,
                    port=port,
                    error=error,
                )
            )
        bound = True
        return made

    def client(host: str, port: int, identity: str) -> GuardedClient:
        return GuardedClient(host, port, identity, known())

    rpc: Any = zmqrpc
    rpc.Server, rpc.Client = server, client
