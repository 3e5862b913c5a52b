"""The sockets between master and workers: those who know the token talk, everybody else says and hears nothing."""

import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import gevent
import pytest
import zmq.green as zmq
from locust.exception import RPCError, RPCReceiveError
from locust.rpc import Message, zmqrpc

from simulator.swarm.security import guarded_rpc
from simulator.swarm.security.guarded_rpc import (
    MAX_FRAME_BYTES,
    PIECE_BYTES,
    GuardedClient,
    GuardedServer,
    mechanism_at,
    message_of,
    pieces,
)
from simulator.swarm.security.token import Token

LOOPBACK = "127.0.0.1"
TOKEN = Token("the token of this swarm", "a test")
OTHER = Token("the token of another swarm", "a test")
DEADLINE_S = 20.0

Plain = Callable[..., Any]


@pytest.fixture(autouse=True)
def deadline() -> Iterator[None]:
    """Nothing here waits for ever."""
    with gevent.Timeout(DEADLINE_S):
        yield


@pytest.fixture
def master() -> Iterator[GuardedServer]:
    server = GuardedServer(LOOPBACK, 0, TOKEN)
    yield server
    server.close(linger=0)


@pytest.fixture
def worker(master: GuardedServer) -> Iterator[GuardedClient]:
    client = GuardedClient(LOOPBACK, master.port, "a-worker", TOKEN)
    yield client
    client.close(linger=0)


@pytest.fixture
def stranger() -> Iterator[Plain]:
    """Sockets of ZeroMQ as anybody makes them."""
    opened: list[Any] = []

    def connect(port: int, kind: int = zmq.DEALER, identity: bytes = b"stranger", **options: Any) -> Any:
        made = zmq.Context().socket(kind)
        made.setsockopt(zmq.IDENTITY, identity)
        for name, value in options.items():
            made.setsockopt(getattr(zmq, name), value)
        made.connect(f"tcp://{LOOPBACK}:{port}")
        opened.append(made)
        return made

    yield connect
    for one in opened:
        one.close(linger=0)


def settle(condition: Callable[[], object]) -> None:
    """Let ZeroMQ's threads and our greenlets work until something holds (`deadline` bounds it)."""
    while not condition():
        gevent.sleep(0.01)


def message(kind: str, data: object = None, sender: str = "a-worker") -> Message:
    return Message(kind, data, sender)  # type: ignore[no-untyped-call]


def test_both_sides_talk_in_messages_of_any_size(master: GuardedServer, worker: GuardedClient) -> None:
    for size in (0, 1, PIECE_BYTES - 40, PIECE_BYTES, PIECE_BYTES + 1, 40 * PIECE_BYTES):
        content = os.urandom(size)
        worker.send(message("stats", content))
        name, received = master.recv_from_client()
        assert (name, received.type, received.data) == ("a-worker", "stats", content)
        master.send_to_client(message("ack", content))
        assert worker.recv().data == content


def test_a_message_is_never_in_a_piece_that_the_other_side_would_refuse() -> None:
    frames = pieces(message("stats", bytes(10 * PIECE_BYTES)))
    assert max(map(len, frames)) == PIECE_BYTES < MAX_FRAME_BYTES
    assert message_of(frames).data == bytes(10 * PIECE_BYTES)


def test_strangers_say_nothing_to_the_master_and_the_log_does_not_follow_them(
    master: GuardedServer, worker: GuardedClient, stranger: Plain, caplog: pytest.LogCaptureFixture
) -> None:
    public, secret = zmq.curve_keypair()
    kinds = ("client_ready", "quit", "exception", "stats", "locustfile", "best_fleet.ask_run", "best_fleet.failed")
    with caplog.at_level(logging.WARNING, logger="simulator.swarm"):
        strangers = [
            stranger(master.port),
            stranger(master.port, identity=b"a-worker"),
            stranger(master.port, zmq.REQ),
            stranger(
                master.port,
                CURVE_SERVERKEY=OTHER.keys().master_public,
                CURVE_PUBLICKEY=public,
                CURVE_SECRETKEY=secret,
            ),
        ]
        for one in strangers:
            for kind in kinds:
                try:
                    one.send(message(kind, "2.99").serialize(), zmq.NOBLOCK)  # type: ignore[no-untyped-call]
                except zmq.ZMQError:
                    break
        settle(lambda: master._strangers >= len(strangers))
        worker.send(message("heartbeat"))
        assert master.recv_from_client()[1].type == "heartbeat"
        settle(lambda: master._strangers >= len(strangers) + 3)
    assert [name for name, _, text in caplog.record_tuples if "does not know this master's token" in text] == [
        "simulator.swarm"
    ]
    for one in strangers:
        with pytest.raises(zmq.ZMQError):
            one.recv(zmq.NOBLOCK)


def test_a_worker_tells_a_false_master_nothing_and_ends(stranger: Plain, caplog: pytest.LogCaptureFixture) -> None:
    public, secret = zmq.curve_keypair()
    for options in ({}, {"CURVE_SERVER": 1, "CURVE_PUBLICKEY": public, "CURVE_SECRETKEY": secret}):
        false = zmq.Context().socket(zmq.ROUTER)
        for name, value in options.items():
            false.setsockopt(getattr(zmq, name), value)
        port = false.bind_to_random_port(f"tcp://{LOOPBACK}")
        client = GuardedClient(LOOPBACK, port, "a-worker", TOKEN)
        client.send(message("client_ready", "2.99"))
        with pytest.raises(SystemExit) as ended:
            gevent.sleep(DEADLINE_S)
        assert ended.value.code == 2
        with pytest.raises(zmq.ZMQError):
            false.recv_multipart(zmq.NOBLOCK)
        client.close(linger=0)
        false.close(linger=0)
    said = [text for _, _, text in caplog.record_tuples if "refuse each other" in text]
    assert "it asks for no token" in said[0]
    assert "its token is not this worker's" in said[1]
    assert TOKEN.text not in caplog.text


