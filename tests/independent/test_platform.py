"""The independent platform, tried with a raw device of its own: the flow in all suites, and the main refusals."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import json
import ssl
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from websockets.exceptions import ConnectionClosed

from tests.independent import channel
from tests.independent.checks import lookup_sign
from tests.independent.client import Client, look_up
from tests.independent.platform import Platform, serve
from tests.independent.session import Session
from tests.independent.store import Identity
from tests.independent.style import COMMANDS

ONE = Identity("SN0001", "aabbcc", "5d9b11e1a3f448ae81f9f920e976d852", "123456")
VECTORS = Path(__file__).parent / "channel-vectors.json"
RECORD = {
    "pin": "1",
    "meetCode": "123",
    "verifyTime": "2024-06-26T00:00:00+08:00",
    "verifyStyle": "15",
    "status": "0",
    "category": "0",
    "logId": "1",
    "recodeType": "0",
}
OK = "00000000"


async def entered(stack: AsyncExitStack, platform: Platform, report: dict[str, Any] | None = None) -> Client:
    results = (await look_up(platform.url, ONE))["payload"]["results"]
    client: Client = await stack.enter_async_context(Client.connected(results["url"], ONE, platform.suite))
    await client.enter(report)
    return client


def test_channel_vectors_and_digests() -> None:
    vectors = json.loads(VECTORS.read_text())
    factors = (bytes.fromhex(vectors[f"{side}_factor_hex"]) for side in ("device", "server"))
    keys = dict(zip(("device_to_server", "server_to_device"), channel.session_keys(*factors), strict=True))
    for direction, key in keys.items():
        assert key.hex() == vectors[f"{direction}_key_hex"]
        sealer, opener = channel.Sealer(key), channel.Opener(key)
        frames = [frame for frame in vectors["frames"] if frame["direction"] == direction]
        assert frames
        for frame in frames:
            assert sealer.seal(frame["json"].encode()).hex() == frame["frame_hex"]
            assert opener.open(bytes.fromhex(frame["frame_hex"])).decode() == frame["json"]
    assert ONE.digest == "7f666475e1cea7d10964055343367701c2fb3a96f82e8b0adc25147992c8bb65"
    assert lookup_sign("abcd", "123456", "1646102871000", "aabbcc") == "bdd58420c142a11569ff3eb8a9ec535c"


@pytest.mark.parametrize("style", ["A", "B"])
async def test_lookup_refusals(style: str) -> None:
    codes = {"A": ("A0001002", "A0001004", "A0001003", "A0011004")}
    malformed, form, sign, denied = codes.get(style, ("E0000002", "E0000004", "E0000003", "E0010004"))
    now = int(time.time() * 1000)
    async with serve([ONE], style=style) as platform:
        cases: list[tuple[str, dict[str, str]]] = [
            (OK, {"nonce": "n" * 32}),
            (sign, {"nonce": "n" * 32}),
            (form, {"nonce": "n" * 33}),
            (malformed, {"nonce": ""}),
            (form, {"type": "best-x"}),
            (denied, {"sn": "nobody"}),
            (sign, {"sign": "0" * 32}),
            (sign, {"timestamp": str(now - 310_000)}),
            (sign, {"timestamp": str(now + 310_000)}),
            (OK, {"timestamp": str(now - 290_000)}),
        ]
        for code, changed in cases:
            answer = await look_up(platform.url, ONE, **changed)
            assert answer["code"] == code, changed
            assert answer["message"]


@pytest.mark.parametrize("style", ["A", "B"])
@pytest.mark.parametrize("suite", channel.SUITES)
async def test_flow(suite: str, style: str) -> None:
    async with serve([ONE], suite, style) as platform, AsyncExitStack() as stack:
        client = await entered(stack, platform, {"funcIds": ["cmd.data.delete.user"]})
        assert (await client.ask("dev.heartbeat", {"isFree": "1"}))["code"] == OK
        time_reply = await client.ask("dev.system.sync.time")
        assert time_reply["payload"]["results"]["time"].endswith(platform.style.timezone)
        for _ in range(2):
            assert (await client.ask("dev.data.upload.verifyLog", {"verifyLog": [RECORD]}))["code"] == OK
        assert list(platform.records) == [(ONE.sn, "1")]
        user = {"pin": "1", "firstName": "李雷", "funSwitch": "0", "disable": "0"}
        assert (await client.ask("dev.data.upload.user", {"users": [user]}))["code"] == OK
        assert platform.users[ONE.sn, "1"]["firstName"] == "李雷"
        card = {"pin": "1", "card": "C1"}
        assert (await client.ask("dev.data.upload.multiCard", {"multiCards": [card]}))["code"] != OK
        command = platform.queue(ONE.sn, "cmd.data.delete.user", {"pins": ["1"]})
        assert await asyncio.wait_for(command.answer, 15) == OK
        await client.answer({"mid": "late", "payload": {"params": {"cmdId": "1"}}})
        await client.ask("dev.heartbeat", {})
        assert platform.counts["answers ignored"] == 1


async def test_envelope_and_order_refusals() -> None:
    async with serve([ONE], "plain", "B", heartbeat=60) as platform, AsyncExitStack() as stack:
        raw: Client = await stack.enter_async_context(Client.connected(platform.ws_url, ONE, "plain"))
        assert (await raw.ask("dev.heartbeat", {}))["code"] == "E0010004"
        assert (await raw.ask("dev.report", {}, sn=ONE.sn))["code"] == "E0010004"
        assert (await raw.ask("device.exchange.publicKey", {}))["code"] == "E0000001"
        params = raw.credentials(protType="best-w", protVer="1", devType="meet")
        assert (await raw.ask("dev.register", params))["code"] == "E0000002"
        assert (await raw.ask("dev.register", {**params, "devKey": "0" * 64}, sn=ONE.sn))["code"] == "E0010004"
        assert (await raw.ask("dev.register", {**params, "devType": "tv"}, sn=ONE.sn))["code"] == "E0000004"
        wrong = raw.credentials(authCode="no", secret="no")
        assert (await raw.ask("dev.login", wrong, sn=ONE.sn))["code"] == "E0010004"
        client = await entered(stack, platform, {"maxPackageSize": "2"})
        records = "dev.data.upload.verifyLog"
        cases: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
            ("E0000001", {}, {"funcId": "dev.option.upload"}),
            ("E0000002", {"verifyLog": [RECORD]}, {"mid": None}),
            ("E0000002", {"verifyLog": [RECORD]}, {"mid": 5}),
            ("E0000004", {"verifyLog": [RECORD]}, {"mid": "m" * 33}),
            ("E0000002", {"verifyLog": [{**RECORD, "status": 0}]}, {}),
            ("E0000002", {"verifyLog": [{**RECORD, "pin": ""}]}, {}),
            ("E0000002", {"verifyLog": [{**RECORD, "pin": "界" * 700}]}, {}),
            ("E0000004", {"verifyLog": [RECORD, {**RECORD, "logId": "x"}]}, {}),
            ("E0000004", {"verifyLog": [{**RECORD, "verifyTime": "2024-06-26T00:00:00Z"}]}, {}),
            ("E0010004", {"verifyLog": [RECORD]}, {"sn": "SN0002"}),
        ]
        for code, payload, envelope in cases:
            assert (await client.ask(records, payload, **envelope))["code"] == code, (payload, envelope)
        assert (await client.ask(records, {"verifyLog": [RECORD]}, mid="m"))["code"] == OK
        assert (await client.ask(records, {"verifyLog": [RECORD]}, mid="m"))["code"] == "E0000002"
        assert (await client.ask("dev.heartbeat", {}))["code"] == OK


async def test_files_and_photos() -> None:
    data = bytes(range(256)) * 4
    content = [base64.b64encode(data[at : at + 512]).decode() for at in (0, 512)]
    start = {"fileId": "F1", "size": "1024", "checksum": hashlib.md5(data).hexdigest()}
    async with serve([ONE], "exchange-only") as platform, AsyncExitStack() as stack:
        client = await entered(stack, platform)

        async def code(what: str, **params: Any) -> str:
            return str((await client.ask(f"dev.{what}", params))["code"])

        async def upload(checksum: str) -> str:
            assert await code("file.upload.start", **{**start, "checksum": checksum}) == OK
            assert await code("file.upload.package", fileId="F1", offset="0", content=content[0]) == OK
            assert await code("file.upload.package", fileId="F1", offset="600", content=content[1]) == "A0001004"
            assert await code("file.upload.package", fileId="F1", offset="512", content=content[1]) == OK
            assert await code("file.upload.package", fileId="F1", offset="1024", content="AAAA") == "A0001004"
            return await code("file.upload.end", fileId="F1")

        assert await code("file.upload.package", fileId="F1", offset="0", content=content[0]) == "A0001004"
        assert await code("file.upload.start", **{**start, "fileId": "a-b"}) == "A0001004"
        assert await upload("0" * 32) == "A0001004"
        assert await upload(start["checksum"]) == OK
        photo = {"pin": "1", "meetCode": "123", "logId": "1", "content": "", "contentFileDialog": "F1"}
        both = {**photo, "content": "AAAA"}
        assert await code("data.upload.verifyPhoto", verifyPhotos=[both]) == "A0001004"
        assert await code("data.upload.verifyPhoto", verifyPhotos=[{"pin": "1", "meetCode": "1"}]) == "A0001002"
        for _ in range(2):
            assert await code("data.upload.verifyPhoto", verifyPhotos=[photo]) == OK
        assert await code("data.upload.userPhoto", userPhotos=[{"pin": "1", "contentFileId": "F1"}]) == "A0001004"
        assert [photo[3] for photo in platform.photos] == [data]
        assert not platform.files


async def closed_with(client: Client) -> int:
    await asyncio.wait_for(client.ws.wait_closed(), 15)
    return client.ws.close_code or 0


async def test_second_login_wins() -> None:
    async with serve([ONE]) as platform, AsyncExitStack() as stack:
        older = await entered(stack, platform)
        newer = await entered(stack, platform)
        assert await closed_with(older) == 1008
        assert (await newer.ask("dev.heartbeat", {}))["code"] == OK


async def test_a_frame_of_the_older_one_does_not_change_how_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    close, due = Session.close, asyncio.Event()

    async def late(self: Session, code: int, reason: str) -> None:
        await due.wait()
        await close(self, code, reason)

    monkeypatch.setattr(Session, "close", late)
    async with serve([ONE]) as platform, AsyncExitStack() as stack:
        older = await entered(stack, platform)
        newer = await entered(stack, platform)
        await older.send({"funcId": "dev.heartbeat", "mid": "late"})
        for _ in range(3):
            assert (await newer.ask("dev.heartbeat", {}))["code"] == OK
        due.set()
        assert await closed_with(older) == 1008


@pytest.mark.parametrize("fault", ["tag", "counter", "short", "text", "no object"])
async def test_bad_frames_close(fault: str) -> None:
    async with serve([ONE]) as platform, AsyncExitStack() as stack:
        client = await entered(stack, platform)
        assert client.sealer
        if fault == "counter":
            client.sealer.counter += 1
        frame = client.sealer.seal(b"[]" if fault == "no object" else b'{"funcId":"x","mid":"1"}')
        if fault == "tag":
            frame = frame[:-1] + bytes([frame[-1] ^ 1])
        odd: dict[str, bytes | str] = {"short": frame[:23], "text": "{}"}
        await client.ws.send(odd.get(fault, frame))
        assert await closed_with(client) == 1008


async def test_binary_in_a_text_suite_and_the_absurdly_large() -> None:
    async with serve([ONE], "plain") as platform, AsyncExitStack() as stack:
        client = await entered(stack, platform)
        await client.ws.send(b"{}")
        assert await closed_with(client) == 1008
        client = await entered(stack, platform)
        client.patience = 1
        with pytest.raises((ConnectionClosed, TimeoutError)):
            await client.ask("dev.heartbeat", {"more": "x" * 5_000_000})
        assert await closed_with(client) == 1009


async def test_pushes_of_style_b() -> None:
    async with serve([ONE], style="B", seed=1, wrong=["absent-picture"]) as platform, AsyncExitStack() as stack:
        client = await entered(stack, platform, {"funcIds": list(COMMANDS)})
        async with asyncio.timeout(40):
            while not any(one["funcId"] == "cmd.control.reboot" for one in client.commands):
                await asyncio.sleep(0.1)
                await client.ask("dev.heartbeat", {})
        assert {one["funcId"] for one in client.commands} == set(COMMANDS)
        assert client.most_unanswered <= 3
        mids = [one["mid"] for one in client.commands]
        assert len(mids) == len(set(mids))
        assert max(map(len, mids)) <= 32
        cmd_ids = [one["payload"]["params"]["cmdId"] for one in client.commands]
        assert len(set(cmd_ids)) < len(cmd_ids)
        assert "absent.jpg" in str(client.commands)
        assert not platform.observations


async def test_an_unanswered_command_comes_again_after_a_reconnect() -> None:
    async with serve([ONE], "plain") as platform, AsyncExitStack() as stack:
        client = await entered(stack, platform, {"funcIds": ["cmd.data.clear.user"]})
        client.mute = True
        commands = [platform.queue(ONE.sn, "cmd.data.clear.user") for _ in range(5)]
        await client.ask("dev.heartbeat", {})
        assert client.most_unanswered == 3
        again = await entered(stack, platform, {"funcIds": ["cmd.data.clear.user"]})
        assert await asyncio.wait_for(commands[4].answer, 15) == OK
        ids = [[one["payload"]["params"]["cmdId"] for one in one.commands] for one in (client, again)]
        assert ids[0] == ids[1][:3]
        assert not {one["mid"] for one in client.commands} & {one["mid"] for one in again.commands}


@pytest.mark.parametrize("style", ["A", "B"])
async def test_only_style_b_changes_the_order_of_replies(style: str) -> None:
    async with serve([ONE], "rsa-aes", style, seed=2) as platform, AsyncExitStack() as stack:
        client = await entered(stack, platform)
        client.order.clear()
        mids = [str(number) for number in range(20)]
        await asyncio.gather(*(client.ask("dev.heartbeat", {}, mid=mid) for mid in mids))
        assert sorted(client.order) == sorted(mids)
        assert (client.order == mids) == (style == "A")


def no_numbers(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(map(no_numbers, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str)


@pytest.mark.parametrize("style", ["B", "C"])
async def test_only_style_b_has_unknown_fields_that_are_no_strings(style: str) -> None:
    async with serve([ONE], "plain", style, seed=2) as platform, AsyncExitStack() as stack:
        client = await entered(stack, platform)
        replies = [await client.ask("dev.heartbeat", {}) for _ in range(5)]
        assert all(map(no_numbers, replies)) == (style == "C")
        assert not all(set(reply) <= {"funcId", "sn", "mid", "imme", "code", "message", "payload"} for reply in replies)


async def test_tls(tmp_path: Path) -> None:
    key = channel.new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    day = timedelta(days=1)
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = builder.add_extension(address, critical=False).sign(key, hashes.SHA256())
    pem, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*plain))
    trust = ssl.create_default_context(cafile=str(pem))
    async with serve([ONE], "exchange-only", tls=(str(pem), str(key_file))) as platform:
        assert platform.url.startswith("https://")
        async with Client.connected(platform.ws_url, ONE, "exchange-only", trust) as client:
            await client.enter()


async def test_silence_ends_the_connection_in_style_b() -> None:
    async with serve([ONE], "plain", "B", heartbeat=1) as platform, AsyncExitStack() as stack:
        client = await entered(stack, platform)
        before = time.monotonic()
        assert await closed_with(client) == 1001
        assert time.monotonic() - before > 2.5


async def test_mistakes_on_demand() -> None:
    wrong = ("no-message", "repeated-mid", "number-heartbeat")
    async with serve([ONE], "plain", "B", wrong=wrong) as platform, AsyncExitStack() as stack:
        client: Client = await stack.enter_async_context(Client.connected(platform.ws_url, ONE, "plain"))
        reply = await client.enter()
        assert "message" not in reply
        assert reply["payload"]["results"]["heartbeatInterval"] == 60
        for _ in range(2):
            assert (await client.ask("dev.heartbeat", {}, mid="m"))["code"] == OK
