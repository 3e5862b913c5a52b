"""The race for a TCP connection: who wins, and which reason is told when nobody does."""

import asyncio
import socket

import pytest

from simulator.wire.local_ports import LocalPorts, prompt
from simulator.wire.racing import connect_to_first

PORTS = LocalPorts(None, prompt(socket.socket))


async def race(*addresses: str, port: int) -> tuple[str, str]:
    """The address that the winner is said to have, and the one that it has."""
    sock, address = await connect_to_first(asyncio.get_running_loop(), addresses, port, None, PORTS)
    with sock:
        return address, str(sock.getpeername()[0])


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("127.0.0.1", "127.0.0.2"), ("127.0.0.3", "127.0.0.1")])
async def test_the_first_that_answers_wins_and_is_named(addresses: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert await race(*addresses, port=server.getsockname()[1]) == ("127.0.0.1", "127.0.0.1")


async def test_of_several_failures_the_first_address_tells_its_own() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        await race("127.0.0.1", "255.255.255.255", port=port)


async def test_a_source_address_that_is_not_ours_is_told_as_such() -> None:
    with pytest.raises(OSError, match="assign"):
        await connect_to_first(asyncio.get_running_loop(), ("127.0.0.1", "127.0.0.2"), 9, ("192.0.2.7", 0), PORTS)
