"""Every mistake that can be switched on shows to somebody who looks; a right platform of either style shows none."""

from __future__ import annotations

import asyncio
import base64
import json
import time
import uuid
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from websockets.exceptions import ConnectionClosed

from tests.independent.checks import lookup_sign
from tests.independent.client import REPORT, Client
from tests.independent.mistakes import WRONG
from tests.independent.platform import Platform, serve
from tests.independent.store import Identity
from tests.independent.style import COMMANDS
from tests.independent.test_platform import OK, ONE, RECORD

IN_THE_CHANNEL = {"same-factor", "short-factor", "skips-counter", "forgives-frames", "takes-text"}
LOGS = "dev.data.upload.verifyLog"
BROKEN = (KeyError, TypeError, ValueError, AssertionError, ConnectionClosed, TimeoutError)


class Checkup:
    """Looks at a platform from outside, and in its store, and names what is wrong."""

    def __init__(self, platform: Platform, stack: AsyncExitStack, one: Identity, fast: bool) -> None:
        self.platform, self.stack, self.one, self.fast = platform, stack, one, fast
        self.patience = 0.7 if fast else 15.0
        self.symptoms: list[str] = []

    def expect(self, what: str, right: bool) -> None:
        if not right:
            self.symptoms.append(what)
            assert not self.fast, "enough is known"

    async def asked(self, client: Client, what: str, good: bool, func_id: str, params: Any, **envelope: Any) -> None:
        """A request that must be taken, or refused with a code and the connection left open."""
        try:
            reply = await client.ask(func_id, params, **envelope)
        except (ConnectionClosed, TimeoutError):
            self.expect(f"{what}: no reply", False)
            return
        texts = (reply.get(name) for name in ("code", "message", "mid"))
        self.expect(f"{what}: an odd reply", all(isinstance(text, str) for text in texts))
        self.expect(f"{what}: payload", isinstance(reply.get("payload", {}), dict))
        self.expect(f"{what}: {reply.get('code')}", (reply.get("code") == OK) == good)

    async def look_ups(self) -> None:
        fresh: dict[str, str] = {"sn": self.one.sn, "type": "best-w", "timestamp": str(int(time.time() * 1000))}
        cases: list[tuple[bool, dict[str, str]]] = [
            (True, {"nonce": "n"}),
            (False, {"nonce": "n"}),
            (False, {"nonce": "n" * 33}),
            (False, {"nonce": "s", "sign": "0" * 32}),
            (False, {"nonce": "t", "timestamp": str(int(time.time() * 1000) - 400_000)}),
        ]
        async with aiohttp.ClientSession() as session:
            for good, changed in cases:
                query = {**fresh, **changed}
                sign = lookup_sign(query["sn"], query["nonce"], query["timestamp"], self.one.secret_key)
                url = f"{self.platform.url}/v3/device/getBrokerServer"
                async with session.get(url, params={"sign": sign, **query}) as got:
                    self.expect("HTTP status", got.status == 200)
                    answer = json.loads(await got.text())
                    self.expect(f"look-up {changed}", (answer["code"] == OK) == good)

    async def connected(self) -> Client:
        client: Client = await self.stack.enter_async_context(
            Client.connected(self.platform.ws_url, self.one, self.platform.suite)
        )
        client.patience = self.patience
        return client

    async def closed(self, client: Client, what: str) -> None:
        try:
            await asyncio.wait_for(client.ws.wait_closed(), self.patience)
        except TimeoutError:
            self.expect(what, False)

    async def entrance(self) -> None:
        client = await self.connected()
        await client.exchange()
        sn = self.one.sn
        await self.asked(client, "business before login", False, LOGS, {"verifyLog": [RECORD]})
        kind = {"protType": "best-w", "protVer": "1.0.0", "devType": "meet"}
        await self.asked(client, "devKey", False, "dev.register", {**client.credentials(**kind), "devKey": "0"}, sn=sn)
        reply = await client.ask("dev.register", client.credentials(**kind), sn=sn)
        code = reply["payload"]["results"]["authCode"]
        await self.asked(client, "after a register", False, LOGS, {"verifyLog": [{**RECORD, "logId": "9"}]})
        wrong = client.credentials(authCode="no")
        await self.asked(client, "authCode", False, "dev.accredit", wrong, sn=sn)
        await client.ask("dev.accredit", client.credentials(authCode=code), sn=sn)
        wrong = client.credentials(authCode=code, secret="no")
        await self.asked(client, "secret", False, "dev.login", wrong, sn=sn)

    async def report(self) -> tuple[Client, Client]:
        older, newer = await self.connected(), await self.connected()
        await older.enter()
        reply = await newer.enter({"maxPackageSize": "2", "funcIds": [LOGS, "dev.data.upload.verifyPhoto"]})
        results = reply["payload"]["results"]
        self.expect("no bio support", "multiBioDataSupport" in results)
        self.expect("timezone", len(results.get("timezone", "+08:00")) == 6)
        self.expect("heartbeatInterval", isinstance(results.get("heartbeatInterval", "60"), str))
        await self.closed(older, "two connections")
        self.expect("factors", self.platform.suite == "plain" or older.theirs != newer.theirs)
        return older, newer

    async def business(self, client: Client) -> None:
        logs = {"verifyLog": [RECORD]}
        number = {"verifyLog": [{**RECORD, "logId": "2", "status": 0}]}
        big = {"verifyLog": [{**RECORD, "logId": "3", "pin": "1" * 2100}]}
        mixed = {"verifyLog": [{**RECORD, "logId": "4"}, {**RECORD, "verifyTime": "now", "logId": "5"}]}
        for good, func_id, params, mid in (
            (True, LOGS, logs, "m" * 32),
            (False, LOGS, {"verifyLog": [{**RECORD, "logId": "8"}]}, "m" * 32),
            (True, LOGS, logs, uuid.uuid4().hex),
            (False, LOGS, logs, None),
            (False, LOGS, number, "number"),
            (False, LOGS, big, "big"),
            (False, LOGS, mixed, "mixed"),
            (False, "dev.option.upload", {}, "unknown"),
        ):
            await self.asked(client, f"{mid}: {list(params)}", good, func_id, params, mid=mid)
        self.expect("records", list(self.platform.records) == [(self.one.sn, "1")])
        reply = await client.ask("dev.system.sync.time")
        self.expect("time", "T" in reply["payload"]["results"]["time"])

    async def files(self, client: Client) -> Client:
        part = base64.b64encode(b"12345").decode()
        for name, checksum in (("wrong", "0" * 32), ("right", "")):
            start = {"fileId": name, "size": "10", "checksum": checksum}
            await self.asked(client, "start", True, "dev.file.upload.start", start)
            for offset in ("0", "7", "5"):
                piece = {"fileId": name, "offset": offset, "content": part}
                await self.asked(client, f"offset {offset}", offset != "7", "dev.file.upload.package", piece)
            await self.asked(client, name, name == "right", "dev.file.upload.end", {"fileId": name})
        client = await self.connected()
        await client.enter()
        photo = {"verifyPhotos": [{"pin": "1", "meetCode": "1", "logId": "1", "contentFileId": "right"}]}
        await self.asked(client, "a file after a reconnect", True, "dev.data.upload.verifyPhoto", photo)
        return client

    async def commands(self) -> None:
        client = await self.connected()
        client.mute = True
        await client.enter({"funcIds": list(COMMANDS)})
        name, params = "cmd.data.delete.meetingMember", {"meetingId": "1", "pins": ["1"]}
        for _ in range(9):
            self.platform.queue(self.one.sn, name, params)
        async with asyncio.timeout(self.patience):
            while len(client.commands) < int(REPORT["maxPendingCmdCount"]):
                await client.ask("dev.heartbeat", {})
        await asyncio.sleep(0.2)
        self.expect("too many unanswered", client.most_unanswered <= int(REPORT["maxPendingCmdCount"]))
        mids, ids = zip(*((one["mid"], one["payload"]["params"]["cmdId"]) for one in client.commands), strict=True)
        self.expect("mids", len(set(mids)) == len(mids) and max(map(len, mids)) <= 32)
        self.expect("cmdIds", len(set(ids)) == len(ids))
        ours = [one["payload"]["params"]["pins"] for one in client.commands if one["funcId"] == name]
        self.expect("numbers", all(isinstance(pin, str) for pins in ours for pin in pins))
        await client.answer(client.commands[0])
        await asyncio.sleep(0.2)
        self.expect("a reply to an answer", not client.strange)

    async def frames(self) -> None:
        client = await self.connected()
        await client.enter()
        await client.ws.send("{}")
        await self.closed(client, "text after the exchange")
        client = await self.connected()
        await client.enter()
        await client.ws.send(bytes(40))
        await self.closed(client, "a frame that does not decrypt")

    async def run(self) -> list[str]:
        try:
            await self.look_ups()
            await self.entrance()
            _, client = await self.report()
            await self.business(client)
            client = await self.files(client)
            for _ in range(8):
                await self.asked(client, "heartbeat", True, "dev.heartbeat", {})
            if self.platform.suite == "rsa-aes":
                await self.frames()
            await self.commands()
        except BROKEN as fault:
            self.symptoms.append(repr(fault))
        return self.symptoms


