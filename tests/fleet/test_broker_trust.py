"""Certificates of look-ups: shown to the broker, and each way in which they are of no use, as a run's user reads it."""

import datetime
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator.fleet.broker_trust import MOST_KEPT, BrokerTrust
from simulator.protocol.broker import BrokerAnswer
from simulator.scenario.scenario import SYSTEM_TRUST
from simulator.wire.authority import CertificateAuthority, ServerFiles
from simulator.wire.own_certificate import OwnCertificate
from simulator.wire.tls import server_context
from tests.fleet.network_bench import Bench, Handler, failure, trust, until

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
AUTHORITY = CertificateAuthority("devices", NOW)
OWN = AUTHORITY.client("SN1", NOW - DAY, NOW + DAY)
OTHER = AUTHORITY.client("SN2", NOW - DAY, NOW + DAY)
STRANGE = CertificateAuthority("elsewhere", NOW).client("SN1", NOW - DAY, NOW + DAY)
EXPIRED = AUTHORITY.client("SN1", NOW - 3 * DAY, NOW - 2 * DAY)
NOT_YET = AUTHORITY.client("SN1", NOW + DAY, NOW + 2 * DAY)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ServerFiles:
    return AUTHORITY.server(tmp_path_factory.mktemp("tls"), ["127.0.0.1"], NOW)


def demanding(files: ServerFiles, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = server_context(files.cert, files.key, files.ca)
    context.maximum_version = newest
    return context


def answer(port: int, certificate: str | None = OWN.certificate, key: str | None = OWN.private_key) -> BrokerAnswer:
    """A look-up's answer that leads to `port`."""
    url = f"wss://127.0.0.1:{port}/"
    return BrokerAnswer(code="00000000", url=url, root_ca=AUTHORITY.root, certificate=certificate, private_key=key)


async def shown(servers: list[Handler], number: int) -> str:
    """Whom the certificate names that a server's connection was shown."""
    await until(lambda: len(servers) > number and servers[number].connection is not None)
    held = servers[number].connection._transport.get_extra_info("peercert")
    return str(dict(pair for part in held["subject"] for pair in part)["commonName"])


@pytest.mark.parametrize("verify", [True, False])
async def test_each_device_shows_its_own_and_the_scenarios_is_for_those_without(
    bench: Bench, files: ServerFiles, tmp_path: Path, verify: bool
) -> None:
    port, servers = await bench.websocket(demanding(files))
    (tmp_path / "cert.pem").write_text(OTHER.certificate)
    (tmp_path / "key.pem").write_text(OTHER.private_key)
    network = await bench.network(tls=trust(None, str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"), verify=verify))
    for broker in (answer(port), answer(port, None, None), answer(port)):
        await network.connect(broker, Handler(), index=0)
    assert [await shown(servers, number) for number in range(3)] == ["SN1", "SN2", "SN1"]


async def test_no_device_shows_what_another_one_loaded(bench: Bench, files: ServerFiles) -> None:
    port, servers = await bench.websocket(demanding(files))
    network = await bench.network(tls=trust())
    await network.connect(answer(port), Handler(), index=0)
    error = await failure(network.connect(answer(port, None, None), Handler(), index=1))
    assert error.kind == "tls"
    await network.connect(answer(port, OTHER.certificate, OTHER.private_key), Handler(), index=2)
    assert [await shown(servers, number) for number in range(2)] == ["SN1", "SN2"]


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("garbage", OWN.private_key), "the look-up's certificate cannot be read, should be a certificate in PEM"),
        ((OWN.certificate, "garbage"), "the look-up's privateKey cannot be read, should be an unencrypted private key"),
        ((OWN.certificate, OTHER.private_key), "the look-up's privateKey does not belong to the certificate"),
        ((None, OWN.private_key), "the look-up's certificate is missing"),
        ((OWN.certificate, None), "the look-up's privateKey is missing"),
    ],
    ids=["certificate", "key", "key of another", "no certificate", "no key"],
)
async def test_a_pair_of_no_use_fails_before_anybody_is_connected_to(
    bench: Bench, files: ServerFiles, pair: tuple[str | None, str | None], words: str
) -> None:
    port, servers = await bench.websocket(demanding(files))
    network = await bench.network(tls=trust())
    error = await failure(network.connect(answer(port, *pair), Handler(), index=0))
    assert (error.kind, words in str(error)) == ("bad certificate", True)
    assert servers == []


