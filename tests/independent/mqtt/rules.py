"""What a platform and its broker must keep over MQTT, each rule one short scene with the independent device.

A scene gets a `Target`, which makes devices, and asserts; every breach that a device meets on its way is kept as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tests.independent import channel
from tests.independent.client import look_up
from tests.independent.store import Identity

from . import codec
from .codec import Connect, Packet, Publish
from .device import OK, Device, Link, Memory, RefusedError
from .profile import PROFILES, Profile

LOGS = "dev.data.upload.verifyLog"
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


@dataclass
class Target:
    """A platform; each scene takes identities that no other scene has used."""

    dispatch: str
    identities: Iterator[Identity]
    suite: str = "plain"
    profile: Profile = PROFILES["best-m"]
    ca: str = ""
    """The file of who signed the look-up's certificate, where it is over https; the rest is told by the look-up."""
    broker: str = ""
    """In place of the look-up's url."""
    memories: list[Memory] = field(default_factory=list)

    def one(self) -> Memory:
        self.memories.append(Memory(next(self.identities), self.profile))
        return self.memories[-1]

    async def where(self, memory: Memory) -> tuple[str, ssl.SSLContext | None]:
        """The broker's url, and whom to trust and what to show there."""
        trust = ssl.create_default_context(cafile=self.ca) if self.ca else None
        answer = await look_up(self.dispatch, memory.one, type=self.profile.kind, trust=trust)
        assert answer["code"] == OK, answer
        results = answer["payload"]["results"]
        if self.profile.kind == "best-a":
            assert results["companyId"]
            assert results["siteId"]
        if not results["url"].startswith("mqtts://"):
            return self.broker or results["url"], None
        own = ssl.create_default_context(cadata=results["rootCA"])
        if results.get("certificate"):
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(results["certificate"] + results["privateKey"])
                file.flush()
                own.load_cert_chain(file.name)
        return results["url"], own

    @contextlib.asynccontextmanager
    async def device(self, memory: Memory, **more: Any) -> AsyncIterator[Device]:
        url, trust = await self.where(memory)
        async with Device.connected(url, memory, self.suite, trust=trust, **more) as device:
            yield device

    @property
    def keeps(self) -> bool:
        """Whether a session outlives its connection."""
        return not self.profile.clean

    def login(self, memory: Memory) -> Connect:
        return self.profile.login(memory.one, Random(), time.time())

    async def raw(self, memory: Memory) -> Link:
        url, trust = await self.where(memory)
        return await Link.reach(url, memory, trust)

    @property
    def breaches(self) -> list[str]:
        return [breach for memory in self.memories for breach in memory.breaches]


async def record(device: Device, log_id: str = "1") -> dict[str, Any]:
    return await device.ask(LOGS, {"verifyLog": [{**RECORD, "logId": log_id}]})


async def closed(link: Link, seconds: float = 5) -> bool:
    """Whether the other side ends the connection in time."""
    try:
        await asyncio.wait_for(link.reader.read() if link._task is None else link.lost.wait(), seconds)
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def last(memory: Memory, device: Device, func_id: str, params: dict[str, Any]) -> tuple[str, bytes]:
    """(mid, payload) of a request that is not sent yet."""
    mid = uuid.uuid4().hex
    text = json.dumps({"funcId": func_id, "mid": mid, "payload": {"params": params}}).encode()
    return mid, device.sealer.seal(text) if device.sealer else text  # type: ignore[return-value]


async def entrance(target: Target) -> None:
    """The whole flow, business, a ping, an orderly end; and again."""
    memory = target.one()
    for _ in range(2):
        async with target.device(memory) as device:
            await device.enter()
            await device.ws.ping()
            assert (await record(device))["code"] == OK
            assert (await device.ask("dev.heartbeat", {"isFree": "1"}))["code"] == OK
            await device.ws.leave()
    assert memory.sent == {}
    assert device.ws.present == target.keeps


async def warm_start(target: Target) -> None:
    """A login in any state is a fresh start: straight after a connection, and while online."""
    memory = target.one()
    async with target.device(memory) as device:
        await device.enter()
        auth = device.auth
    async with target.device(memory) as device:
        await device.exchange()
        assert (await device.login(*auth))["code"] == OK
        assert (await record(device))["code"] != OK, "business before the report"
        await device.report()
        assert (await record(device))["code"] == OK


