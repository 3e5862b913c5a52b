"""A platform on real sockets, and a device written for these tests alone: nothing of the project's own device."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import websockets
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from simulator.clock import SystemClock
from simulator.platform.options import PlatformOptions
from simulator.platform.process import run_platform
from simulator.platform.server import ReadyInfo
from simulator.platform.settings import PlatformSettings
from simulator.protocol.catalogue import NEGOTIATED_FUNC_IDS
from tests.platform.parts import ListedDirectory, platform_settings

OK = "00000000"
OAEP = padding.OAEP(mgf=padding.MGF1(SHA256()), algorithm=SHA256(), label=None)
ALL_FUNC_IDS = list(NEGOTIATED_FUNC_IDS)


@dataclass(frozen=True)
class Identity:
    """What stands in a device from the factory."""

    sn: str
    secret_key: str = "sk"
    product_id: str = "5d9b11e1a3f448ae81f9f920e976d852"
    dev_key: str = "123456"
    auth_code: str | None = None
    secret: str | None = None
    device_secret: str | None = None

    @property
    def digest(self) -> str:
        return hashlib.pbkdf2_hmac("sha256", self.dev_key.encode(), self.product_id.encode(), 1000, 32).hex()


IDENTITIES = [Identity(f"SN{number:04d}") for number in range(20)] + [
    Identity("WARM01", auth_code="known-code", secret="known-secret")
]


class ShiftedClock(SystemClock):
    """The machine's clock, moved by a test."""

    def __init__(self) -> None:
        self.shift = 0.0

    def wall(self) -> float:  # type: ignore[override]
        return SystemClock.wall() + self.shift


@dataclass
class Running:
    """A platform that runs in the test's own loop."""

    info: ReadyInfo
    http: aiohttp.ClientSession
    clock: ShiftedClock
    devices: list[Device] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    async def look_up(self, identity: Identity, **changes: Any) -> dict[str, Any]:
        """GET getBrokerServer; `changes` replace parameters, None leaves one out. The sign fits unless changed."""
        values: dict[str, Any] = {
            "sn": identity.sn,
            "type": "best-w",
            "nonce": secrets.token_hex(16),
            "timestamp": str(int(self.clock.wall() * 1000)),
            **{name: value for name, value in changes.items() if name != "sign"},
        }
        text = "".join(str(values[name]) for name in ("sn", "nonce", "timestamp")) + identity.secret_key
        values["sign"] = changes.get("sign", hashlib.md5(text.encode()).hexdigest())
        query = {name: value for name, value in values.items() if value is not None}
        async with self.http.get(f"{self.info.dispatch}/v3/device/getBrokerServer", params=query) as response:
            assert response.status == 200
            return await response.json()

    async def end(self) -> None:
        """Stop it in the middle of a test; both ports are closed then."""
        self.stop.set()
        assert self.task is not None
        await self.task

    async def ledger(self) -> dict[str, Any]:
        async with self.http.get(f"{self.info.dispatch}/ledger") as response:
            return await response.json()

    async def records(self, sn: str) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.info.dispatch}/ledger/records", params={"sn": sn}) as response:
            return (await response.json())["records"]

    async def connect(self, identity: Identity, channel: str = "plain") -> Device:
        """A device whose channel is established; nothing is said yet."""
        socket = await websockets.connect(self.info.broker, max_size=None, compression=None)
        device = Device(identity, socket)
        self.devices.append(device)
        if channel != "plain":
            await device.exchange(sealed=channel == "rsa-aes")
        return device

    async def online(self, identity: Identity, channel: str = "plain", **report: Any) -> Device:
        """A device that went through the whole initial flow."""
        device = await self.connect(identity, channel)
        await device.log_in()
        assert (await device.request("dev.report", report_params(**report), sn=identity.sn))["code"] == OK
        return device


