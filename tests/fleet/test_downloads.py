"""Downloads against real servers: where they may go, also by way of redirects, and how much they may take."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from simulator.device.environment import NOT_ALLOWED
from simulator.fleet.http import Answer, Http, Way
from simulator.fleet.network import MOST_REDIRECTS, FleetNetwork
from simulator.scenario.download_rules import AddressKind
from tests.fleet.network_bench import Bench, Names, failure
from tests.ports import free_port

PICTURE = b"\xff\xd8picture"


class Store:
    """A server that counts who came, and redirects where it is told to."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.redirects: dict[str, str] = {}
        self.status = 302
        self.headers: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.raw_path)
        self.headers.append(dict(request.headers))
        target = self.redirects.get(request.path)
        if target is not None:
            return web.Response(status=self.status, headers={"Location": target, "Set-Cookie": "session=1; Path=/"})
        return web.Response(body=PICTURE)


@pytest.fixture
def store() -> Store:
    return Store()


async def served(bench: Bench, store: Store, **options: Any) -> tuple[FleetNetwork, int]:
    port = int((await bench.http(store.answer)).rpartition(":")[2])
    return await bench.network(**options), port


NOTATIONS = [
    "http://127.0.0.1:{}/",
    "http://localhost:{}/",
    "http://2130706433:{}/",
    "http://0x7f000001:{}/",
    "http://0177.0.0.1:{}/",
    "http://127.1:{}/",
    "http://0.0.0.0:{}/",
    "http://[::ffff:127.0.0.1]:{}/",
    "http://[::ffff:7f00:1]:{}/",
    "http://127.0.0.1.:{}/",
    "http://user@127.0.0.1:{}/",
]


@pytest.mark.parametrize("url", NOTATIONS)
async def test_no_notation_leads_to_this_machine(bench: Bench, store: Store, url: str) -> None:
    network, port = await served(bench, store)
    error = await failure(network.download(url.format(port), 1000, index=0))
    # aiohttp takes no address in an unusual notation, and whoever resolves it finds the address itself.
    assert error.kind in (NOT_ALLOWED, "bad url", "dns")
    assert store.paths == []
    assert "user" not in str(error)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "0x7f000001"])
async def test_a_refusal_says_why_and_what_would_help(bench: Bench, store: Store, host: str) -> None:
    network, port = await served(bench, store)
    error = await failure(network.download(f"http://{host}:{port}/a?sig=x", 1000, index=0))
    assert error.kind == NOT_ALLOWED
    assert "is a loopback address" in str(error)
    assert "downloads.hosts" in str(error)
    assert "sig" not in str(error)


async def test_a_name_that_leads_here_is_judged_where_it_leads(bench: Bench, store: Store) -> None:
    names = Names(files=["127.0.0.1"], two=["127.0.0.1", "127.0.0.2"])
    network, port = await served(bench, store, addresses=names.book())
    for name in ("files", "two"):
        error = await failure(network.download(f"http://{name}.test:{port}/", 1000, index=0))
        assert error.kind == NOT_ALLOWED
    assert store.paths == []


async def test_a_name_that_leads_elsewhere_the_second_time_is_judged_again(bench: Bench, store: Store) -> None:
    """DNS rebinding: what was looked up to be judged would not be what is connected to."""
    names = Names(files=["127.0.0.1"])
    network, port = await served(bench, store, addresses=names.book(), download_hosts=["127.0.0.1/32"])
    assert await network.download(f"http://files.test:{port}/", 1000, index=0) == PICTURE
    names.known["files.test"] = ["127.0.0.2"]
    names.now += 60
    error = await failure(network.download(f"http://files.test:{port}/", 1000, index=0))
    assert error.kind == NOT_ALLOWED
    assert "127.0.0.2" in str(error)


async def test_of_several_addresses_the_allowed_one_is_taken(bench: Bench, store: Store) -> None:
    names = Names(files=["10.255.255.1", "127.0.0.1"])
    network, port = await served(bench, store, addresses=names.book(), download_hosts=["127.0.0.1/32"])
    for index in range(4):
        assert await network.download(f"http://files.test:{port}/", 1000, index=index) == PICTURE