async def fresh_start_while_online(target: Target) -> None:
    """A register in any state is a fresh start of that device."""
    memory = target.one()
    async with target.device(memory) as device:
        await device.enter()
        if target.suite != "plain":
            return
        reply = await device.register()
        assert reply["code"] == OK, reply
        assert (await record(device, "1"))["code"] != OK, "business behind a register that began anew"
        code = reply["payload"]["results"]["authCode"]
        assert (await device.login(code, await device.accredit(code)))["code"] == OK
        await device.report()
        assert (await record(device, "2"))["code"] == OK


async def order_of_the_flow(target: Target) -> None:
    """Nothing before the login, and only the report before its reply; accredit and login need sn and productId."""
    memory = target.one()
    async with target.device(memory) as device:
        await device.exchange()
        assert (await record(device))["code"] != OK
        code = (await device.register())["payload"]["results"]["authCode"]
        params = device.credentials(authCode=code)
        assert (await device.ask("dev.accredit", params))["code"] != OK, "dev.accredit without sn"
        short = {name: value for name, value in params.items() if name != "productId"}
        reply = await device.ask("dev.accredit", short, sn=memory.one.sn)
        assert reply["code"] != OK, "dev.accredit without productId"
        secret = await device.accredit(code)
        assert (await device.ask(LOGS, {"verifyLog": [RECORD]}))["code"] != OK
        assert (await device.login(code, "no"))["code"] != OK
        assert (await device.login(code, secret))["code"] == OK
        assert (await record(device))["code"] != OK
        await device.report()
        assert (await record(device))["code"] == OK


async def another_device_s_sn(target: Target) -> None:
    """The topic says who speaks: another sn in the envelope is refused."""
    memory, other = target.one(), target.one()
    async with target.device(memory) as device:
        await device.exchange()
        code = (await device.register())["payload"]["results"]["authCode"]
        params = {"productId": other.one.product_id, "devKey": other.one.digest, "authCode": code}
        assert (await device.ask("dev.accredit", params, sn=other.one.sn))["code"] != OK


async def refused_connects(target: Target) -> None:
    """A wrong password, an unknown client id, an empty one, another protocol."""
    memory = target.one()
    right = target.login(memory)
    cases: list[tuple[tuple[int, ...], Connect]] = [
        ((2, 4, 5), replace(right, client_id="nobody")),
        ((1,), replace(right, level=3 if right.level != 3 else 6)),
        ((2,), replace(right, client_id="", clean=False)),
    ]
    if right.password is not None:
        cases.append(((4, 5), replace(right, password=b"wrong")))
        cases.append(((4, 5), replace(right, user=None, password=None)))
        cases.append(((4, 5), replace(right, user="nobody")))
    for codes, said in cases:
        link = await target.raw(memory)
        try:
            await link.connect(said)
        except RefusedError as refusal:
            code = refusal.code
            if code not in codes or not await closed(link):
                raise AssertionError(f"{said.client_id!r}: refused with {code}, of {codes}, or left open") from refusal
        except (asyncio.IncompleteReadError, ConnectionError):
            assert said.level != 4, f"closed without a code: {said.client_id!r}"
        else:
            raise AssertionError(f"{said.client_id!r} with level {said.level} was let in")
        finally:
            link.cut()


async def what_ends_a_connection(target: Target) -> None:
    """No CONNECT first, two of them, reserved bits, a wildcard to publish on, a wrong id."""
    for packets in (
        [Packet(codec.PINGREQ, 0, b"")],
        [Publish("a", b"b").packet()],
        ["connect", "connect"],
        ["connect", Packet(codec.PUBLISH, 0, b"\0\1#")],
        ["connect", Packet(codec.PUBLISH, 6, b"\0\1a\0\1")],
        ["connect", Packet(codec.SUBSCRIBE, 0, bytes(codec.subscribe(1, ("a", 1)))[2:])],
        ["connect", Packet(codec.SUBSCRIBE, 2, b"\0\1")],
        ["connect", Packet(codec.PUBACK, 0, b"\0")],
        ["connect", Packet(15, 0, b"")],
        ["connect", Packet(codec.CONNACK, 0, b"\0\0")],
    ):
        memory = target.one()
        link = await target.raw(memory)
        for packet in packets:
            link.write(target.login(memory).packet() if isinstance(packet, str) else packet)
        assert await closed(link), packets
        link.cut()