class Device:
    """A device of the tests: requests by mid, commands in a queue."""

    def __init__(self, identity: Identity, socket: websockets.ClientConnection) -> None:
        self.identity = identity
        self.socket = socket
        self.credentials: dict[str, str] = {}
        self.commands: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._mids = count(1)
        self._prefix = secrets.token_hex(4)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._stray: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._keys: tuple[AESGCM, AESGCM] | None = None
        self.sent = self.received = 0
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        # A platform may be killed or refuse us: whoever waits sees the end of the connection.
        with suppress(websockets.ConnectionClosed):
            await self._read_all()

    async def _read_all(self) -> None:
        async for payload in self.socket:
            message = json.loads(self._opened(payload))
            waiting = self._waiting.pop(message.get("mid", ""), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
            elif str(message.get("funcId", "")).startswith("cmd.") and message["funcId"] != "cmd.dev.response":
                self.commands.put_nowait(message)
            else:
                self._stray.put_nowait(message)

    def _opened(self, payload: str | bytes) -> str | bytes:
        if self._keys is None:
            assert isinstance(payload, str)
            return payload
        assert isinstance(payload, bytes)
        assert int.from_bytes(payload[:8]) == self.received
        self.received += 1
        return self._keys[1].decrypt(b"\0\0\0\0" + payload[:8], payload[8:], None)

    def mid(self) -> str:
        return f"{self._prefix}x{next(self._mids)}"

    async def send(self, message: object) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        if self._keys is None:
            await self.socket.send(text)
        else:
            counter = self.sent.to_bytes(8)
            self.sent += 1
            await self.socket.send(counter + self._keys[0].encrypt(b"\0\0\0\0" + counter, text.encode(), None))

    async def ask(self, message: dict[str, Any], timeout: float = 5) -> dict[str, Any]:
        """Send a whole message and wait for the reply to its mid."""
        waiting = self._waiting[message["mid"]] = asyncio.get_running_loop().create_future()
        await self.send(message)
        return await asyncio.wait_for(waiting, timeout)

    def expect(self, mid: str, timeout: float = 5) -> Awaitable[dict[str, Any]]:
        """What will come as the reply to this mid."""
        waiting = self._waiting[mid] = asyncio.get_running_loop().create_future()
        return asyncio.wait_for(waiting, timeout)

    async def request(
        self, func_id: str, params: Any = None, sn: str | None = None, mid: str | None = None
    ) -> dict[str, Any]:
        message: dict[str, Any] = {"funcId": func_id, "mid": mid or self.mid()}
        if params is not None:
            message["payload"] = {"params": params}
        if sn is not None:
            message["sn"] = sn
        return await self.ask(message)

    async def code(self, func_id: str, params: Any = None, **rest: Any) -> str:
        return (await self.request(func_id, params, **rest))["code"]

    async def stray(self, timeout: float = 5) -> dict[str, Any]:
        """The next message that is neither a command nor a reply to one of our mids."""
        return await asyncio.wait_for(self._stray.get(), timeout)

    async def command(self, timeout: float = 5) -> dict[str, Any]:
        return await asyncio.wait_for(self.commands.get(), timeout)

    async def answer(self, command: dict[str, Any], code: str = OK) -> None:
        cmd_id = command["payload"]["params"]["cmdId"]
        await self.send(
            {
                "funcId": "dev.cmd.response",
                "mid": command["mid"],
                "code": code,
                "message": "done",
                "payload": {"params": {"cmdId": cmd_id}},
            }
        )

    async def exchange(self, sealed: bool) -> None:
        key = DEVICE_KEY
        der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        reply = await self.request("device.exchange.publicKey", {"publicKey": base64.b64encode(der).decode()})
        assert "funcId" not in reply
        server = load_der_public_key(base64.b64decode(reply["payload"]["results"]["publicKey"]))
        assert isinstance(server, rsa.RSAPublicKey)
        factor = secrets.token_bytes(32)
        sent = base64.b64encode(server.encrypt(factor, OAEP)).decode()
        reply = await self.request("device.exchange.factor", {"factor": sent})
        assert "funcId" not in reply
        other = key.decrypt(base64.b64decode(reply["payload"]["results"]["factor"]), OAEP)
        if sealed:
            derived = HKDF(SHA256(), 64, b"", b"BEST-W channel v1").derive(factor + other)
            self._keys = AESGCM(derived[:32]), AESGCM(derived[32:])

    def proof(self, **more: str) -> dict[str, str]:
        return {"productId": self.identity.product_id, "devKey": self.identity.digest, **more}

    async def register(self) -> dict[str, str]:
        """`dev.register` and `dev.accredit`; returns authCode and secret."""
        sn = self.identity.sn
        params = {"protType": "best-w", "protVer": "1.0.0", "devType": "meet", **self.proof()}
        reply = await self.request("dev.register", params, sn=sn)
        assert reply["code"] == OK
        assert reply["funcId"] == "cmd.dev.response"
        auth_code = reply["payload"]["results"]["authCode"]
        reply = await self.request("dev.accredit", self.proof(authCode=auth_code), sn=sn)
        assert reply["code"] == OK
        self.credentials = {"authCode": auth_code, "secret": reply["payload"]["results"]["secret"]}
        return self.credentials

    async def log_in(self, credentials: dict[str, str] | None = None) -> None:
        given = credentials or await self.register()
        assert await self.code("dev.login", self.proof(**given), sn=self.identity.sn) == OK

    async def close_code(self, timeout: float = 5) -> int:
        """Wait until the platform has closed the connection; its code."""
        await asyncio.wait_for(self.socket.wait_closed(), timeout)
        assert self.socket.close_code is not None
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()
        self._reader.cancel()


DEVICE_KEY = rsa.generate_private_key(65537, 1024)


def report_params(**changes: Any) -> dict[str, Any]:
    counts = ":".join("0" * 10)
    values: dict[str, Any] = {
        "fwVer": "ZAM170-NF-Ver1.1.21",
        "devModel": "TDB08Z-PLUS",
        "commType": "ethernet",
        "ip": "192.168.213.55",
        "netmask": "255.255.255.0",
        "gateway": "192.168.213.1",
        "mac": "00:17:61:12:e5:07",
        "lockCount": "1",
        "userCount": "0",
        "maxUserCount": "30000",
        "transactionCount": "0",
        "maxTransactionCount": "100000",
        "multiBioDataSupport": "0:1:1:0:0:0:0:0:0:1",
        "multiBioVer": "0:10.0:7.0:0:0:0:0:0:0:5.8",
        "multiBioDataCount": counts,
        "maxMultiBioDataCount": counts,
        "maxPackageSize": "64",
        "maxPendingCmdCount": "20",
        "verifyStyles": "100000000010",
        "funcIds": ALL_FUNC_IDS,
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


def record(log_id: int | str, **changes: Any) -> dict[str, Any]:
    values = {
        "pin": "1",
        "meetCode": "123",
        "verifyTime": "2024-06-26T00:00:00+08:00",
        "verifyStyle": "15",
        "status": "0",
        "category": "0",
        "logId": str(log_id),
        "recodeType": "0",
        **changes,
    }
    return {name: value for name, value in values.items() if value is not None}


Start = Callable[..., Awaitable[Running]]


@asynccontextmanager
async def running(
    settings: PlatformSettings | None = None, *, ledger: Path | None = None, **options: Any
) -> AsyncIterator[Running]:
    """A platform in this loop, with plain channel unless the settings say otherwise."""
    started: asyncio.Future[ReadyInfo] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    clock = ShiftedClock()
    chosen = PlatformOptions(
        settings=settings or platform_settings(),
        directory=ListedDirectory(IDENTITIES),
        ledger=ledger,
    )
    chosen = replace(chosen, **options)
    task = asyncio.create_task(run_platform(chosen, stop=stop, ready=started.set_result, clock=clock))
    await asyncio.wait((task, started), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    connector = aiohttp.TCPConnector(ssl=False)
    async with aiohttp.ClientSession(connector=connector) as http:
        platform = Running(started.result(), http, clock, stop=stop, task=task)
        try:
            yield platform
        finally:
            for device in platform.devices:
                await device.close()
            stop.set()
            await task
