"""Security mode "certificate": what look-ups give, whom the broker lets in, and that keys are nowhere else."""

from __future__ import annotations

import dataclasses
import json
import ssl
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import websockets
from cryptography import x509

from simulator.clock import ManualClock
from simulator.platform.device_certificates import DeviceCertificates
from simulator.protocol import device_certificate
from simulator.wire.tls import self_signed
from tests.platform.harness import IDENTITIES, OK, Device, Identity, Running, running
from tests.platform.parts import platform_settings, platform_tls

ONE, TWO = IDENTITIES[:2]
TURNED_AWAY = (ssl.SSLError, websockets.InvalidMessage)
"""What a client of websockets says, as TLS 1.3 refuses a certificate after its handshake."""
SETTINGS = platform_settings(tls=platform_tls(device_certificates=True))


async def asked(platform: Running, identity: Identity) -> dict[str, Any]:
    """The results of a look-up."""
    answer = await platform.look_up(identity)
    assert answer["code"] == OK
    results: dict[str, Any] = answer["payload"]["results"]
    return results


def shows(results: dict[str, Any] | None, root: str, directory: Path) -> ssl.SSLContext:
    """A client's settings as any firmware would make them: of files."""
    context = ssl.create_default_context(cadata=root)
    if results is not None:
        path = directory / "pair.pem"
        path.write_text(results["certificate"] + results["privateKey"])
        context.load_cert_chain(path)
    return context


async def connected(platform: Running, identity: Identity, context: ssl.SSLContext) -> Device:
    socket = await websockets.connect(platform.info.broker, ssl=context, max_size=None, compression=None)
    device = Device(identity, socket)
    platform.devices.append(device)
    return device


async def test_a_look_up_gives_each_device_a_certificate_of_its_own() -> None:
    async with running(SETTINGS) as platform:
        first, again, other = [await asked(platform, each) for each in (ONE, ONE, TWO)]
    assert set(first) == {"url", "rootCA", "certificate", "privateKey", "publicKey"}
    root = x509.load_pem_x509_certificate(first["rootCA"].encode())
    for results, identity in ((first, ONE), (again, ONE), (other, TWO)):
        assert results["rootCA"] == first["rootCA"]
        assert device_certificate.pair_fault(results["certificate"], results["privateKey"]) is None
        assert device_certificate.names_in(results["certificate"]) == (identity.sn,)
        x509.load_pem_x509_certificate(results["certificate"].encode()).verify_directly_issued_by(root)
    assert len({each["privateKey"] for each in (first, again, other)}) == 3


async def test_who_comes_over_mqtt_gets_one_and_who_goes_elsewhere_none() -> None:
    async with running(SETTINGS) as platform:
        answer = await platform.look_up(ONE, type="best-m")
        assert {"rootCA", "certificate", "privateKey"} < set(answer["payload"]["results"])
        answer = await platform.look_up(ONE, type="push")
        assert set(answer["payload"]["results"]) == {"url"}


async def test_with_its_certificate_a_device_goes_through_the_flow_and_comes_back(tmp_path: Path) -> None:
    async with running(SETTINGS) as platform:
        results = await asked(platform, ONE)
        context = shows(results, results["rootCA"], tmp_path)
        device = await connected(platform, ONE, context)
        await device.log_in()
        await device.close()
        again = await connected(platform, ONE, context)
        again.credentials = device.credentials
        reply = await again.request("dev.login", again.proof(**device.credentials), sn=ONE.sn)
        assert reply["code"] == OK


async def test_without_one_of_this_platform_nobody_comes_in(tmp_path: Path) -> None:
    async with running(SETTINGS) as platform, running(SETTINGS) as another:
        root = (await asked(platform, ONE))["rootCA"]
        with pytest.raises(TURNED_AWAY):
            await connected(platform, ONE, shows(None, root, tmp_path))
        strange = await asked(another, ONE)
        with pytest.raises(TURNED_AWAY):
            await connected(platform, ONE, shows(strange, root, tmp_path))


