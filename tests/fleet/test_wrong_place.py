"""A dispatch URL that leads elsewhere: the broker's port, another path, http where https is spoken, and the reverse."""

import pytest
from aiohttp import web
from yarl import URL

from simulator.fleet.wrong_place import advice
from tests.fleet.network_bench import Bench, failure

LOOK_UP = "/v3/device/getBrokerServer"
CONNACK_OF_A_STRANGER = b"\x20\x02\x00\x01"


@pytest.mark.parametrize(
    ("url", "kind", "status", "said", "told"),
    [
        ("http://x/v3/device/getBrokerServer", "", 404, "", "does the dispatch service have another address?"),
        ("http://x/wrong/v3/device/getBrokerServer", "", 404, "", "is /wrong right? The address is what precedes"),
        ("http://x/v3/device/getBrokerServer", "", 426, "", "a WebSocket server answers there, as a broker does"),
        ("http://x/v3/device/getBrokerServer", "", 400, "no Websocket UPGRADE", "a WebSocket server answers there"),
        ("http://x/v3/device/getBrokerServer", "http", 0, "", "https://, or is it the one of an MQTT broker?"),
        ("https://x/v3/device/getBrokerServer", "http", 0, "", ""),
        ("http://x/v3/device/getBrokerServer", "timeout", 0, "", ""),
        ("http://x/v3/device/getBrokerServer", "", 500, "no database", ""),
    ],
)
def test_what_to_look_at(url: str, kind: str, status: int, said: str, told: str) -> None:
    found = advice(URL(url), kind, status, said)
    assert told in found
    assert bool(told) == bool(found)


async def test_the_brokers_port_taken_for_the_dispatchs(bench: Bench) -> None:
    network = await bench.network()
    port, _ = await bench.websocket()
    url = f"http://127.0.0.1:{port}"
    assert "a WebSocket server answers there" in str(await failure(network.look_up(f"{url}{LOOK_UP}", index=0)))
    url = f"http://127.0.0.1:{await bench.raw(CONNACK_OF_A_STRANGER)}"
    assert "is it the one of an MQTT broker?" in str(await failure(network.look_up(f"{url}{LOOK_UP}", index=0)))


async def test_http_to_a_port_of_https_that_hangs_up_and_a_path_in_the_host(bench: Bench) -> None:
    async def nothing(request: web.Request) -> web.Response:
        return web.Response(status=404, text="no such thing")

    network = await bench.network()
    url = f"http://127.0.0.1:{await bench.raw(b'')}"
    assert "does the port want https://" in str(await failure(network.look_up(f"{url}{LOOK_UP}", index=0)))
    error = await failure(network.look_up(f"{await bench.http(nothing)}/api{LOOK_UP}", index=0))
    assert f"no such thing; is /api right? The address is what precedes {LOOK_UP}" in str(error)