@pytest.mark.parametrize("host", ["127.0.0.1/32", "127.0.0.0/8", "files.test"])
async def test_hosts_of_the_scenario_may_be_fetched_from(bench: Bench, store: Store, host: str) -> None:
    network, port = await served(bench, store, addresses=Names(files=["127.0.0.1"]).book(), download_hosts=[host])
    assert await network.download(f"http://files.test:{port}/a", 1000, index=0) == PICTURE


async def test_a_platform_on_this_machine_may_name_this_machine(bench: Bench, store: Store) -> None:
    network, port = await served(bench, store)
    await network.look_up(f"http://127.0.0.1:{port}/v3", index=0)
    assert await network.download(f"http://127.0.0.1:{port}/a", 1000, index=1) == PICTURE


async def test_a_look_up_that_failed_tells_nothing_about_the_platform(bench: Bench) -> None:
    """A name that leads to somebody else's server on this machine does not open this machine."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=404)

    network = await bench.network()
    base = await bench.http(answer)
    assert (await failure(network.look_up(base, index=0))).kind == "http 404"
    assert (await failure(network.download(base, 1000, index=0))).kind == NOT_ALLOWED


async def test_a_public_platform_does_not_become_one_of_this_machine(bench: Bench, store: Store) -> None:
    network, port = await served(bench, store, addresses=Names(dispatch=["127.0.0.1"]).book())
    network._rules.platform_is("dispatch.test", AddressKind.PUBLIC)
    await network.look_up(f"http://dispatch.test:{port}/v3", index=0)
    assert (await failure(network.download(f"http://127.0.0.1:{port}/a", 1000, index=0))).kind == NOT_ALLOWED


# --- Redirects ---


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target", ["/there?sig=a%2Fb%2B", "there?sig=a%2Fb%2B", "http://127.0.0.1:{}/there?sig=a%2Fb%2B"]
)
async def test_a_redirect_is_followed_and_its_query_kept_as_it_is(
    bench: Bench, store: Store, status: int, target: str
) -> None:
    network, port = await served(bench, store, download_hosts=["127.0.0.1/32"])
    store.status = status
    store.redirects["/a"] = target.format(port)
    assert await network.download(f"http://127.0.0.1:{port}/a", 1000, index=0) == PICTURE
    assert store.paths == ["/a", "/there?sig=a%2Fb%2B"]
    assert not any("Cookie" in headers for headers in store.headers)


async def test_redirects_are_followed_a_few_times_only(bench: Bench, store: Store) -> None:
    network, port = await served(bench, store, download_hosts=["127.0.0.1/32"])
    store.redirects |= {f"/{number}": f"/{number + 1}" for number in range(100)}
    error = await failure(network.download(f"http://127.0.0.1:{port}/0", 1000, index=0))
    assert error.kind == "too many redirects"
    assert len(store.paths) == MOST_REDIRECTS + 1
    store.paths.clear()
    assert await network.download(f"http://127.0.0.1:{port}/{100 - MOST_REDIRECTS}", 1000, index=0) == PICTURE


@pytest.mark.parametrize("url", ["http://127.0.0.2:{}/there", "http://localhost:{}/"])
async def test_a_redirect_leads_nowhere_that_is_not_allowed(bench: Bench, store: Store, url: str) -> None:
    names = Names(files=["127.0.0.1"])
    names.known["localhost"] = ["127.0.0.2"]
    network, port = await served(bench, store, addresses=names.book(), download_hosts=["files.test"])
    await bench.http(store.answer, host="127.0.0.2", port=port)
    store.redirects["/a"] = url.format(port)
    error = await failure(network.download(f"http://files.test:{port}/a", 1000, index=0))
    assert error.kind == NOT_ALLOWED
    assert store.paths == ["/a"]


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/a", "gopher://x/", "data:,x", "http://x:99999/"]
)
async def test_a_redirect_to_what_is_no_http_fails(bench: Bench, store: Store, target: str) -> None:
    network, port = await served(bench, store, download_hosts=["127.0.0.1/32"])
    store.redirects["/a"] = target
    error = await failure(network.download(f"http://127.0.0.1:{port}/a", 1000, index=0))
    assert error.kind == "bad url"
    assert store.paths == ["/a"]


# --- Bounds ---


async def test_only_so_many_at_once(bench: Bench) -> None:
    now, most = 0, 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return web.Response(body=PICTURE)

    base = await bench.http(answer)
    network = await bench.network(download_hosts=["127.0.0.1/32"], downloads_at_once=3)
    assert await asyncio.gather(*(network.download(base, 1000, index=index) for index in range(20))) == [PICTURE] * 20
    assert most == 3


async def test_one_that_is_broken_off_makes_room(bench: Bench) -> None:
    port = await bench.raw(None)
    network = await bench.network(download_hosts=["127.0.0.1/32"], downloads_at_once=1, open_timeout=60.0)
    for _ in range(3):
        task = asyncio.create_task(network.download(f"http://127.0.0.1:{port}/", 1000, index=0))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not network._downloads.locked()


async def test_all_redirects_together_have_the_time_of_one(bench: Bench) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(0.15)
        raise web.HTTPFound(f"/{int(request.path[1:] or 0) + 1}")

    network = await bench.network(download_hosts=["127.0.0.1/32"], open_timeout=0.3)
    error = await failure(network.download(await bench.http(answer), 1000, index=0))
    assert (error.kind, error.after) == ("timeout", 0.3)


async def test_a_refusing_answer_is_told_without_its_markup(bench: Bench) -> None:
    async def answer(request: web.Request) -> web.Response:
        page = (
            "<html><head><title>Proxy</title></head><body><p>Access\n<b>denied</b> by policy&nbsp;7</p></body></html>"
        )
        return web.Response(status=403, text=page, content_type="text/html")

    network = await bench.network(download_hosts=["127.0.0.1/32"])
    base = await bench.http(answer)
    for asked in (network.download(f"{base}/a?sig=x", 1000, index=0), network.look_up(f"{base}/a?sign=x", index=0)):
        error = await failure(asked)
        assert error.kind == "http 403"
        assert "Proxy Access denied by policy" in str(error)
        assert "<" not in str(error)
        assert "sig" not in str(error)


async def test_an_answer_after_the_deadline_is_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer of the deadline may not have come by yet: the moment of arrival decides."""
    http = Http(tls=None, timeout=5.0, socket_type=socket.socket, addresses=Names().book())
    deadline = http.deadline()
    loop = asyncio.get_running_loop()

    async def late(url: URL, limit: int, way: Way) -> Answer:
        monkeypatch.setattr(loop, "time", lambda: deadline)
        return Answer(200, b"{}", None)

    monkeypatch.setattr(http, "_get", late)
    error = await failure(http.get(URL("http://files.test/"), 100, Way(None, 0), deadline))
    monkeypatch.undo()
    assert (error.kind, error.after) == ("timeout", 5.0)


async def test_devices_share_no_cookies(bench: Bench, store: Store) -> None:
    network, port = await served(
        bench, store, addresses=Names(files=["127.0.0.1"]).book(), download_hosts=["files.test"]
    )
    store.redirects["/a"] = "/b"
    for index in range(2):
        await network.download(f"http://files.test:{port}/a", 1000, index=index)
    assert len(store.headers) == 4
    assert not any("Cookie" in headers for headers in store.headers)


async def test_where_an_allowed_address_failed_its_failure_counts(bench: Bench) -> None:
    names = Names(files=["127.0.0.1", "10.255.255.1"])
    network = await bench.network(addresses=names.book(), download_hosts=["127.0.0.1/32"])
    error = await failure(network.download(f"http://files.test:{free_port()}/", 1000, index=0))
    assert error.kind != NOT_ALLOWED
