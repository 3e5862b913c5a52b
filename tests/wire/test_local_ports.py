"""Local ports of outgoing connections."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from simulator.wire.local_ports import WINDOW, LocalPorts, prompt, system_range


@pytest.fixture
async def listener() -> AsyncIterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0), backlog=1000) as server:
        yield server.getsockname()


@pytest.fixture
def connections() -> Any:
    kept: list[socket.socket] = []
    yield kept
    for sock in kept:
        sock.close()


def windows_supported() -> bool:
    with socket.socket() as sock:
        try:
            sock.setsockopt(socket.IPPROTO_IP, 51, b"\0\0\0\0")
        except OSError:
            return False
    return system_range() is not None


needs_windows = pytest.mark.skipif(not windows_supported(), reason="this system has no IP_LOCAL_PORT_RANGE")


async def several(
    count: int, ports: LocalPorts, address: tuple[str, int], source: tuple[str, int] | None = None
) -> list[socket.socket]:
    return [await connect(ports, address, source) for _ in range(count)]


async def connect(ports: LocalPorts, address: tuple[str, int], source: tuple[str, int] | None = None) -> socket.socket:
    return await ports.connect(asyncio.get_running_loop(), address, source)


async def test_the_connection_is_there_and_does_not_block(
    listener: tuple[str, int], connections: list[socket.socket]
) -> None:
    sock = await connect(LocalPorts(system_range()), listener)
    connections.append(sock)
    assert sock.getpeername() == listener
    assert not sock.getblocking()


@needs_windows
async def test_ports_come_from_the_given_range(listener: tuple[str, int], connections: list[socket.socket]) -> None:
    usual = system_range()
    assert usual is not None
    part = range(usual.start, usual.start + 3 * WINDOW)
    ports = LocalPorts(part)
    connections += await several(20, ports, listener)
    assert {sock.getsockname()[1] for sock in connections} <= set(part)


@needs_windows
async def test_a_range_that_is_used_up_is_left_for_the_systems(
    listener: tuple[str, int], connections: list[socket.socket]
) -> None:
    usual = system_range()
    assert usual is not None
    part = range(usual.start, usual.start + WINDOW + 1)
    ports = LocalPorts(part)
    connections += await several(len(part) + 5, ports, listener)
    assert {sock.getpeername() for sock in connections} == {listener}
    outside = [sock for sock in connections if sock.getsockname()[1] not in part]
    assert 5 <= len(outside) < len(part)


async def test_without_a_range_the_system_chooses(listener: tuple[str, int], connections: list[socket.socket]) -> None:
    connections.append(await connect(LocalPorts(None), listener))
    assert connections[0].getsockname()[0] == "127.0.0.1"


@needs_windows
async def test_two_connections_elsewhere_may_leave_from_one_address_and_port(connections: list[socket.socket]) -> None:
    usual = system_range()
    assert usual is not None
    part = range(usual.start, usual.start + WINDOW + 1)
    ports = LocalPorts(part)
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        for server in (one, other):
            connections += await several(WINDOW // 2 + 10, ports, server.getsockname(), ("127.0.0.9", 0))
    used = [sock.getsockname() for sock in connections]
    assert {address for address, _ in used} == {"127.0.0.9"}
    assert len(set(used)) < len(used)


async def test_nothing_listens(connections: list[socket.socket]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    with pytest.raises(ConnectionRefusedError):
        await connect(LocalPorts(system_range(), prompt(socket.socket)), address)


async def test_a_foreign_source_address_is_an_error_at_once(listener: tuple[str, int]) -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is looked at
        await connect(LocalPorts(system_range()), listener, ("192.0.2.7", 0))
    assert caught.value.errno == errno.EADDRNOTAVAIL


async def test_an_older_system_goes_without_windows(
    listener: tuple[str, int], connections: list[socket.socket]
) -> None:
    asked: list[int] = []

    class Old(socket.socket):
        def setsockopt(self, *arguments: Any) -> None:
            asked.append(arguments[1])
            raise OSError(errno.ENOPROTOOPT, "Protocol not available")

    connections += await several(3, LocalPorts(range(1, 1000), Old), listener)
    assert len(asked) == 1, "what is not there is asked for once"


async def test_a_connection_that_takes_a_while_is_waited_for(
    listener: tuple[str, int], connections: list[socket.socket]
) -> None:
    class Slow(socket.socket):
        """As to another machine: under way, however often one asks."""

        def connect_ex(self, address: Any) -> int:
            super().connect_ex(address)
            return errno.EINPROGRESS

    connections.append(await connect(LocalPorts(None, prompt(Slow)), listener))
    assert connections[0].getpeername() == listener


async def test_a_connection_that_is_there_is_not_waited_for(
    listener: tuple[str, int], connections: list[socket.socket]
) -> None:
    sock = prompt(socket.socket)()
    connections.append(sock)
    sock.setblocking(False)
    sock.connect(listener)
    assert sock.getpeername() == listener


async def test_a_cancelled_attempt_leaves_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []

    class Kept(socket.socket):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    loop = asyncio.get_running_loop()
    waiting = asyncio.Event()

    async def never(sock: socket.socket, address: Any) -> None:
        waiting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(loop, "sock_connect", never)
    task = asyncio.create_task(connect(LocalPorts(None, Kept), ("127.0.0.1", 1)))
    await waiting.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [sock.fileno() for sock in made] == [-1]


@pytest.mark.parametrize("text", ["", "32768", "a b", "1 2 3"])
def test_a_system_that_does_not_tell_its_range(text: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "range"
    path.write_text(text)
    monkeypatch.setattr("simulator.wire.local_ports._RANGE_FILE", path)
    assert system_range() is None


def test_the_systems_range_is_inclusive(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "range"
    path.write_text("32768\t60999\n")
    monkeypatch.setattr("simulator.wire.local_ports._RANGE_FILE", path)
    assert system_range() == range(32768, 61000)


def test_a_socket_closes_nothing_but_itself() -> None:
    """uvloop closes a descriptor and then the socket; another thread may have been given the number in between."""
    with socket.socket() as other:
        sock = prompt(socket.socket)(socket.AF_INET, socket.SOCK_STREAM)
        number = sock.fileno()
        os.close(number)
        os.dup2(other.fileno(), number)
        sock.close()
        os.close(number)  # still open: that of another
    assert sock.fileno() == -1


def test_a_socket_whose_descriptor_is_gone_closes_nothing() -> None:
    sock = prompt(socket.socket)(socket.AF_INET, socket.SOCK_STREAM)
    os.close(sock.fileno())
    sock.close()
    assert sock.fileno() == -1


def test_a_socket_closes_itself() -> None:
    sock = prompt(socket.socket)(socket.AF_INET, socket.SOCK_STREAM)
    number = sock.fileno()
    sock.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
    sock.close()
