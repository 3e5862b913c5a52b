"""The fleet's network over TLS: whom it trusts, what it shows, and what it says of a certificate that is wrong."""

import datetime
from pathlib import Path

import pytest

from simulator.wire.tls import SelfSigned, self_signed, server_context
from tests.fleet.network_bench import Bench, Handler, broker, failure, hello, trust, until


def pem_of(certificate: SelfSigned) -> str:
    return Path(certificate.cert).read_text()


async def test_https_with_the_right_ca(bench: Bench, certificate: SelfSigned) -> None:
    base = await bench.http(hello, server_context(certificate.cert, certificate.key))
    trusting = await bench.network(tls=trust(certificate.cert))
    assert await trusting.look_up(base, index=0) == (200, b"hello")
    careless = await bench.network(tls=trust(verify=False))
    assert await careless.look_up(base, index=0) == (200, b"hello")


async def test_https_without_trust_says_what_would_help(bench: Bench, certificate: SelfSigned) -> None:
    base = await bench.http(hello, server_context(certificate.cert, certificate.key))
    network = await bench.network(tls=trust())
    error = await failure(network.look_up(base, index=0))
    assert error.kind == "tls"
    assert "tls.ca" in str(error)
    assert "not trusted" in str(error)


async def test_https_for_another_host(bench: Bench, tmp_path: Path) -> None:
    other = self_signed(tmp_path, ["elsewhere.test"])
    base = await bench.http(hello, server_context(other.cert, other.key))
    network = await bench.network(tls=trust(other.cert))
    error = await failure(network.look_up(base, index=0))
    assert error.kind == "tls"
    assert "another host" in str(error)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (datetime.datetime(2015, 1, 1, tzinfo=datetime.UTC), "has expired: renew it"),
        (datetime.datetime(2999, 1, 1, tzinfo=datetime.UTC), "is not valid yet: check the clocks"),
    ],
)
async def test_a_certificate_out_of_its_time_is_called_so_and_no_ca_is_asked_for(
    bench: Bench, tmp_path: Path, made: datetime.datetime, words: str
) -> None:
    files = self_signed(tmp_path, ["127.0.0.1"], made)
    context = server_context(files.cert, files.key)
    base = await bench.http(hello, context)
    port, _ = await bench.websocket(context)
    network = await bench.network(tls=trust(files.cert), download_hosts=["127.0.0.1/32"])
    for attempt in (
        network.look_up(base, index=0),
        network.download(base, 100, index=0),
        network.connect(broker(f"wss://127.0.0.1:{port}/"), Handler(), index=0),
    ):
        error = await failure(attempt)
        assert error.kind == "tls"
        assert words in str(error)
        assert "tls.ca" not in str(error)


async def test_https_on_a_port_without_tls(bench: Bench) -> None:
    base = (await bench.http(hello)).replace("http:", "https:")
    network = await bench.network()
    error = await failure(network.look_up(base, index=0))
    assert error.kind == "tls"
    assert "does not speak TLS" in str(error)


# --- The CA that the look-up's answer names ---


async def test_the_look_ups_root_ca_is_trusted_for_the_broker(bench: Bench, certificate: SelfSigned) -> None:
    port, _ = await bench.websocket(server_context(certificate.cert, certificate.key))
    network = await bench.network(tls=trust())
    url = f"wss://127.0.0.1:{port}/"
    assert (await failure(network.connect(broker(url), Handler(), index=0))).kind == "tls"
    pem = pem_of(certificate)
    for _ in range(2):
        await network.connect(broker(url, pem), Handler(), index=0)
    assert len(network._broker_trust) == 1


async def test_another_root_ca_is_not_enough(bench: Bench, certificate: SelfSigned, tmp_path: Path) -> None:
    port, _ = await bench.websocket(server_context(certificate.cert, certificate.key))
    other = pem_of(self_signed(tmp_path, ["127.0.0.1"]))
    network = await bench.network(tls=trust(certificate.cert))
    error = await failure(network.connect(broker(f"wss://127.0.0.1:{port}/", other), Handler(), index=0))
    assert error.kind == "tls"


@pytest.mark.parametrize(
    "text", ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "证书"]
)
async def test_a_root_ca_that_is_none_is_an_error_of_that_connect(
    bench: Bench, certificate: SelfSigned, text: str
) -> None:
    port, _ = await bench.websocket(server_context(certificate.cert, certificate.key))
    network = await bench.network(tls=trust(certificate.cert))
    for _ in range(2):
        error = await failure(network.connect(broker(f"wss://127.0.0.1:{port}/", text), Handler(), index=0))
        assert error.kind == "tls"
        assert "rootCA" in str(error)


async def test_a_broker_that_demands_a_client_certificate(
    bench: Bench, certificate: SelfSigned, tmp_path: Path
) -> None:
    """The client certificate is shown beside the look-up's rootCA too."""
    client = self_signed(tmp_path, ["device"])
    port, servers = await bench.websocket(server_context(certificate.cert, certificate.key, client.cert))
    network = await bench.network(tls=trust(certificate.cert, client.cert, client.key))
    pem = pem_of(certificate)
    for root_ca in (None, pem):
        handler = Handler()
        connection = await network.connect(broker(f"wss://127.0.0.1:{port}/", root_ca), handler, index=0)
        connection.send(b"hello", False)
        await until(lambda: bool(servers) and bool(servers[-1].messages))
        servers[-1].messages.clear()
