"""The platform on its two ports: with TLS, with a port in use, and what it cannot start with."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import websockets
from cryptography import x509

from simulator.clock import SystemClock
from simulator.platform.process import PlatformError
from simulator.platform.settings import FixedDelay
from simulator.wire.tls import Algorithm, algorithm_of, self_signed
from tests.platform.harness import IDENTITIES, OK, running
from tests.platform.parts import answer_rule, platform_settings, platform_tls

ONE = IDENTITIES[0]
ALGORITHMS: tuple[Algorithm, ...] = ("rsa", "ecdsa")


async def test_dispatch_port_in_use() -> None:
    async with running() as platform:
        port = int(platform.info.dispatch.rpartition(":")[2])
        with pytest.raises(PlatformError, match=f"cannot listen at 127.0.0.1:{port}: address already in use"):
            async with running(dispatch_port=port):
                pass


async def test_unknown_channel() -> None:
    with pytest.raises(PlatformError, match="no channel suite 'rsa'"):
        async with running(platform_settings(channel="rsa")):
            pass


def read(path: str | None) -> str:
    assert path is not None
    return Path(path).read_text()


async def test_wss_with_a_self_made_certificate(tmp_path: Path) -> None:
    settings = platform_settings(tls=platform_tls())
    async with running(settings, tls_directory=tmp_path) as platform:
        assert platform.info.dispatch.startswith("https://")
        assert platform.info.broker.startswith("wss://")
        pem = read(platform.info.ca)
        answer = await platform.look_up(ONE)
        assert answer["payload"]["results"] == {"url": platform.info.broker, "rootCA": pem}
        trusting = ssl.create_default_context(cadata=pem)
        async with websockets.connect(platform.info.broker, ssl=trusting):
            pass
        with pytest.raises(ssl.SSLCertVerificationError):
            await websockets.connect(platform.info.broker, ssl=ssl.create_default_context())
        url = f"{platform.info.dispatch}/photos/1.jpg"
        async with aiohttp.ClientSession() as http, http.get(url, ssl=trusting) as response:
            assert response.status == 200


async def test_a_self_made_certificate_is_the_same_again_where_it_is_kept(tmp_path: Path) -> None:
    settings = platform_settings(tls=platform_tls())
    roots = []
    for _ in range(2):
        async with running(settings, tls_kept=tmp_path) as platform:
            assert platform.info.ca == str(tmp_path / "cert.pem")
            roots.append(read(platform.info.ca))
    async with running(settings, tls_directory=tmp_path) as platform:
        roots.append(read(platform.info.ca))
    assert roots[0] == roots[1] != roots[2]


@pytest.mark.parametrize("device_certificates", [False, True])
async def test_a_self_made_certificate_has_the_key_that_is_asked_for(tmp_path: Path, device_certificates: bool) -> None:
    """Also where one of another kind was kept."""
    found = []
    for algorithm in ALGORITHMS:
        tls = platform_tls(algorithm=algorithm, device_certificates=device_certificates)
        async with running(platform_settings(tls=tls), tls_kept=tmp_path) as platform:
            trusting = ssl.create_default_context(cadata=read(platform.info.ca))
            url = urlsplit(platform.info.dispatch)
            _, writer = await asyncio.open_connection(url.hostname, url.port, ssl=trusting)
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.close()
            found.append(type(x509.load_der_x509_certificate(shown).public_key()).__name__)
            assert algorithm_of(tmp_path / "cert.pem") == algorithm
    assert found == ["RSAPublicKey", "ECPublicKey"]


async def test_wss_with_given_files_and_client_certificates(tmp_path: Path) -> None:
    made = self_signed(tmp_path / "server", ["127.0.0.1"])
    client = self_signed(tmp_path / "client", ["device"])
    tls = platform_tls(certificate=made.cert, key=made.key, client_ca=client.cert)
    async with running(platform_settings(tls=tls)) as platform:
        assert platform.info.ca is None
        context = ssl.create_default_context(cafile=made.cert)
        with pytest.raises((ssl.SSLError, ConnectionError, websockets.WebSocketException)):
            async with websockets.connect(platform.info.broker, ssl=context) as connection:
                await connection.recv()
        context.load_cert_chain(client.cert, client.key)
        async with websockets.connect(platform.info.broker, ssl=context):
            pass


async def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    tls = platform_tls(certificate=tmp_path / "no.pem", key=tmp_path / "no.key")
    with pytest.raises(PlatformError, match=r"no\.pem"):
        async with running(platform_settings(tls=tls)):
            pass


async def test_delayed_answers_come_when_they_should() -> None:
    rule = answer_rule("dev.heartbeat", delay=FixedDelay(seconds=0.02))
    async with running(platform_settings(answers=(rule,))) as platform:
        device = await platform.online(ONE)
        waits = []
        for _ in range(20):
            before = SystemClock.monotonic()
            assert await device.code("dev.heartbeat", {"isFree": "1"}) == OK
            waits.append(SystemClock.monotonic() - before)
        assert min(waits) > 0.0185
        assert min(waits) < 0.5, "twenty milliseconds, not twenty of something else"