async def sessions(target: Target) -> None:
    """Present only where a persistent one was kept, with its subscription; a clean one forgets."""
    memory = target.one()
    right = replace(target.login(memory), clean=False)
    async with target.device(memory, said=right) as device:
        assert not device.ws.present
        await device.enter()
        await device.ws.leave()
    async with target.device(memory, said=right, subscribe=False) as device:
        assert device.ws.present
        await device.enter()
        await device.ws.leave()
    async with target.device(memory, said=replace(right, clean=True)) as device:
        assert not device.ws.present
        await device.enter()
        await device.ws.leave()
    async with target.device(memory, said=right) as device:
        assert not device.ws.present


async def a_reply_waits_for_the_device(target: Target) -> None:
    """With a persistent session: what was published while the device was away comes once it is back."""
    if not target.keeps or target.suite == "rsa-aes":
        return
    memory = target.one()
    async with target.device(memory) as device:
        await device.enter()
        mid, payload = last(memory, device, LOGS, {"verifyLog": [RECORD]})
        device.ws.publish(payload)
        await device.ws.leave()
    async with target.device(memory) as device:
        await until(lambda: memory.replies.get(mid) == 1)


async def unacknowledged_is_delivered_again(target: Target) -> None:
    """Same packet id, same bytes, with DUP."""
    if not target.keeps:
        return
    memory = target.one()
    async with target.device(memory) as device:
        await device.enter()
        device.ws.acknowledges = False
        mid, payload = last(memory, device, LOGS, {"verifyLog": [RECORD]})
        device.ws.publish(payload)
        await until(lambda: mid in memory.replies and not memory.sent)
        assert len(memory.unacknowledged) == 1
        device.may_repeat = frozenset([mid])
    async with linked(target, memory) as link:
        assert link.present
        await until(lambda: not memory.unacknowledged)
        assert [said.dup for said in link.received] == [True]


@contextlib.asynccontextmanager
async def linked(target: Target, memory: Memory) -> AsyncIterator[Link]:
    """Connected, with the subscription of before, and no BEST half."""
    link = await target.raw(memory)
    try:
        await link.connect(target.login(memory))
        yield link
    finally:
        link.cut()
        if link._task:
            link._task.cancel()


async def sent_again_with_dup(target: Target) -> None:
    """A request that came already, again with DUP after a reconnect: PUBACK, and no second reply."""
    if not target.keeps:
        return
    memory = target.one()
    async with target.device(memory) as device:
        await device.enter()
        mid, payload = last(memory, device, LOGS, {"verifyLog": [RECORD]})
        said = device.ws.publish(payload)
        await until(lambda: mid in memory.replies and not memory.sent)
    memory.sent[said.ident] = said
    async with target.device(memory) as device:
        assert device.ws.present
        await until(lambda: not memory.sent)
        await device.enter()
        assert (await record(device, "2"))["code"] == OK
    assert memory.replies[mid] == 1


async def sent_again_without_dup(target: Target) -> None:
    """The same bytes under another packet id, as from a broker that hides the flag: no second reply."""
    if target.suite == "rsa-aes":
        return
    memory = target.one()
    async with target.device(memory) as device:
        await device.enter()
        mid, payload = last(memory, device, LOGS, {"verifyLog": [RECORD]})
        device.ws.publish(payload)
        device.ws.publish(payload)
        assert (await device.ask("dev.heartbeat", {"isFree": "1"}))["code"] == OK
        device.ws.publish(payload)
        assert (await record(device, "2"))["code"] == OK
    assert memory.replies[mid] == 1


async def cut_before_the_puback(target: Target) -> None:
    """Sent and cut at once; again with DUP: one reply in the end."""
    if not target.keeps or target.suite == "rsa-aes":
        return
    memory = target.one()
    async with target.device(memory) as device:
        await device.enter()
        mid, payload = last(memory, device, LOGS, {"verifyLog": [RECORD]})
        device.ws.publish(payload)
        await device.ws.writer.drain()
    async with target.device(memory) as device:
        device.may_repeat = frozenset([mid])
        await until(lambda: mid in memory.replies and not memory.sent)


async def taken_over(target: Target) -> None:
    """The broker drops the older connection with a client id; the newer one works."""
    memory = target.one()
    async with target.device(memory) as older:
        await older.enter()
        async with target.device(memory) as newer:
            assert await closed(older.ws)
            await newer.enter()
            assert (await record(newer))["code"] == OK


