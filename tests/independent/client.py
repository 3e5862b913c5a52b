"""A small raw device, to try the independent platform; written from the documents alone, as the platform is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
import uuid
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

from . import channel
from .checks import lookup_sign
from .configurable import Direction
from .store import Identity

REPORT: dict[str, Any] = {
    "fwVer": "1",
    "devModel": "M",
    "commType": "ethernet",
    "ip": "127.0.0.1",
    "netmask": "255.0.0.0",
    "gateway": "127.0.0.1",
    "mac": "00:17:61:12:e5:07",
    "lockCount": "1",
    "userCount": "0",
    "maxUserCount": "9",
    "transactionCount": "0",
    "maxTransactionCount": "9",
    "multiBioDataSupport": "0:1:1:0:0:0:0:0:0:0",
    "multiBioVer": "0:10.0:7.0:0:0:0:0:0:0:0",
    "multiBioDataCount": "0:0:0:0:0:0:0:0:0:0",
    "maxMultiBioDataCount": "0:9:9:0:0:0:0:0:0:0",
    "verifyStyles": "100000000010",
    "maxPendingCmdCount": "3",
}


async def look_up(url: str, one: Identity, *, trust: ssl.SSLContext | None = None, **changed: str) -> dict[str, Any]:
    """The look-up's answer; the sign is of the changed values."""
    query = {"sn": one.sn, "type": "best-w", "nonce": uuid.uuid4().hex, "timestamp": str(int(time.time() * 1000))}
    query |= changed
    query.setdefault("sign", lookup_sign(query["sn"], query["nonce"], query["timestamp"], one.secret_key))
    address, secure = f"{url}/v3/device/getBrokerServer", trust or True
    async with aiohttp.ClientSession() as session, session.get(address, params=query, ssl=secure) as got:
        assert got.status == 200
        return dict(json.loads(await got.text()))


class Client:
    """One connection."""

    def __init__(self, ws: ClientConnection, one: Identity, suite: str, way: Any = channel) -> None:
        self.ws, self.one, self.suite, self.way = ws, one, suite, way
        self.sealer: channel.Sealer | Direction | None = None
        self.opener: channel.Opener | Direction | None = None
        self.commands: list[dict[str, Any]] = []
        self.unanswered = self.most_unanswered = 0
        self.code = "00000000"
        self.mute = False
        self.patience = 15.0
        self.theirs = b""
        self.strange: list[dict[str, Any]] = []
        """Replies to nothing."""
        self.order: list[str] = []
        """The mids of replies as they came."""
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._reader: asyncio.Task[None] | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(
        cls, url: str, one: Identity, suite: str, trust: ssl.SSLContext | None = None, way: Any = channel
    ) -> Any:
        """`way` is what makes of keys and factors a channel, with the suite `configurable`."""
        async with connect(url, max_size=None, ssl=trust) as ws:
            client = cls(ws, one, suite, way)
            client._reader = asyncio.create_task(client._read())
            try:
                yield client
            finally:
                client._reader.cancel()

    async def _read(self) -> None:
        async for frame in self.ws:
            binary = self.opener is not None and not getattr(self.opener, "text", False)
            assert isinstance(frame, bytes) == binary
            text = self.opener.open(frame) if self.opener else frame  # type: ignore[arg-type]
            await self._take(json.loads(text))

    async def _take(self, message: dict[str, Any]) -> None:
        if str(message.get("funcId", "")).startswith("cmd.") and message.get("funcId") != "cmd.dev.response":
            self.commands.append(message)
            self.unanswered += 1
            self.most_unanswered = max(self.most_unanswered, self.unanswered)
            if not self.mute:
                self.unanswered -= 1
                await self.answer(message)
            return
        self.order.append(message["mid"])
        if waiting := self._waiting.pop(message["mid"], None):
            if not waiting.done():
                waiting.set_result(message)
        else:
            self.strange.append(message)

    async def answer(self, command: dict[str, Any]) -> None:
        params = {"cmdId": command["payload"]["params"]["cmdId"]}
        code = "E1" if "absent.jpg" in str(command) else self.code
        fields = {"mid": command["mid"], "code": code, "message": "done", "payload": {"params": params}}
        await self.send({"funcId": "dev.cmd.response", **fields})

    async def send(self, message: object) -> None:
        text = json.dumps(message, ensure_ascii=False)
        await self.ws.send(self.sealer.seal(text.encode()) if self.sealer else text)

    async def ask(self, func_id: str, params: dict[str, Any] | None = None, **envelope: Any) -> dict[str, Any]:
        """A request and its reply; an envelope's value of None leaves the name out."""
        message: dict[str, Any] = {"funcId": func_id, "mid": uuid.uuid4().hex}
        if params is not None:
            message["payload"] = {"params": params}
        message = {name: value for name, value in {**message, **envelope}.items() if value is not None}
        mid = message.get("mid", "")
        waiting = self._waiting[mid if isinstance(mid, str) else ""] = asyncio.get_running_loop().create_future()
        await self.send(message)
        return await asyncio.wait_for(waiting, self.patience)

    async def exchange(self, bits: int | None = None) -> None:
        if self.suite == "plain":
            return
        key = channel.new_key(bits or getattr(self.way, "bits", 2048))
        reply = await self.ask("device.exchange.publicKey", {"publicKey": self.way.public_text(key)})
        server = self.way.read_public(reply["payload"]["results"]["publicKey"])
        ours = self.way.new_factor()
        mid = uuid.uuid4().hex
        waiting = self._waiting[mid] = asyncio.get_running_loop().create_future()
        params = {"factor": self.way.wrap(ours, server)}
        await self.send({"funcId": "device.exchange.factor", "mid": mid, "payload": {"params": params}})
        reply = await asyncio.wait_for(waiting, self.patience)
        theirs = self.theirs = self.way.unwrap(reply["payload"]["results"]["factor"], key)
        if self.suite == "rsa-aes":
            outward, inward = channel.session_keys(ours, theirs)
            self.sealer, self.opener = channel.Sealer(outward), channel.Opener(inward)
        elif self.suite == "configurable":
            self.sealer, self.opener = self.way.directions(ours, theirs)

    def credentials(self, **more: str) -> dict[str, str]:
        return {"productId": self.one.product_id, "devKey": self.one.digest, **more}

    async def enter(self, report: dict[str, Any] | None = None) -> dict[str, Any]:
        """The whole flow; the report's reply."""
        await self.exchange()
        sn = self.one.sn
        kind = {"protType": "best-w", "protVer": "1.0.0", "devType": "meet"}
        reply = await self.ask("dev.register", self.credentials(**kind), sn=sn)
        code = reply["payload"]["results"]["authCode"]
        reply = await self.ask("dev.accredit", self.credentials(authCode=code), sn=sn)
        secret = reply["payload"]["results"]["secret"]
        reply = await self.ask("dev.login", self.credentials(authCode=code, secret=secret), sn=sn)
        assert reply["code"] == "00000000", reply
        params = {"funcIds": ["dev.data.upload.verifyLog"], **REPORT, **(report or {})}
        reply = await self.ask("dev.report", params, sn=sn)
        assert reply["code"] == "00000000", reply
        return reply
