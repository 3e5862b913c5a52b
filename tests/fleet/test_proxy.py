"""`network.proxy`: everything that a device sends goes through it, and what it refuses is said in words."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import ValidationError

from simulator.fleet.network import FleetNetwork
from simulator.scenario.sections.run import NetworkSection
from simulator.wire.proxy import HttpProxy
from simulator.wire.tls import SelfSigned, server_context
from tests.fleet.network_bench import Bench, Handler, broker, failure, hello, trust, until
from tests.fleet.small_proxy import SmallProxy
from tests.fleet.test_runtime import fleet_of, scenario_of
from tests.ports import free_port


@pytest_asyncio.fixture
async def proxy() -> AsyncIterator[SmallProxy]:
    made = SmallProxy()
    await made.open()
    yield made
    await made.close()


async def through(bench: Bench, url: str, **options: Any) -> FleetNetwork:
    return await bench.network(proxy=HttpProxy.parse(url), **options)


async def talks(network: FleetNetwork, url: str) -> None:
    handler = Handler()
    connection = await network.connect(broker(url), handler, index=0)
    connection.close()
    assert (await handler.ended)[0] == 1000


async def test_look_ups_downloads_and_connections_go_through_it(bench: Bench, proxy: SmallProxy) -> None:
    http = int((await bench.http(hello)).rpartition(":")[2])
    port, _ = await bench.websocket()
    proxy.leads = dict.fromkeys(("platform.test", "files.test"), "127.0.0.1")
    network = await through(bench, proxy.url)
    assert await network.look_up(f"http://platform.test:{http}/x?sign=1", index=0) == (200, b"hello")
    assert await network.download(f"http://files.test:{http}/p.jpg", 100, index=0) == b"hello"
    await talks(network, f"ws://platform.test:{port}/best")
    assert proxy.wanted == [
        f"GET http://platform.test:{http}/x?sign=1",
        f"GET http://files.test:{http}/p.jpg",
        f"CONNECT platform.test:{port}",
    ]


async def test_tls_is_between_device_and_platform(bench: Bench, proxy: SmallProxy, certificate: SelfSigned) -> None:
    context = server_context(certificate.cert, certificate.key)
    http = int((await bench.http(hello, context)).rpartition(":")[2])
    port, _ = await bench.websocket(context)
    network = await through(bench, proxy.url, tls=trust(certificate.cert))
    assert await network.look_up(f"https://localhost:{http}/x", index=0) == (200, b"hello")
    await talks(network, f"wss://localhost:{port}/best")
    assert proxy.wanted == [f"CONNECT localhost:{http}", f"CONNECT localhost:{port}"]
    untrusting = await through(bench, proxy.url)
    error = await failure(untrusting.connect(broker(f"wss://localhost:{port}/"), Handler(), index=0))
    assert error.kind == "tls"


async def test_a_login_is_shown_to_it_and_to_nobody_else(bench: Bench, proxy: SmallProxy) -> None:
    proxy.login = "fleet:s3cret"
    http = await bench.http(hello)
    port, _ = await bench.websocket()
    right = await through(bench, f"http://fleet:s3cret@127.0.0.1:{proxy.port}")
    assert await right.look_up(http, index=0) == (200, b"hello")
    await talks(right, f"ws://127.0.0.1:{port}/")
    wrong = await through(bench, f"http://fleet:mistaken@127.0.0.1:{proxy.port}")
    for attempt in (
        wrong.look_up(http, index=0),
        wrong.connect(broker(f"ws://127.0.0.1:{port}/"), Handler(), index=0),
    ):
        error = await failure(attempt)
        assert error.kind == "proxy"
        assert "407" in str(error)
        assert "user and password" in str(error)
        assert "mistaken" not in str(error)


@pytest.mark.parametrize("secure", [False, True])
async def test_what_it_refuses_is_told_with_its_status(bench: Bench, proxy: SmallProxy, secure: bool) -> None:
    proxy.status = 403
    network = await through(bench, proxy.url)
    error = await failure(network.connect(broker(f"ws{'s' * secure}://platform.test:1/"), Handler(), index=0))
    assert (error.kind, "answered 403 Forbidden to the wish for platform.test:1" in str(error)) == ("proxy", True)
    assert "network.proxy" in str(error)
    if secure:
        error = await failure(network.look_up("https://platform.test/x", index=0))
        assert (error.kind, "403" in str(error)) == ("proxy", True)


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9\r\n", b"", b"HTTP/1.1 2", b"A" * 70_000])
async def test_what_is_no_proxy_is_called_so(bench: Bench, proxy: SmallProxy, answer: bytes) -> None:
    proxy.answer = answer
    network = await through(bench, proxy.url)
    error = await failure(network.connect(broker("ws://platform.test:1/"), Handler(), index=0))
    assert error.kind == "proxy"
    assert "network.proxy" in str(error)


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}", "http://no-such-proxy.invalid:{}"])
async def test_a_proxy_that_is_not_there_is_named(bench: Bench, url: str) -> None:
    network = await through(bench, url.format(free_port()))
    for attempt in (
        network.look_up("http://platform.test/x", index=0),
        network.look_up("https://platform.test/x", index=0),
        network.connect(broker("ws://platform.test:1/"), Handler(), index=0),
    ):
        error = await failure(attempt)
        assert error.kind == "proxy"
        assert "network.proxy" in str(error)


async def test_a_silent_proxy_is_a_timeout_that_names_it(bench: Bench) -> None:
    network = await through(bench, f"http://127.0.0.1:{await bench.raw(None)}", open_timeout=0.3)
    error = await failure(network.connect(broker("ws://platform.test:1/"), Handler(), index=0))
    assert (error.kind, "through the proxy" in str(error)) == ("timeout", True)


async def test_addresses_that_devices_may_not_fetch_from_are_not_asked_of_it_either(
    bench: Bench, proxy: SmallProxy
) -> None:
    network = await through(bench, proxy.url)
    for url in ("http://127.0.0.1:1/x", "http://169.254.169.254/latest", "http://[::1]:1/x"):
        assert (await failure(network.download(url, 100, index=0))).kind == "not allowed"
    assert proxy.wanted == []
    http = await bench.http(hello)
    allowed = await through(bench, proxy.url, download_hosts=["127.0.0.0/8"])
    assert await allowed.download(http, 100, index=0) == b"hello"


async def test_devices_leave_from_their_own_addresses(bench: Bench, proxy: SmallProxy) -> None:
    port, handlers = await bench.websocket()
    network = await through(bench, proxy.url, source_ips=["127.0.0.2"])
    await talks(network, f"ws://127.0.0.1:{port}/")
    await until(lambda: len(handlers) == 1)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("socks5://127.0.0.1:1080", "only proxies of HTTP"),
        ("127.0.0.1:3128", "like http://"),
        ("https://proxy.test:3128", "only proxies of HTTP"),
        ("http://proxy.test:3128/path", "like http://"),
        ("http://user@proxy.test:3128", "like http://"),
        ("http://user:pass word@:3128", "like http://"),
        ("http://proxy.test:99999", "like http://"),
        (3128, "like http://"),
    ],
)
def test_what_is_no_proxy_in_a_scenario(url: object, told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        NetworkSection.model_validate({"proxy": url})
    assert told in str(raised.value.errors()[0]["ctx"]["error"])


def test_a_proxys_login_is_shown_by_nothing() -> None:
    proxy = NetworkSection.model_validate({"proxy": "http://fleet:s3cret@proxy.test:3128"}).proxy
    assert proxy is not None
    assert repr(proxy) == str(proxy) == f"{proxy}" == "http://proxy.test:3128"
    assert "s3cret" not in repr(NetworkSection.model_validate({"proxy": proxy.url}))
    assert proxy.url == "http://fleet:s3cret@proxy.test:3128"


async def test_a_fleet_lives_through_it(proxy: SmallProxy) -> None:
    scenario = scenario_of(3, suite="rsa-aes", more=f"network: {{proxy: '{proxy.url}'}}")
    async with fleet_of(scenario) as fleet:
        fleet.start(*range(3))
        await fleet.online(3)
        await fleet.until(lambda: fleet.recorder.records["acknowledged"] >= 10)
        await fleet.runtime.stop_all()
    assert fleet.recorder.failed() == {}
    assert Counter(wanted.split()[0] for wanted in proxy.wanted) == {"GET": 3, "CONNECT": 3}


async def test_a_fleet_without_its_proxy_names_the_setting() -> None:
    scenario = scenario_of(2, more=f"network: {{proxy: 'http://127.0.0.1:{free_port()}'}}")
    async with fleet_of(scenario) as fleet:
        fleet.start(0, 1)
        await fleet.until(lambda: fleet.recorder.failed()["getBrokerServer", "proxy"] >= 2)
        assert "network.proxy" in fleet.recorder.details["getBrokerServer", "proxy"]