async def other_topics(target: Target) -> None:
    """Another device's messages are not to be had, and nobody speaks in its name."""
    memory, victim = target.one(), target.one()
    up, down = target.profile.topics(victim.one)
    for name in (down, "#", down.rpartition("/")[0] + "/+"):
        async with target.device(memory) as device:
            link = device.ws
            try:
                code = await link.subscribe(name)
            except TimeoutError:
                assert link.lost.is_set(), f"no SUBACK for {name}"
            else:
                assert code == 128, f"{name} was granted"
    async with target.device(victim) as theirs, target.device(memory) as device:
        await theirs.enter()
        mid, payload = last(memory, device, LOGS, {"verifyLog": [RECORD]})
        device.ws.publish(payload, topic=up)
        with contextlib.suppress(TimeoutError, ConnectionError):
            await asyncio.wait_for(device.ask("dev.heartbeat", {}), 1)
        assert (await record(theirs, "2"))["code"] == OK
        assert mid not in victim.replies


async def keep_alive(target: Target) -> None:
    """A silent client is cut off at 1.5 times its keep-alive, and one that pings is not."""
    memory = target.one()
    said = replace(target.login(memory), keep_alive=1)
    loop = asyncio.get_running_loop()
    async with target.device(memory, said=said) as device:
        for _ in range(3):
            await asyncio.sleep(0.7)
            await device.ws.ping()
        begun = loop.time()
        assert await closed(device.ws, 6), "a silent client is kept"
        assert loop.time() - begun >= 1.3


async def too_large(target: Target) -> None:
    """A payload of more than max_packet is refused, or ends the connection; the next one is taken."""
    memory = target.one()
    async with target.device(memory) as device:
        await device.enter()
        device.patience = 5
        long = {"verifyLog": [{**RECORD, "pin": "1" * target.profile.max_packet}]}
        try:
            assert (await device.ask(LOGS, long))["code"] != OK
        except (TimeoutError, ConnectionError):
            assert device.ws.lost.is_set(), "neither a reply nor an end"
    memory.sent.clear()
    async with target.device(memory) as device:
        await device.enter()
        assert (await record(device, "2"))["code"] == OK


async def what_cannot_be_read(target: Target) -> None:
    """Frames that cannot be read end the connection within 5 s."""
    for garbage in (b"\xff\xfe no JSON", b"[]", b""):
        memory = target.one()
        async with target.device(memory) as device:
            await device.enter()
            device.ws.publish(device.sealer.seal(garbage) if device.sealer else garbage)  # type: ignore[arg-type]
            assert await closed(device.ws, 6), garbage
        memory.sent.clear()
        async with target.device(memory) as device:
            await device.enter()


async def frames_of_an_earlier_connection(target: Target) -> None:
    """With keys for each connection: an old frame with DUP is acknowledged and dropped, a spoilt new one is the end."""
    if target.suite != "rsa-aes":
        return
    memory = target.one()
    async with target.device(memory) as device:
        await device.enter()
        _, payload = last(memory, device, LOGS, {"verifyLog": [RECORD]})
        said = Publish(target.profile.topics(memory.one)[0], payload, 1, memory.ident())
    memory.sent[said.ident] = said
    async with target.device(memory) as device:
        await until(lambda: not memory.sent)
        await device.enter()
        assert (await record(device, "2"))["code"] == OK
        assert isinstance(device.sealer, channel.Sealer)
        device.sealer.counter += 1
        await device.send({"funcId": "dev.heartbeat", "mid": "spoilt"})
        assert await closed(device.ws, 6), "a counter was left out, and the connection stays"


async def quality_of_service(target: Target) -> None:
    """A request with QoS 0 has its reply too; UNSUBSCRIBE is answered, and then nothing comes."""
    memory = target.one()
    async with target.device(memory) as device:
        await device.enter()
        mid, payload = last(memory, device, "dev.heartbeat", {"isFree": "1"})
        device.ws.publish(payload, qos=0)
        await until(lambda: mid in memory.replies)


async def until(condition: Callable[[], bool], seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


RULES: dict[str, Callable[[Target], Awaitable[None]]] = {
    rule.__name__: rule
    for rule in (
        *(entrance, warm_start, fresh_start_while_online, order_of_the_flow, another_device_s_sn, refused_connects),
        *(what_ends_a_connection, sessions, a_reply_waits_for_the_device, unacknowledged_is_delivered_again),
        *(sent_again_with_dup, sent_again_without_dup, cut_before_the_puback, taken_over, other_topics, keep_alive),
        *(too_large, what_cannot_be_read, frames_of_an_earlier_connection, quality_of_service),
    )
}
