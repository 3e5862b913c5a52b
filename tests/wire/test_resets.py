"""A connection that is kept ends with a reset when it is let go, whatever was done to Python's own functions."""

import os
import socket
from collections.abc import Iterator

import pytest

from simulator.wire.resets import kept_open, reset


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a TCP connection."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as ours,
        server.accept()[0] as theirs,
    ):
        theirs.setblocking(False)
        yield ours, theirs


def test_the_peer_hears_nothing_until_it_is_let_go_and_a_reset_then(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    descriptor = kept_open(ours)
    assert descriptor is not None
    ours.close()
    with pytest.raises(BlockingIOError):
        theirs.recv(1)
    reset(descriptor)
    with pytest.raises(ConnectionResetError):
        theirs.recv(1)


def test_it_is_closed_where_gevent_has_taken_the_place_of_os_close(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = ends
    descriptor = kept_open(ours)
    assert descriptor is not None
    ours.close()
    # gevent leaves it to the hub of the thread, and on the engine's thread none ever runs.
    left_to_the_hub: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "close", left_to_the_hub.append)
        reset(descriptor)
    assert left_to_the_hub == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    with pytest.raises(ConnectionResetError):
        theirs.recv(1)


def test_of_a_closed_socket_nothing_is_kept(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = ends
    ours.close()
    assert kept_open(ours) is None