@pytest.mark.parametrize("func_id", ["dev.register", "dev.accredit", "dev.login"])
async def test_nothing_is_taken_in_the_name_of_another_device(
    func_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(SETTINGS) as platform:
        own = await asked(platform, ONE)
        right = await connected(platform, ONE, shows(own, own["rootCA"], tmp_path))
        await right.log_in()
        await right.close()
        results = await asked(platform, TWO)
        device = await connected(platform, ONE, shows(results, results["rootCA"], tmp_path))
        params = device.proof(**right.credentials)
        if func_id == "dev.register":
            params = {"protType": "best-w", "protVer": "1.0.0", "devType": "meet", **device.proof()}
        reply = await device.request(func_id, params, sn=ONE.sn)
        assert reply["code"] == "E0010004"
        ledger = await platform.ledger()
    assert ledger["events"]["certificate of another device"] == 1
    assert "SN0000: shows the certificate of SN0001" in capsys.readouterr().err


async def test_the_pages_and_the_disk_hold_no_key_of_a_device(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with running(SETTINGS, verbose=True, ledger=tmp_path / "ledger.sqlite") as platform:
        results = await asked(platform, ONE)
        key = results["privateKey"].splitlines()[1]
        pages = json.dumps([await platform.ledger(), await platform.records(ONE.sn)])
        files = files_in(tmp_path)
    assert key not in pages
    assert [path for path, (_, content) in files.items() if key.encode() in content] == []
    # The server's own.
    assert {path.name: mode for path, (mode, content) in files.items() if b"PRIVATE" in content} == {"key.pem": 0o600}
    said = capfd.readouterr()
    assert key not in said.out + said.err


def files_in(directory: Path) -> dict[Path, tuple[int, bytes]]:
    """Mode and content of each."""
    return {path: (path.stat().st_mode & 0o777, path.read_bytes()) for path in directory.rglob("*") if path.is_file()}


async def test_a_given_server_certificate_goes_with_it(tmp_path: Path) -> None:
    """Then devices trust whom their scenario names, and the answer holds no rootCA."""
    made = self_signed(tmp_path / "server", ["127.0.0.1"])
    tls = platform_tls(certificate=made.cert, key=made.key, device_certificates=True)
    async with running(platform_settings(tls=tls)) as platform:
        assert platform.info.ca is None
        results = await asked(platform, ONE)
        assert "rootCA" not in results
        device = await connected(platform, ONE, shows(results, made.cert.read_text(), tmp_path))
        await device.log_in()


async def test_the_dispatch_demands_none(tmp_path: Path) -> None:
    async with running(SETTINGS, tls_directory=tmp_path) as platform:
        assert platform.info.ca == str(tmp_path / "ca.pem")
        trusting = ssl.create_default_context(cafile=platform.info.ca)
        url = f"{platform.info.dispatch}/photos/1.jpg"
        async with aiohttp.ClientSession() as http, http.get(url, ssl=trusting) as response:
            assert response.status == 200


async def test_a_platform_that_comes_back_with_its_ca_knows_the_certificates_of_before(tmp_path: Path) -> None:
    kept = {"tls_kept": tmp_path / "kept", "ledger": tmp_path / "ledger.sqlite"}
    async with running(SETTINGS, **kept) as platform:
        results = await asked(platform, ONE)
    async with running(SETTINGS, **kept) as platform:
        assert (await asked(platform, TWO))["rootCA"] == results["rootCA"]
        device = await connected(platform, ONE, shows(results, results["rootCA"], tmp_path))
        await device.log_in()


async def test_without_the_setting_nobody_gets_one() -> None:
    plain = dataclasses.replace(SETTINGS, tls=platform_tls())
    async with running(plain) as platform:
        assert set(await asked(platform, ONE)) == {"url", "rootCA"}


def test_certificates_hold_by_the_platforms_own_time() -> None:
    clock = ManualClock(wall=1_700_000_000.0)
    certificates = DeviceCertificates(clock)
    made = certificates.issue("SN1").certificate
    assert device_certificate.validity_fault(made, 1_700_000_000.0) is None
    assert device_certificate.validity_fault(made, 1_700_000_000.0 - 2 * 86_400) is not None
    assert device_certificate.validity_fault(certificates.root, 1_700_000_000.0) is None
