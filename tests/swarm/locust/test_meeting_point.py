"""Master and forked workers meet at one port: what one of both was told, or a free one that nobody else gets."""

import socket
from typing import Any

import pytest
import zmq

from simulator.swarm.locust.meeting_point import meeting_point
from simulator.swarm.security.token import Token
from tests.swarm.security.command_line import known

LOCUSTS = {"master_host": "127.0.0.1", "master_port": 5557, "master_bind_port": 5557}
OWN = Token("0" * 32, "this run's own", of_this_run=True)
SHARED = Token("0" * 32, "a file")


def found(token: Token | None = OWN, **given: Any) -> dict[str, Any]:
    return meeting_point(known(**LOCUSTS | {"processes": 2} | given), token, LOCUSTS)


@pytest.mark.parametrize("given", [{"master_bind_port": 6000}, {"master_port": 6000}])
@pytest.mark.parametrize("token", [OWN, SHARED])
def test_a_port_that_one_side_was_told_is_the_others_too(given: dict[str, int], token: Token) -> None:
    assert found(token, **given) == {"master_host": "127.0.0.1", "master_bind_port": 6000, "master_port": 6000}


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.5", "127.0.0.5"), ("*", None), ("0.0.0.0", None), ("::", None), ("::1", "::1")]
)
def test_workers_look_for_their_master_where_it_listens(host: str, expected: str | None) -> None:
    assert found(SHARED, master_bind_host=host).get("master_host") == expected
    elsewhere = found(SHARED, master_bind_host=host, master_host="127.0.0.9")
    assert "master_host" not in elsewhere


def test_others_may_join_who_knows_the_token_so_that_the_port_stays_locusts() -> None:
    assert "master_port" not in found(SHARED)


@pytest.mark.parametrize("given", [{"processes": None}, {"processes": 2, "worker": True}, {"processes": 0}])
def test_processes_that_fork_no_workers_of_their_own_meet_as_they_are_told(given: dict[str, Any]) -> None:
    assert found(**given) == {}


def test_a_free_port_is_the_masters_and_nobody_elses() -> None:
    first, second = found(), found()
    port = first["master_port"]
    assert first["master_bind_port"] == port
    assert second["master_port"] != port
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        # Without the option that ZeroMQ sets, as whoever takes it for something else.
        other.bind(("127.0.0.1", port))
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    router = context.socket(zmq.ROUTER)
    router.bind(f"tcp://127.0.0.1:{port}")
    with socket.create_connection(("127.0.0.1", port), timeout=10):
        pass
    router.close(linger=0)
    context.term()


def test_an_address_that_is_not_this_machines_is_left_to_the_master_to_tell() -> None:
    assert "master_port" not in found(master_bind_host="192.0.2.7")
