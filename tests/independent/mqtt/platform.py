"""The independent platform over MQTT: its broker and its BEST half in one process, with the look-up in front.

    async with serve([identity], "plain", profile=PROFILES["best-m"]) as platform: ...

`platform.breaches` is every rule of MQTT or of BEST over MQTT that a device broke; the attributes of `Store` hold the
rest, as over WebSocket. A request in the clear outlives a reconnect; keys belong to one connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.independent import checks, requests
from tests.independent.channel import FrameError
from tests.independent.checks import fields, like, may, must
from tests.independent.platform import Platform
from tests.independent.session import EXCHANGES, Session
from tests.independent.store import Identity

from .broker import Broker
from .codec import Connect, Publish
from .profile import COMPANY, PROFILES, SITE, Profile
from .witness import Witness


class Peer:
    """What a `Session` takes for its WebSocket: a device's two topics."""

    def __init__(self, platform: MqttPlatform, sn: str) -> None:
        self.platform, self.sn = platform, sn
        self.session: Session | None = None
        self.connection = platform.connection_of.get(sn, 0)
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue()

    async def recv(self) -> str | bytes:
        payload = await self.inbox.get()
        assert self.session
        if self.session.opener is not None:
            return payload
        try:
            return payload.decode()
        except UnicodeDecodeError as error:
            raise FrameError("neither JSON nor a frame of this connection's channel") from error

    async def send(self, frame: str | bytes | list[str]) -> None:
        text = "".join(frame) if isinstance(frame, list) else frame
        self.platform.publish(self.sn, text if isinstance(text, bytes) else text.encode())

    async def close(self, code: int, reason: str) -> None:
        """A platform that cannot go on ends the device's connection, if that is still the same."""
        if self.connection == self.platform.connection_of.get(self.sn):
            self.platform.broker.cut(self.platform.client_id(self.sn))