def test_a_worker_with_another_token_is_refused_and_told_by_both_sides(
    master: GuardedServer, caplog: pytest.LogCaptureFixture
) -> None:
    client = GuardedClient(LOOPBACK, master.port, "a-worker", OTHER)
    with pytest.raises(SystemExit) as ended:
        gevent.sleep(DEADLINE_S)
    client.close(linger=0)
    assert ended.value.code == 2
    assert "BEST_FLEET_TOKEN" in caplog.text
    assert "does not know this master's token" in caplog.text


def test_a_worker_waits_at_a_tunnel_whose_other_end_is_not_there_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def probe(address: tuple[str, int]) -> str | None:
        asked.append(mechanism_at(address))
        return asked[-1]

    monkeypatch.setattr(guarded_rpc, "mechanism_at", probe)
    with socket.create_server((LOOPBACK, 0)) as tunnel:
        tunnel.setblocking(False)
        port = tunnel.getsockname()[1]
        client = GuardedClient(LOOPBACK, port, "a-worker", TOKEN)

        def closes_what_comes() -> bool:
            with contextlib.suppress(BlockingIOError):
                tunnel.accept()[0].close()
            return len(asked) >= 2

        settle(closes_what_comes)
    server = GuardedServer(LOOPBACK, port, TOKEN)
    client.send(message("client_ready", "2.99"))
    assert server.recv_from_client()[1].type == "client_ready"
    assert set(asked) == {None}
    client.close(linger=0)
    server.close(linger=0)


@pytest.mark.parametrize(
    "frames",
    [
        [b""],
        [b"\xc1"],
        [b"no msgpack"],
        [b"\x90"],
        [b"\x93\x01\xc0\xc0"],
        [b"\x93\xa1a\xc0\x01"],
        [b"\x94\xa1a\xc0\xa1b\xc0"],
        [b"\xdd\xff\xff\xff\xff"],
    ],
)
def test_what_is_no_message_does_not_end_the_masters_listening(
    master: GuardedServer, worker: GuardedClient, frames: list[bytes]
) -> None:
    worker.socket.send_multipart(frames)
    with pytest.raises(RPCReceiveError) as caught:
        master.recv_from_client()
    assert caught.value.addr == "a-worker"
    worker.send(message("heartbeat"))
    assert master.recv_from_client()[1].type == "heartbeat"


def test_a_worker_cannot_speak_in_the_name_of_another(master: GuardedServer, worker: GuardedClient) -> None:
    worker.send(message("quit", sender="another-worker"))
    with pytest.raises(RPCReceiveError, match="in the name of another"):
        master.recv_from_client()


def test_a_stranger_cannot_make_the_master_hold_much(monkeypatch: pytest.MonkeyPatch) -> None:
    # Longer than this test waits: the size alone must end it.
    monkeypatch.setattr(guarded_rpc, "HANDSHAKE_MS", 10 * 60_000)
    master = GuardedServer(LOOPBACK, 0, TOKEN)
    greeting = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + bytes(32)
    huge = b"\x06" + (1 << 28).to_bytes(8, "big") + b"\x05HELLO"
    with socket.create_connection((LOOPBACK, master.port), timeout=DEADLINE_S) as connection:
        connection.sendall(greeting + huge)
        received = b""
        try:
            while more := connection.recv(4096):
                received += more
        except ConnectionResetError:
            pass
    # Closed after the greeting: nothing of the announced 256 MB was waited for.
    assert len(received) <= 64
    master.close(linger=0)


def test_a_stranger_that_never_greets_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_rpc, "HANDSHAKE_MS", 50)
    server = GuardedServer(LOOPBACK, 0, TOKEN)
    with socket.create_connection((LOOPBACK, server.port), timeout=DEADLINE_S) as connection:
        while connection.recv(4096):
            pass
    server.close(linger=0)


def test_a_port_that_is_taken_is_told_as_locust_tells_it(master: GuardedServer) -> None:
    with pytest.raises(RPCError, match="Address already in use"):
        GuardedServer(LOOPBACK, master.port, TOKEN)


def test_a_master_that_cannot_listen_is_the_users_to_mend_at_the_start_only(
    master: GuardedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class RefusedError(Exception):
        pass

    def refuse(problem: str) -> NoReturn:
        raise RefusedError(problem)

    monkeypatch.setattr(zmqrpc, "Server", zmqrpc.Server)
    monkeypatch.setattr(zmqrpc, "Client", zmqrpc.Client)
    guarded_rpc.install(lambda: TOKEN, refuse)
    with pytest.raises(RefusedError, match="--master-bind-host and --master-bind-port"):
        zmqrpc.Server(LOOPBACK, master.port)
    first = zmqrpc.Server(LOOPBACK, 0)
    assert isinstance(first, GuardedServer)
    # Locust makes its socket anew when it breaks, and tries again when that fails.
    with pytest.raises(RPCError):
        zmqrpc.Server(LOOPBACK, master.port)
    client = zmqrpc.Client(LOOPBACK, first.port, "a-worker")
    client.send(message("client_ready", "2.99"))
    assert first.recv_from_client()[1].type == "client_ready"
    client.close(linger=0)
    first.close(linger=0)