async def test_over_plain_ws_nobody_looks_at_it(bench: Bench) -> None:
    port, _ = await bench.websocket()
    network = await bench.network(tls=trust())
    broker = replace(answer(port, "garbage", "garbage"), url=f"ws://127.0.0.1:{port}/")
    await network.connect(broker, Handler(), index=0)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (EXPIRED[:2], ["refuses our client certificate", "certificate expired", "one for SN1 by CN=devices, valid "]),
        (NOT_YET[:2], ["refuses our client certificate", "bad certificate", f"valid {NOW + DAY:%Y-%m-%d %H:%M}Z to "]),
        (STRANGE[:2], ["refuses our client certificate", "unknown ca", "one for SN1 by CN=elsewhere"]),
        ((None, None), ["demands a client certificate", "no certificate was shown: the look-up's answer holds none"]),
    ],
    ids=["expired", "not yet", "another issuer", "none"],
)
async def test_what_a_broker_refuses_is_told_with_what_was_shown(
    bench: Bench, files: ServerFiles, newest: ssl.TLSVersion, pair: Any, words: list[str]
) -> None:
    port, _ = await bench.websocket(demanding(files, newest))
    network = await bench.network(tls=trust())
    error = await failure(network.connect(answer(port, *pair), Handler(), index=0))
    assert error.kind == "tls"
    for word in words:
        assert word in str(error)
    assert len(str(error)) < 300
    assert "PRIVATE" not in str(error)


async def test_a_server_that_just_hangs_up_is_told_with_what_was_shown(bench: Bench, files: ServerFiles) -> None:
    """As brokers do behind some proxies: no alert says why."""
    port = await bench.raw(b"", server_context(files.cert, files.key))
    network = await bench.network(tls=trust())
    error = await failure(network.connect(answer(port), Handler(), index=0))
    assert error.kind == "handshake"
    assert "shown was the look-up's certificate: one for SN1" in str(error)


async def test_a_broken_root_is_named_beside_a_certificate(bench: Bench, files: ServerFiles) -> None:
    port, _ = await bench.websocket(demanding(files))
    network = await bench.network(tls=trust())
    error = await failure(network.connect(replace(answer(port), root_ca="no PEM"), Handler(), index=0))
    assert error.kind == "tls"
    assert "the rootCA of the look-up cannot be used" in str(error)


async def test_without_a_root_the_certificate_is_shown_to_whom_the_scenario_trusts(
    bench: Bench, files: ServerFiles
) -> None:
    port, servers = await bench.websocket(demanding(files))
    network = await bench.network(tls=trust(str(files.ca)))
    await network.connect(replace(answer(port), root_ca=None), Handler(), index=0)
    assert await shown(servers, 0) == "SN1"
    stranger = await bench.network(tls=trust())
    error = await failure(stranger.connect(replace(answer(port), root_ca=None), Handler(), index=0))
    assert "is not trusted" in str(error)


def test_devices_share_settings_and_few_are_kept() -> None:
    trusts = BrokerTrust(SYSTEM_TRUST, None)
    for own in (OWN, OTHER, STRANGE):
        assert isinstance(trusts.for_broker(answer(1, own.certificate, own.private_key)), OwnCertificate)
    assert len(trusts) == 1
    for number in range(MOST_KEPT + 3):
        root = CertificateAuthority(f"root {number}", NOW).root
        trusts.for_broker(BrokerAnswer(code="00000000", url="wss://h/", root_ca=root))
    assert len(trusts) == MOST_KEPT
    again = BrokerAnswer(code="00000000", url="wss://h/", root_ca=root)
    assert trusts.for_broker(again) is trusts.for_broker(again)
