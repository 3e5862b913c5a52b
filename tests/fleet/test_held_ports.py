"""Ports that are kept for a program that comes and goes."""

import asyncio
import socket

import pytest

from simulator.fleet.held_ports import HeldPorts


async def test_a_server_comes_and_goes_at_a_held_port_and_nobody_else_gets_it() -> None:
    held = HeldPorts(2)
    first, second = held.numbers
    assert first != second
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", first)
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", first)
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", first)
            assert await reader.read() == b""
            writer.close()
    held.release()
    held.release()


def test_a_held_port_is_no_connections_local_one() -> None:
    """Else a device that finds nobody there could meet itself."""
    held = HeldPorts(8)
    assert not any(map(can_be_had, held.numbers))
    held.release()
    # Not all: some other program of the machine may have got one already.
    assert any(map(can_be_had, held.numbers))


def test_ports_in_a_row_are_all_held() -> None:
    held = HeldPorts(2, in_row=3)
    first, second = held.numbers
    assert abs(first - second) >= 3
    assert not any(can_be_had(start + further) for start in (first, second) for further in range(3))
    held.release()


def can_be_had(port: int) -> bool:
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
