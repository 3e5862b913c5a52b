"""A device over MQTT for these tests alone: packets by the codec on a plain socket, sessions kept by hand."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from simulator.mqtt.codec import PacketReader, Side, encode, with_dup
from simulator.mqtt.packets import (
    Connack,
    Connect,
    Disconnect,
    Packet,
    Puback,
    Publish,
    Suback,
    Subscribe,
)
from tests.platform.harness import OK, Device, Identity, Running, report_params

WAIT_S = 10.0


class Socket:
    """One connection to a broker: what `Device` asks of a WebSocket, and MQTT's own packets.

    Attributes:
        kept: Publishes of quality of service 1 without PUBACK, by packet id.
        delivered: Every PUBLISH that came.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: str) -> None:
        self._reader = reader
        self._writer = writer
        self._packets = PacketReader(side=Side.CLIENT)
        self._payloads: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._answers: asyncio.Queue[Packet | None] = asyncio.Queue()
        self._ids = count(1)
        self.up = up
        self.kept: dict[int, bytes] = {}
        self.delivered: list[Publish] = []
        self.acknowledges = True
        self._task = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, url: str, up: str = "", **options: Any) -> Socket:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, **options)
        return cls(reader, writer, up)

    async def _read(self) -> None:
        # TLS's errors are among them.
        with suppress(OSError):
            while data := await self._reader.read(65_536):
                for packet in self._packets.feed(data):
                    self._take(packet)
        self._writer.close()
        self._payloads.put_nowait(None)
        self._answers.put_nowait(None)

    def _take(self, packet: Packet) -> None:
        if isinstance(packet, Publish):
            self.delivered.append(packet)
            if packet.qos and self.acknowledges:
                self.write(Puback(packet.packet_id))
            self._payloads.put_nowait(packet.payload)
        elif isinstance(packet, Puback):
            self.kept.pop(packet.packet_id, None)
        else:
            self._answers.put_nowait(packet)

    def write(self, packet: Packet) -> None:
        self._writer.write(encode(packet))

    async def answer(self) -> Packet | None:
        """The next packet that is no PUBLISH and no PUBACK; None at the end."""
        return await asyncio.wait_for(self._answers.get(), WAIT_S)

    def publish(self, payload: bytes, qos: int = 1) -> int:
        packet_id = next(self._ids) if qos else 0
        data = encode(Publish(self.up, payload, qos, packet_id))
        if qos:
            self.kept[packet_id] = data
        self._writer.write(data)
        return packet_id

    def publish_again(self, data: bytes) -> None:
        """A PUBLISH of an earlier connection, with DUP."""
        self._writer.write(with_dup(data))

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._writer.transport.abort()

    async def ended(self) -> None:
        """Wait until the broker has ended it."""
        await asyncio.wait_for(self._task, WAIT_S)

    # --- As a WebSocket ---

    async def send(self, payload: str | bytes) -> None:
        self.publish(payload.encode() if isinstance(payload, str) else payload)

    def __aiter__(self) -> Socket:
        return self

    async def __anext__(self) -> str | bytes:
        payload = await self._payloads.get()
        if payload is None:
            raise StopAsyncIteration
        return payload.decode() if payload[:1] == b"{" else payload

    async def close(self) -> None:
        with suppress(OSError):
            self.write(Disconnect())
            self._writer.close()
            await self._writer.wait_closed()
        await self._task


async def connect(
    url: str,
    identity: Identity,
    *,
    clean: bool = False,
    username: str | None = "",
    password: str | None = "",
    client_id: str | None = None,
    **options: Any,
) -> tuple[Socket, Connack]:
    """CONNECT by the profile best-m, unless told otherwise; and the CONNACK."""
    socket = await Socket.open(url, f"best/{identity.product_id}/{identity.sn}/up", **options)
    username = identity.sn if username == "" else username
    password = identity.digest if password == "" else password
    socket.write(
        Connect(
            client_id=client_id or identity.sn,
            clean_session=clean,
            keep_alive=60,
            username=username,
            password=None if password is None else password.encode(),
        )
    )
    connack = await socket.answer()
    assert isinstance(connack, Connack)
    return socket, connack


class MqttDevice(Device):
    """A device of the tests that publishes."""

    socket: Socket  # type: ignore[assignment]

    async def subscribe_to(self, topic: str) -> None:
        await subscribe(self.socket, topic)

    async def subscribe(self) -> None:
        await self.subscribe_to(f"best/{self.identity.product_id}/{self.identity.sn}/down")

    async def register(self, **envelope: Any) -> dict[str, str]:
        """`dev.register` without sn and productId, as it is over publish/subscribe."""
        params = {"protType": "best-m", "protVer": "1.0.0", "devType": "meet", "devKey": self.identity.digest}
        reply = await self.request("dev.register", params, **envelope)
        assert reply["code"] == OK, reply
        auth_code = reply["payload"]["results"]["authCode"]
        reply = await self.request("dev.accredit", self.proof(authCode=auth_code), sn=self.identity.sn)
        assert reply["code"] == OK
        self.credentials = {"authCode": auth_code, "secret": reply["payload"]["results"]["secret"]}
        return self.credentials

    async def report(self, **changes: Any) -> None:
        assert (await self.request("dev.report", report_params(**changes), sn=self.identity.sn))["code"] == OK


async def subscribe(socket: Socket, topic: str, qos: int = 1) -> None:
    socket.write(Subscribe(1, ((topic, qos),)))
    answer = await socket.answer()
    assert isinstance(answer, Suback)
    assert answer.codes == (qos,)


async def device_of(
    platform: Running, identity: Identity, channel: str = "plain", *, clean: bool = False
) -> MqttDevice:
    """A device that is connected and has subscribed; with a suite that has one, the exchange is done."""
    socket, connack = await connect(platform.info.mqtt, identity, clean=clean)
    assert connack.code == 0
    device = MqttDevice(identity, socket)  # type: ignore[arg-type]
    platform.devices.append(device)
    if not connack.session_present:
        await device.subscribe()
    if channel != "plain":
        await device.exchange(sealed=channel == "rsa-aes")
    return device


async def online(platform: Running, identity: Identity, channel: str = "plain", **report: Any) -> MqttDevice:
    """A device that went through the whole initial flow."""
    device = await device_of(platform, identity, channel)
    await device.log_in()
    await device.report(**report)
    return device