def _register(session: Session, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """As over WebSocket, with what the topic and the login prove in place of sn and productId."""
    platform, device = session.platform, session.platform.devices[session.asked_sn]
    assert isinstance(platform, MqttPlatform)
    if "productId" in params:
        platform.breach(session.asked_sn, "dev.register with productId")
    rules = {**checks.REGISTER, "productId": may(), "protType": must(like(platform.profile.prot_type))}
    fields(params, rules)
    given = {**params, "protType": "best-w", "productId": device.identity.product_id}
    return requests.register(session, given)


class MqttSession(Session):
    """From a register or a login (or an exchange) to the next one."""

    with_sn = (*(name for name in requests.ENTRANCE if name != "dev.register"), "dev.report")
    sees_ends = False
    handlers = {**requests.HANDLERS, "dev.register": _register}  # noqa: RUF012

    def __init__(self, platform: MqttPlatform, sn: str) -> None:
        self.peer_of = Peer(platform, sn)
        super().__init__(platform, self.peer_of)  # type: ignore[arg-type]
        self.peer_of.session = self
        self.topic_sn = self.asked_sn = sn
        self.frames: set[bytes] = set()

    def _check(self, message: dict[str, Any], size: int) -> None:
        sn = message.get("sn")
        platform = self.platform
        assert isinstance(platform, MqttPlatform)
        if message.get("funcId") == "dev.register" and "sn" in message:
            platform.breach(self.topic_sn, "dev.register with sn")
        elif sn not in (None, "", self.topic_sn):
            platform.breach(self.topic_sn, f"the sn {sn!r} on this device's topic")
        super()._check(message, size)

    async def _send(self, message: dict[str, Any]) -> None:
        cmd_id = message.get("payload", {}).get("params", {}).get("cmdId")
        if cmd_id is not None:
            self.platform.published[self.topic_sn, message["mid"]] = cmd_id  # type: ignore[attr-defined]
        await super()._send(message)

    def _answered(self, message: dict[str, Any], size: int) -> None:
        """One answer to each mid; that to a command of before the fresh start is welcome, and its cmdId comes again."""
        platform = self.platform
        assert isinstance(platform, MqttPlatform)
        key = (self.topic_sn, str(message.get("mid")))
        platform.answers[key] += 1
        if platform.answers[key] > 1:
            platform.breach(self.topic_sn, f"a second answer to the mid {key[1]!r}")
        elif key in platform.published and key[1] not in self.pending:
            platform.counts["answers to an earlier session"] += 1
        else:
            super()._answered(message, size)


class MqttPlatform(Platform):
    """Use `serve`."""

    def __init__(
        self, identities: Iterable[Identity], suite: str, style: str, profile: Profile, remote: Any = None, **more: Any
    ) -> None:
        identities = list(identities)
        super().__init__(identities, suite, style, **more)
        self.profile, self.kind = profile, profile.kind
        self.broker: Any
        self.witness = Witness(profile, identities, time.time)
        self.broker = Broker(self.witness, self._admits)
        self.broker.came, self.broker.went = self._came, self._went
        self.broker.may, self.broker.most_payload = self._may, profile.max_packet
        if remote:
            self.broker = remote
            ups = {profile.topics(one)[0]: self.client_id(one.sn) for one in identities}
            remote.filters, remote.client_of = list(ups), ups.__getitem__
        self.broker.receive = self._receive
        self.by_client = {self.client_id(one.sn): one for one in identities}
        self.connection_of: dict[str, int] = {}
        self.sessions: dict[str, MqttSession] = {}
        self.running: dict[MqttSession, asyncio.Task[None]] = {}
        self.mids: dict[tuple[str, str], bytes] = {}
        self.certificate: tuple[str, str] | None = None
        """The device's own (PEM, key PEM) that the look-up tells, in the security mode "certificate"."""
        self.published: dict[tuple[str, str], str] = {}
        """The cmdId of each command that was sent, by sn and mid."""
        self.answered: dict[tuple[str, str], bytes] = {}
        """The last answer as it came, by sn and mid."""
        self.answers: Counter[tuple[str, str]] = Counter()
        """By sn and mid."""
        self.heard: list[tuple[str, str]] = []
        """(sn, funcId) of each message in the clear as it came, repeated ones too."""
        self.dropped: list[str] = []
        """Why a publish was acknowledged and not looked at."""

    @property
    def breaches(self) -> list[str]:
        return self.witness.breaches

    def breach(self, sn: str, what: str) -> None:
        self.breaches.append(f"{sn}: {what}")

    def client_id(self, sn: str) -> str:
        return self.profile.fill(self.profile.client_id, self.devices[sn].identity)

    def _admits(self, said: Connect) -> int:
        one = self.by_client.get(said.client_id)
        if one is None:
            return 2
        return 4 if self.profile.login_faults(said, one, time.time()) else 0

    def _may(self, client_id: str, topic: str, publish: bool) -> bool:
        """A wrong topic ends the connection, and each device has its own."""
        return topic == self.profile.topics(self.by_client[client_id])[0 if publish else 1]

    def more_results(self) -> dict[str, str]:
        more = {"companyId": COMPANY, "siteId": SITE} if self.kind == "best-a" else {}
        if self.root_ca:
            more["rootCA"] = self.root_ca
        if self.certificate:
            more |= dict(zip(("certificate", "privateKey"), self.certificate, strict=True))
        return more

    def publish(self, sn: str, payload: bytes) -> None:
        one = self.devices[sn].identity
        self.broker.publish(self.profile.topics(one)[1], payload, self.profile.qos)

    def _came(self, client_id: str) -> None:
        sn = self.by_client[client_id].sn
        self.connection_of[sn] = self.connection_of.get(sn, 0) + 1

    def _went(self, client_id: str) -> None:
        """A platform keeps no commands for a device that is away where keys belong to the connection."""
        sn = self.by_client[client_id].sn
        if self.suite not in ("plain", "exchange-only") or self.profile.clean:
            self._end(self.sessions.pop(sn, None))

    def _end(self, session: MqttSession | None) -> None:
        if session is None:
            return
        session._end()
        if task := self.running.pop(session, None):
            task.cancel()

    def _begin(self, sn: str) -> MqttSession:
        self._end(self.sessions.pop(sn, None))
        session = self.sessions[sn] = MqttSession(self, sn)
        self.running[session] = asyncio.create_task(session.run())
        return session

    def _receive(self, client_id: str, said: Publish) -> None:
        one = self.by_client[client_id]
        if said.topic != self.profile.topics(one)[0]:
            return
        sn, message = one.sn, _object(said.payload)
        session = self.sessions.get(sn)
        fresh = session is None or session.dead or session.peer_of.connection != self.connection_of.get(sn, 0)
        if message is None:
            if session is not None and not session.dead and said.payload not in session.frames:
                session.frames.add(said.payload)
                session.peer_of.inbox.put_nowait(said.payload)
            elif session is not None and not session.dead:
                self.dropped.append("a frame that came twice")
            else:
                self.dropped.append("a frame with the keys of an earlier connection")
                if not said.dup:
                    self.breach(sn, "a frame with the keys of an earlier connection, sent first on this one")
            return
        func_id, mid = message.get("funcId"), message.get("mid")
        self.heard.append((sn, str(func_id)))
        answer = func_id == "dev.cmd.response"
        if answer and said.dup and self.answered.get((sn, str(mid))) == said.payload:
            self.dropped.append("an answer that came twice")
            return
        if answer:
            self.answered[sn, str(mid)] = said.payload
        if isinstance(mid, str) and mid and not answer:
            if self.mids.get((sn, mid)) == said.payload:
                self.dropped.append(f"{func_id} that came twice")
                return
            if (sn, mid) in self.mids:
                self.breach(sn, f"{func_id} with the mid {mid!r} of another message")
            self.mids[sn, mid] = said.payload
        begins = ("dev.register", "dev.login") if self.suite == "plain" else EXCHANGES[:1]
        if session is None or session.dead or (func_id in begins and (fresh or session.logged_in)):
            session = self._begin(sn)
        session.peer_of.inbox.put_nowait(said.payload)


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(payload)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


@contextlib.asynccontextmanager
async def serve(
    identities: Iterable[Identity],
    suite: str = "plain",
    style: str = "A",
    *,
    profile: Profile = PROFILES["best-m"],
    tls: tuple[str, str] | None = None,
    certificate: tuple[str, str] | None = None,
    client_ca: str | None = None,
    root_ca: str = "",
    https: tuple[str, str] | None = None,
    shown: str = "",
    **more: Any,
) -> AsyncIterator[MqttPlatform]:
    """A running platform on this machine's loopback.

    Args:
        tls: the files of the broker's certificate (the look-up's rootCA) and key.
        certificate: the PEM texts of a device's certificate and key, for the look-up to tell.
        root_ca: PEM text for the look-up to tell, where the broker's certificate is not self-signed.
        https: the files of the look-up's certificate and key.
        client_ca: the file of who signed it; the broker then wants one.
        shown: the url that the look-up tells, where it is not the broker's.
        more: of `Platform`; `remote` is a broker in place of the platform's own.
    """
    platform = MqttPlatform(identities, suite, style, profile, **more)
    secure, dispatch = None, None
    if https:
        dispatch = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        dispatch.load_cert_chain(*https)
    if tls:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(*tls)
        if client_ca:
            secure.verify_mode = ssl.CERT_REQUIRED
            secure.load_verify_locations(client_ca)
        platform.root_ca = root_ca or await asyncio.to_thread(Path(tls[0]).read_text)
        platform.certificate = certificate
    app = web.Application()
    app.router.add_get("/v3/device/getBrokerServer", platform.look_up)
    app.router.add_get("/pictures/{name}", platform.picture)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        async with platform.broker.serve(secure):
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=dispatch).start()
            platform.ws_url = shown or platform.broker.url
            platform.url = f"http{'s' if dispatch else ''}://127.0.0.1:{runner.addresses[0][1]}"
            try:
                yield platform
            finally:
                tasks = list(platform.running.values())
                for session in list(platform.running):
                    platform._end(session)
                await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await runner.cleanup()
