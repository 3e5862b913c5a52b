"""Every way in which a connection ends, and that `closed` tells it exactly once."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from websockets.frames import Opcode

from simulator.wire.connection import Connection
from simulator.wire.tls import SelfSigned, client_context, server_context
from tests.wire.helpers import LIMIT, Collector, Network, RawPeer, accept_upgrade, close_payload, frame


async def test_own_close_is_answered(network: Network) -> None:
    server, handlers = await network.serve()
    connection, client = await network.connect(server.port)
    connection.close(4001, "enough")
    assert not connection.is_open
    assert await client.wait_closed() == (4001, "enough", "closed by this side")
    assert await handlers[0].wait_closed() == (4001, "enough", "closed by the peer")
    assert client.calls == handlers[0].calls == ["opened", "closed"]


async def test_the_servers_close_is_answered(network: Network) -> None:
    server, handlers = await network.serve()
    _connection, client = await network.connect(server.port)
    handlers[0].connection.close(1012)
    assert await client.wait_closed() == (1012, "", "closed by the peer")
    assert await handlers[0].wait_closed() == (1012, "", "closed by this side")


async def test_both_may_close_at_once(network: Network) -> None:
    server, handlers = await network.serve()
    connection, client = await network.connect(server.port)
    connection.close(4001)
    handlers[0].connection.close(4002)
    assert (await client.wait_closed())[0] == 4002
    assert (await handlers[0].wait_closed())[0] == 4001


async def test_a_close_without_code_is_1005(network: Network) -> None:
    server, handlers = await network.serve(Collector)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.CLOSE, masked=True))
    assert await peer.read_frame() == (Opcode.CLOSE, b"")
    assert await peer.read_to_end() == b""
    peer.writer.close()
    assert (await handlers[0].wait_closed())[:2] == (1005, "")


async def test_what_was_sent_before_a_close_arrives(network: Network) -> None:
    server, handlers = await network.serve(Collector)
    connection, client = await network.connect(server.port)
    for number in range(100):
        connection.send(bytes([number]) * 10_000, True)
    connection.close()
    assert (await client.wait_closed())[0] == 1000
    assert len(handlers[0].messages) == 100


async def test_nothing_is_delivered_or_sent_after_close(network: Network) -> None:
    server, handlers = await network.serve()
    connection, client = await network.connect(server.port)
    connection.send(b"its echo comes too late", False)
    connection.close()
    connection.send(b"too late", False)
    connection.ping()
    connection.close()
    await client.wait_closed()
    await handlers[0].wait_closed()
    assert client.messages == []
    assert handlers[0].messages == [(b"its echo comes too late", False)]
    connection.send(b"much too late", False)
    connection.ping()
    connection.close()
    connection.abort()
    await connection.drain()


class ClosesInBetween(Collector):
    """Closes or aborts when the second of several messages arrives."""

    how = "close"

    def message(self, payload: bytes, binary: bool) -> None:
        super().message(payload, binary)
        if len(self.messages) == 2:
            assert self.connection is not None
            getattr(self.connection, self.how)()


class AbortsInBetween(ClosesInBetween):
    how = "abort"


@pytest.mark.parametrize("handler", [ClosesInBetween, AbortsInBetween])
async def test_messages_of_the_same_packet_stop_with_the_close(
    network: Network, handler: type[ClosesInBetween]
) -> None:
    server, handlers = await network.serve(handler)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.TEXT, b"a", masked=True) * 5 + frame(Opcode.CLOSE, close_payload(1000), masked=True))
    await peer.read_to_end()
    peer.writer.close()
    code = (await handlers[0].wait_closed())[0]
    assert code == (1000 if handler is ClosesInBetween else 1006)
    assert len(handlers[0].messages) == 2


async def test_abort_is_1006_on_both_sides(network: Network) -> None:
    server, handlers = await network.serve()
    connection, client = await network.connect(server.port)
    connection.abort()
    connection.abort()
    assert await client.wait_closed() == (1006, "", "aborted by this side")
    assert (await handlers[0].wait_closed())[:2] == (1006, "")


async def test_a_tcp_reset_is_1006(network: Network) -> None:
    port, first = await network.raw_server(accept_upgrade)
    _connection, client = await network.connect(port)
    peer = await first
    sock = peer.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.reset()
    code, reason, detail = await client.wait_closed()
    assert (code, reason) == (1006, "")
    assert "reset" in detail


@pytest.mark.parametrize("half", [False, True])
async def test_an_end_without_closing_handshake_is_1006(network: Network, half: bool) -> None:
    """A peer that ends its direction alone is not waited for."""
    server, handlers = await network.serve(Collector)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.TEXT, b"bye", masked=True) + b"\x81")
    if half:
        peer.writer.write_eof()
    else:
        peer.writer.close()
    assert (await handlers[0].wait_closed())[::2] == (
        1006,
        "the peer ended the connection without a closing handshake",
    )
    assert handlers[0].messages == [(b"bye", False)]


async def test_an_idle_peers_end_is_1006(network: Network) -> None:
    port, first = await network.raw_server(accept_upgrade)
    connection, client = await network.connect(port)
    (await first).writer.write_eof()
    assert (await client.wait_closed())[0] == 1006
    assert not connection.is_open


async def test_a_half_closed_peer_that_reads_nothing_is_given_up(network: Network) -> None:
    server, handlers = await network.serve(Collector, close_timeout=0.1, max_write_buffer=1 << 25)
    peer = await network.raw_client(server.port)
    handlers[0].connection.send(bytes(20_000_000), True)
    peer.writer.write_eof()
    assert (await handlers[0].wait_closed())[0] == 1006


async def test_a_close_that_is_never_answered_times_out(network: Network) -> None:
    port, _ = await network.raw_server(accept_upgrade)
    connection, client = await network.connect(port, close_timeout=0.05)
    connection.close()
    assert await client.wait_closed() == (1006, "", "no answer to the closing handshake within 0.05 s")


async def test_a_peer_that_keeps_tcp_open_after_the_handshake_is_cut_off(network: Network) -> None:
    port, first = await network.raw_server(accept_upgrade)
    connection, client = await network.connect(port, close_timeout=0.05)
    peer = await first
    await peer.send(frame(Opcode.CLOSE, close_payload(1001, "restart"), masked=False))
    assert await peer.read_frame() == (Opcode.CLOSE, close_payload(1001, "restart"))
    assert not connection.is_open
    assert await client.wait_closed() == (1001, "restart", "closed by the peer")


async def test_a_client_that_keeps_tcp_open_is_cut_off_by_the_server(network: Network) -> None:
    server, handlers = await network.serve(Collector, close_timeout=0.05)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.CLOSE, close_payload(1000), masked=True))
    assert (await handlers[0].wait_closed())[0] == 1000


async def test_a_failed_connection_ends_even_when_the_peer_ignores_it(network: Network) -> None:
    server, handlers = await network.serve(Collector, close_timeout=0.05, max_size=10)
    peer = await network.raw_client(server.port)
    await peer.send(frame(Opcode.TEXT, bytes(11), masked=True))
    assert (await handlers[0].wait_closed())[0] == 1009


async def test_close_gets_through_while_reading_is_paused(network: Network) -> None:
    server, handlers = await network.serve()
    connection, client = await network.connect(server.port)
    connection.pause_reading()
    connection.close()
    assert (await client.wait_closed())[0] == 1000
    assert (await handlers[0].wait_closed())[0] == 1000


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
async def test_codes_that_may_not_be_sent_are_refused(network: Network, code: int) -> None:
    server, _ = await network.serve()
    connection, _client = await network.connect(server.port)
    with pytest.raises(ValueError, match=str(code)):
        connection.close(code)
    assert connection.is_open


async def test_a_long_reason_is_cut_between_characters(network: Network) -> None:
    server, handlers = await network.serve()
    connection, _client = await network.connect(server.port)
    connection.close(4000, "会" * 60)
    assert (await handlers[0].wait_closed())[1] == "会" * 41


async def test_a_server_closes_all_its_connections(network: Network) -> None:
    server, handlers = await network.serve()
    clients = [(await network.connect(server.port))[1] for _ in range(5)]
    opening = await network.raw_client(server.port, upgrade=False)
    deaf = await network.raw_client(server.port)
    assert server.connections in {6, 7}  # the one in its opening may not have been accepted yet
    server.close(1001)
    await server.wait_closed()
    assert server.connections == 0
    assert [(await client.wait_closed())[0] for client in clients] == [1001] * 5
    assert all(handler.has_ended for handler in handlers)
    assert await opening.read_to_end() == b""
    assert await deaf.read_frame() == (Opcode.CLOSE, close_payload(1001))


async def test_a_server_without_connections_is_closed_at_once(network: Network) -> None:
    server, _ = await network.serve()
    server.close()
    server.close()
    await server.wait_closed()


async def test_sending_in_closed_is_harmless(network: Network) -> None:
    class Stubborn(Collector):
        def closed(self, code: int, reason: str, detail: str) -> None:
            assert self.connection is not None
            self.connection.send(b"one more", False)
            super().closed(code, reason, detail)

    server, handlers = await network.serve()
    _connection, client = await network.connect(server.port, Stubborn())
    handlers[0].connection.abort()
    assert (await client.wait_closed())[0] == 1006


async def burst(network: Network, certificate: SelfSigned | None) -> None:
    """Send without end to a peer that resets the connection, over TLS where there is a certificate."""

    async def script(peer: RawPeer) -> None:
        await accept_upgrade(peer)
        peer.reset()

    server_side = server_context(*certificate) if certificate else None
    port, first = await network.raw_server(script, server_side)
    connection, client = await network.connect(port, ssl=client_context(certificate.cert) if certificate else None)
    await first
    while not client.has_ended:
        for _ in range(50):
            connection.send(b"x" * 1000, False)
        await asyncio.sleep(0)
    assert (await client.wait_closed())[0] == 1006


async def test_a_burst_after_the_peer_has_gone_logs_nothing(network: Network) -> None:
    """The loops warn of repeated writes to a failed transport, from which the native thread must be kept."""
    await burst(network, None)


@pytest.mark.asyncio(loop_factories=["uvloop"])
async def test_a_burst_over_tls_logs_nothing(network: Network, certificate: SelfSigned) -> None:
    """The stock loop hides its failed transport behind the one of TLS; beside gevent only uvloop is used."""
    await burst(network, certificate)


async def test_a_closed_connection_lets_go_of_its_handler(network: Network) -> None:
    server, _ = await network.serve()
    connection, client = await network.connect(server.port)
    connection.close()
    await client.wait_closed()
    assert isinstance(connection, Connection)
    assert connection._handler is not client


async def test_an_end_instead_of_an_answer_to_our_close_is_1006(network: Network) -> None:
    port, first = await network.raw_server(accept_upgrade)
    connection, client = await network.connect(port)
    connection.close(4000)
    peer = await first
    assert await peer.read_frame() == (Opcode.CLOSE, close_payload(4000))
    peer.writer.close()
    assert (await client.wait_closed())[0] == 1006


async def test_a_failed_transport_is_not_written_to(network: Network) -> None:
    """Between a transport's failure and the loop's telling of it, neither loop may find reason for a warning."""
    server, _ = await network.serve()
    connection, client = await network.connect(server.port)
    connection._transport.abort()
    for _ in range(20):
        connection.send(b"into the void", False)
        connection.ping()
    assert (await client.wait_closed())[0] == 1006


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (frame(Opcode.TEXT, b"\xff\xfe", masked=False), (1007, "text that is not UTF-8")),
        (frame(Opcode.TEXT, b"x" * (LIMIT + 1), masked=False), (1009, "a message over the size limit")),
        (b"\xff\x00", (1002, "protocol error")),
        (frame(Opcode.CLOSE, close_payload(1007), masked=False), None),
        (frame(Opcode.CLOSE, close_payload(1009), masked=False), None),
    ],
)
async def test_a_connection_knows_whether_this_side_found_fault(
    network: Network, sent: bytes, fault: tuple[int, str] | None
) -> None:
    port, first = await network.raw_server(accept_upgrade)
    connection, client = await network.connect(port)
    peer = await first
    await peer.send(sent)
    await client.wait_closed()
    if fault is None:
        assert connection.fault is None
    else:
        assert connection.fault is not None
        assert connection.fault[0] == fault[0]
        assert connection.fault[1].startswith(fault[1])


async def test_what_nobody_found_fault_with_is_none(network: Network) -> None:
    server, handlers = await network.serve()
    for end in (Connection.close, Connection.abort):
        connection, client = await network.connect(server.port)
        end(connection)
        await client.wait_closed()
        assert connection.fault is None
    connection, client = await network.connect(server.port)
    handlers[-1].connection.abort()
    await client.wait_closed()
    assert connection.fault is None
