"""Names with several addresses, and names that move: look-ups, the broker and downloads alike."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from simulator.fleet.network import FleetNetwork
from simulator.wire.addresses import LIFE_S, PAUSE_S
from simulator.wire.tls import SelfSigned, server_context
from tests.fleet.network_bench import Bench, Handler, Names, broker, failure, silent_address, trust, until
from tests.ports import free_port

Reach = Callable[[FleetNetwork, str, int, int], Awaitable[Any]]


async def by_look_up(network: FleetNetwork, host: str, port: int, index: int) -> None:
    assert await network.look_up(f"http://{host}:{port}/", index=index) == (200, b"{}")


async def by_download(network: FleetNetwork, host: str, port: int, index: int) -> None:
    assert await network.download(f"http://{host}:{port}/", 100, index=index) == b"{}"


async def by_websocket(network: FleetNetwork, host: str, port: int, index: int) -> None:
    connection = await network.connect(broker(f"ws://{host}:{port}/"), Handler(), index=index)
    connection.close()


WAYS: list[Reach] = [by_look_up, by_download, by_websocket]
every_way = pytest.mark.parametrize("reach", WAYS, ids=["look-up", "download", "broker"])


class Place:
    """A server at an address of this machine, for any of the ways; counts who came."""

    def __init__(self, bench: Bench, reach: Reach) -> None:
        self._bench = bench
        self._reach = reach
        self.came: Counter[str] = Counter()

    async def at(self, host: str, port: int = 0) -> int:
        """Serve at `host`; the port."""
        if self._reach is by_websocket:
            port, handlers = await self._bench.websocket(host=host, port=port)

            def seen() -> int:
                return len(handlers)

            self.came_to[host] = seen
            return port

        async def answer(request: web.Request) -> web.Response:
            self.came[host] += 1
            return web.Response(body=b"{}")

        return int((await self._bench.http(answer, host=host, port=port)).rpartition(":")[2])

    @property
    def came_to(self) -> dict[str, Callable[[], int]]:
        return self.__dict__.setdefault("_came_to", {})

    def counts(self) -> dict[str, int]:
        return dict(self.came) | {host: seen() for host, seen in self.came_to.items()}


async def network_of(bench: Bench, names: Names, **options: Any) -> FleetNetwork:
    return await bench.network(addresses=names.book(), download_hosts=["127.0.0.0/8"], **options)


async def impatient_and_patient(bench: Bench, names: Names, open_timeout: float) -> tuple[FleetNetwork, FleetNetwork]:
    """Two networks that share what is known of addresses: one that gives up soon, and one that a busy machine
    cannot make give up."""
    options: dict[str, Any] = {"addresses": names.book(), "download_hosts": ["127.0.0.0/8"]}
    return await bench.network(open_timeout=open_timeout, **options), await bench.network(**options)


@every_way
async def test_a_dead_address_before_a_living_one_costs_no_timeout(bench: Bench, reach: Reach) -> None:
    names = Names(platform=["127.0.0.5", "127.0.0.1"])
    port = await Place(bench, reach).at("127.0.0.1")
    network = await network_of(bench, names, open_timeout=60.0)
    with silent_address("127.0.0.5", port):
        async with asyncio.timeout(30):
            await asyncio.gather(*(reach(network, "platform.test", port, index) for index in range(4)))


@every_way
async def test_an_address_that_refuses_before_a_living_one_costs_nothing(bench: Bench, reach: Reach) -> None:
    names = Names(platform=["127.0.0.5", "::1", "127.0.0.1"])
    port = await Place(bench, reach).at("127.0.0.1")
    network = await network_of(bench, names)
    for index in range(3):
        await reach(network, "platform.test", port, index)


@every_way
async def test_devices_spread_over_the_addresses(bench: Bench, reach: Reach) -> None:
    names = Names(platform=["127.0.0.1", "127.0.0.2", "127.0.0.3"])
    place = Place(bench, reach)
    port = await place.at("127.0.0.1")
    for host in ("127.0.0.2", "127.0.0.3"):
        await place.at(host, port)
    network = await network_of(bench, names)
    for index in range(30):
        await reach(network, "platform.test", port, index)
    await until(lambda: sum(place.counts().values()) == 30)
    assert place.counts() == {"127.0.0.1": 10, "127.0.0.2": 10, "127.0.0.3": 10}
    assert names.asked == ["platform.test"]


@every_way
async def test_a_platform_that_moved_is_found_after_a_failure(bench: Bench, reach: Reach) -> None:
    names = Names(platform=["127.0.0.1"])
    port = await Place(bench, reach).at("127.0.0.2")
    network = await network_of(bench, names)
    assert (await failure(reach(network, "platform.test", port, 0))).kind == "refused"
    names.known["platform.test"] = ["127.0.0.2"]
    names.now += PAUSE_S
    await reach(network, "platform.test", port, 0)
    assert names.asked == ["platform.test"] * 2


@every_way
async def test_a_timeout_is_a_failure_too(bench: Bench, reach: Reach) -> None:
    names = Names(platform=["127.0.0.5"])
    port = await Place(bench, reach).at("127.0.0.2")
    impatient, network = await impatient_and_patient(bench, names, 0.3)
    with silent_address("127.0.0.5", port):
        error = await failure(reach(impatient, "platform.test", port, 0))
    assert (error.kind, error.after) == ("timeout", 0.3)
    names.known["platform.test"] = ["127.0.0.2"]
    names.now += PAUSE_S
    await reach(network, "platform.test", port, 0)


@every_way
async def test_others_follow_a_moved_platform_within_seconds_without_any_failure(bench: Bench, reach: Reach) -> None:
    names = Names(platform=["127.0.0.1"])
    place = Place(bench, reach)
    port = await place.at("127.0.0.1")
    await place.at("127.0.0.2", port)
    network = await network_of(bench, names)
    await reach(network, "platform.test", port, 0)
    names.known["platform.test"] = ["127.0.0.2"]
    await reach(network, "platform.test", port, 0)
    names.now += LIFE_S
    await reach(network, "platform.test", port, 0)
    await until(lambda: place.counts() == {"127.0.0.1": 2, "127.0.0.2": 1})


@every_way
async def test_a_thousand_failures_are_not_a_thousand_questions(bench: Bench, reach: Reach) -> None:
    names = Names(platform=["127.0.0.1"])
    network = await network_of(bench, names)
    port = free_port()
    for attempts in (1, 2):
        errors = await asyncio.gather(*(failure(reach(network, "platform.test", port, index)) for index in range(200)))
        assert {error.kind for error in errors} == {"refused"}
        assert len(names.asked) == attempts
        names.now += PAUSE_S
    del names.known["platform.test"]
    errors = await asyncio.gather(*(failure(reach(network, "platform.test", port, index)) for index in range(200)))
    assert {error.kind for error in errors} == {"dns"}
    assert len(names.asked) == 3


@every_way
async def test_who_met_a_server_that_says_nothing_begins_at_the_next_address(bench: Bench, reach: Reach) -> None:
    """The race is over with the TCP connection, and a dead process behind a living system takes connections."""
    names = Names(platform=["127.0.0.1", "127.0.0.2"])
    port = await Place(bench, reach).at("127.0.0.2")
    # From Python 3.12 on a connection whose writer nobody holds is closed, and this one has to stay open.
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda reader, writer: held.append(writer), "127.0.0.1", port)
    # Which address is next a network notes by itself, so one network it is, patient enough for a busy machine.
    network = await network_of(bench, names, open_timeout=2.5)
    assert (await failure(reach(network, "platform.test", port, 0))).kind == "timeout"
    await reach(network, "platform.test", port, 0)
    server.close()
    for writer in held:
        writer.close()


async def test_a_failed_opening_handshake_makes_the_name_asked_anew(bench: Bench) -> None:
    """Who took over the old address answers, and is no broker."""
    names = Names(platform=["127.0.0.1"])
    port = await Place(bench, by_look_up).at("127.0.0.1")
    await bench.websocket(host="127.0.0.2", port=port)
    network = await network_of(bench, names)
    assert (await failure(by_websocket(network, "platform.test", port, 0))).kind == "handshake"
    names.known["platform.test"] = ["127.0.0.2"]
    names.now += PAUSE_S
    await by_websocket(network, "platform.test", port, 0)


async def test_an_address_without_tls_leaves_the_next_one_its_turn(bench: Bench, certificate: SelfSigned) -> None:
    names = Names()
    names.known["localhost"] = ["127.0.0.1", "127.0.0.2"]
    port = await Place(bench, by_look_up).at("127.0.0.1")
    await bench.websocket(server_context(certificate.cert, certificate.key), host="127.0.0.2", port=port)
    network = await network_of(bench, names, tls=trust(certificate.cert))
    await network.connect(broker(f"wss://localhost:{port}/"), Handler(), index=0)


@every_way
async def test_of_addresses_that_all_fail_the_reason_is_told(bench: Bench, reach: Reach) -> None:
    names = Names(platform=["127.0.0.1", "127.0.0.2"])
    network = await network_of(bench, names)
    error = await failure(reach(network, "platform.test", free_port(), 0))
    assert error.kind == "refused"
    assert "platform.test" in str(error)


@every_way
async def test_the_source_address_holds_in_a_race_too(bench: Bench, reach: Reach) -> None:
    names = Names(platform=["127.0.0.5", "127.0.0.1"])
    seen: list[str] = []
    if reach is by_websocket:
        port, handlers = await bench.websocket()
    else:

        async def answer(request: web.Request) -> web.Response:
            seen.append(str(request.remote))
            return web.Response(body=b"{}")

        port = int((await bench.http(answer)).rpartition(":")[2])
    network = await network_of(bench, names, source_ips=["127.0.0.9"])
    await reach(network, "platform.test", port, 0)
    if reach is by_websocket:
        await until(lambda: bool(handlers) and handlers[0].connection is not None)
        seen.append(handlers[0].connection.peer[0])
    assert seen == ["127.0.0.9"]
    assert names.families == {socket.AF_INET}