async def symptoms(suite: str, style: str, *wrong: str) -> list[str]:
    async with serve([ONE], suite, style, wrong=wrong, seed=7) as platform, AsyncExitStack() as stack:
        return await Checkup(platform, stack, ONE, fast=bool(wrong)).run()


@pytest.mark.parametrize("style", ["A", "B", "C"])
@pytest.mark.parametrize("suite", ["plain", "rsa-aes"])
async def test_a_right_platform_shows_nothing(suite: str, style: str) -> None:
    assert await symptoms(suite, style) == []


@pytest.mark.parametrize("name", sorted(WRONG.keys() - {"before-report", "not-listed", "absent-picture"}))
async def test_a_mistake_shows(name: str) -> None:
    style = "B" if name in ("number-heartbeat", "short-timezone") else "A"
    assert await symptoms("rsa-aes" if name in IN_THE_CHANNEL else "plain", style, name)


async def test_business_before_the_report() -> None:
    for wrong in ((), ("before-report",)):
        async with serve([ONE], "plain", wrong=wrong) as platform, AsyncExitStack() as stack:
            client: Client = await stack.enter_async_context(Client.connected(platform.ws_url, ONE, "plain"))
            device = platform.devices[ONE.sn]
            device.auth_code, device.secret = "code", "secret"
            params = client.credentials(authCode="code", secret="secret")
            assert (await client.ask("dev.login", params, sn=ONE.sn))["code"] == OK
            assert ((await client.ask(LOGS, {"verifyLog": [RECORD]}))["code"] == OK) == bool(wrong)


async def test_a_command_that_the_device_did_not_list() -> None:
    for wrong in ((), ("not-listed",)):
        async with serve([ONE], "plain", wrong=wrong) as platform, AsyncExitStack() as stack:
            client: Client = await stack.enter_async_context(Client.connected(platform.ws_url, ONE, "plain"))
            await client.enter({"funcIds": ["cmd.data.clear.all"]})
            platform.queue(ONE.sn, "cmd.data.clear.user")
            assert await platform.command(ONE.sn, "cmd.data.clear.all") == OK
            came = [one["funcId"] for one in client.commands]
            assert came == [*(["cmd.data.clear.user"] if wrong else []), "cmd.data.clear.all"]
