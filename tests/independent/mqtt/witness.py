"""Looks at both directions of devices' MQTT connections, and writes down every rule that a device breaks.

No socket and no clock: packets and the time (in seconds) are handed in, so that it stands in a broker as well as
between a device and a real one.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.independent.store import Identity

from . import codec
from .codec import Connect, MalformedError, Packet, Publish
from .profile import Profile

ACKNOWLEDGE_WITHIN = 5.0
"""Seconds for a PUBACK to what was delivered."""


@dataclass
class Memory:
    """What outlives a connection of one client id."""

    one: Identity | None
    """None where it is no device."""
    sent: dict[int, Publish] = field(default_factory=dict)
    """By packet id: published by the device and not acknowledged, in the order of sending."""
    acked: dict[int, Publish] = field(default_factory=dict)
    """The last ones that were acknowledged on a connection that did not end in order: the device may not know."""
    delivered: dict[int, list[tuple[Publish, float]]] = field(default_factory=dict)
    """By packet id, each time that it was delivered on this connection and has no PUBACK yet."""
    subscribed: bool = False
    connections: int = 0
    in_order: bool = True
    """How the last connection ended."""
    mids: dict[str, bytes] = field(default_factory=dict)
    resent: int = 0
    connected_at: float | None = None
    published_at: deque[float] = field(default_factory=deque)
    """Of the last second."""


class Witness:
    """`breaches` holds what was found; `slack` are seconds granted to a busy machine."""

    def __init__(self, profile: Profile, identities: Iterable[Identity], wall: Any, slack: float = 1.0) -> None:
        self.profile, self.wall, self.slack = profile, wall, slack
        identities = list(identities)
        self.known = {profile.fill(profile.client_id, one): Memory(one) for one in identities}
        self.others: dict[str, Memory] = {}
        """What else is a client of the broker: the platform."""
        self.downs = {profile.topics(one)[1] for one in identities}
        self.paced = False
        """Whether the limits in time of the profile are looked at; what arrives in a bunch is granted a tenth."""
        self.breaches: list[str] = []
        self.watches: list[Watch] = []

    def connected(self, now: float) -> Watch:
        watch = Watch(self, now)
        self.watches.append(watch)
        return watch

    def of(self, sn: str) -> list[Watch]:
        """The connections of one device."""
        return [watch for watch in self.watches if watch.memory and watch.memory.one and watch.memory.one.sn == sn]


class Watch:
    """One connection; `strange` where its client id is none of the devices': then it is taken for the platform's."""

    def __init__(self, witness: Witness, now: float) -> None:
        self.witness, self.profile = witness, witness.profile
        self.memory: Memory | None = None
        self.connect: Connect | None = None
        self.strange = False
        self.accepted: bool | None = None
        self.present = self.subscribed = False
        self.ending = ""
        self.last = now
        self.longest_silence = 0.0
        self.sent: list[str] = []
        """The names of the device's packets."""
        self.messages: list[bytes] = []
        """The payloads that the device published, resent ones too."""
        self._fresh = 0
        self._owed: list[int] = []
        """Ids from an earlier connection that must come again."""
        self._subscribing: dict[int, list[tuple[str, int]]] = {}

    def breach(self, what: str) -> None:
        known = self.memory and self.memory.one
        name = known.sn if known else self.connect.client_id if self.connect else "?"
        self.witness.breaches.append(f"{name}: {what}")

    # --- what the device says ---

    def from_device(self, packet: Packet, now: float) -> None:
        self._silence(now)
        self.last = now
        if self.ending == "DISCONNECT":
            self.breach(f"{packet.name} behind DISCONNECT")
        if (packet.kind == codec.CONNECT) != (not self.sent):
            self.breach(f"CONNECT comes first and once; here {packet.name} as packet {len(self.sent) + 1}")
        self.sent.append(packet.name)
        try:
            self._device_packet(packet, now)
        except MalformedError as error:
            self.breach(f"malformed: {error}")

    def _device_packet(self, packet: Packet, now: float) -> None:
        match packet.kind:
            case codec.CONNECT:
                self._connect(Connect.read(packet))
                self._pace(now, connect=True)
            case codec.SUBSCRIBE:
                self._subscribe(*codec.read_subscribe(packet))
            case codec.PUBLISH:
                self._publish(Publish.read(packet))
                self._pace(now, connect=False)
            case codec.PUBACK:
                self._acknowledged(codec.read_ident(packet))
            case codec.DISCONNECT:
                self.ending = "DISCONNECT"
                self._late(now, self.witness.slack)
            case codec.PINGREQ:
                if packet.body:
                    self.breach("PINGREQ with a body")
            case _:
                self.breach(f"{packet.name}, which a device has no use for")
        self._late(now, ACKNOWLEDGE_WITHIN)

    def _silence(self, now: float) -> None:
        gap = now - self.last
        self.longest_silence = max(self.longest_silence, gap)
        if (
            self.connect
            and self.connect.keep_alive
            and self.accepted
            and gap > self.connect.keep_alive + self.witness.slack
        ):
            self.breach(f"silent for {gap:.1f} s with a keep-alive of {self.connect.keep_alive} s")

    def _late(self, now: float, patience: float) -> None:
        for ident, times in list(self.memory.delivered.items()) if self.memory and self.accepted else []:
            publish, then = times[0]
            if now - then > patience:
                self.breach(f"no PUBACK for the packet {ident} within {patience} s: {publish.payload[:60]!r}")
                del self.memory.delivered[ident]  # type: ignore[union-attr]

    def _connect(self, said: Connect) -> None:
        self.connect = said
        if said.level != 4:
            self.breach(f"CONNECT: the protocol is {said.name} {said.level}, not MQTT 4 (3.1.1)")
        self.memory = self.witness.known.get(said.client_id)
        if self.memory is None:
            self.strange = True
            self.memory = self.witness.others.setdefault(said.client_id, Memory(None))
            faults = ["a will"] if said.will else []
        else:
            assert self.memory.one
            faults = self.profile.faults(said, self.memory.one, self.witness.wall())
        for fault in faults:
            self.breach(f"CONNECT: {fault}")

    def _pace(self, now: float, connect: bool) -> None:
        memory, profile = self.memory, self.profile
        if not self.witness.paced or memory is None or memory.one is None:
            return
        if connect:
            if memory.connected_at is not None and now - memory.connected_at < 0.9 * profile.connect_interval:
                self.breach(f"a connect {now - memory.connected_at:.1f} s after the one before")
            memory.connected_at = now
        elif profile.publish_rate:
            memory.published_at.append(now)
            while memory.published_at[0] < now - 1:
                memory.published_at.popleft()
            if len(memory.published_at) > 1.1 * profile.publish_rate:
                self.breach(f"{len(memory.published_at)} publishes in a second, at most {profile.publish_rate}")

    def _subscribe(self, ident: int, filters: list[tuple[str, int]]) -> None:
        assert self.memory
        down = self.profile.topics(self.memory.one)[1] if self.memory.one else ""
        if len(filters) != 1 and down:
            self.breach(f"{len(filters)} topics in one SUBSCRIBE")
        for name, qos in filters:
            if down and (name, qos) != (down, self.profile.qos):
                self.breach(f"SUBSCRIBE to {name!r} with QoS {qos}, not {down!r} with {self.profile.qos}")
        if ident in self.memory.sent or ident in self._subscribing:
            self.breach(f"SUBSCRIBE with the packet id {ident}, which is in flight")
        self._subscribing[ident] = filters

    def _publish(self, said: Publish) -> None:
        memory = self.memory
        assert memory
        self.messages.append(said.payload)
        if not self.accepted:
            self.breach("PUBLISH before CONNACK")
        elif not self.subscribed and memory.one:
            self.breach("PUBLISH before SUBACK, where no session was present")
        if said.topic not in ([self.profile.topics(memory.one)[0]] if memory.one else self.witness.downs):
            self.breach(f"PUBLISH to {said.topic!r}")
        if said.qos != self.profile.qos:
            self.breach(f"PUBLISH with QoS {said.qos}")
        if said.retain:
            self.breach("PUBLISH with retain")
        if len(said.payload) > self.profile.max_packet:
            self.breach(f"a payload of {len(said.payload)} bytes, at most {self.profile.max_packet}")
        if said.dup:
            self._resent(memory, said)
        else:
            self._sent_first(memory, said)
        if said.qos:
            memory.sent.setdefault(said.ident, replace(said, dup=False))

    def _sent_first(self, memory: Memory, said: Publish) -> None:
        self._fresh += 1
        if said.qos and (said.ident in memory.sent or said.ident in self._subscribing):
            self.breach(f"a first send with the packet id {said.ident}, which is in flight")
            memory.sent.pop(said.ident, None)
        if said.qos and any(said.payload == old.payload for old in memory.sent.values()):
            self.breach("a resend without DUP, or under a new packet id")
        mid = mid_of(said.payload) if memory.one else ""
        if mid and memory.mids.setdefault(mid, said.payload) != said.payload:
            self.breach(f"the mid {mid!r} on two messages")

    def _resent(self, memory: Memory, said: Publish) -> None:
        memory.resent += 1
        old = memory.sent.get(said.ident) or memory.acked.get(said.ident)
        if not self.present:
            self.breach("DUP on a connection without a present session: a first send never has it")
        elif old is None:
            if memory.in_order or self._fresh or memory.connections < 2:
                self.breach(f"DUP with the packet id {said.ident}, which was not in flight")
        elif replace(said, dup=False) != old:
            self.breach(f"the packet {said.ident} came again with other bytes")
        if said.ident in self._owed:
            if self._owed[0] != said.ident:
                self.breach(f"resends out of their order: {said.ident} before {self._owed[0]}")
            self._owed.remove(said.ident)

    def _acknowledged(self, ident: int) -> None:
        times = self.memory.delivered.get(ident) if self.memory else None
        if not self.memory or not times:
            self.breach(f"PUBACK for the packet {ident}, which is not in flight")
            return
        times.pop(0)
        if not times:
            del self.memory.delivered[ident]

    # --- what the broker says ---

    def from_broker(self, packet: Packet, now: float) -> None:
        memory = self.memory
        if memory is None:
            return
        match packet.kind:
            case codec.CONNACK:
                self.present, code = codec.read_connack(packet)
                self.accepted = not code
                if self.accepted:
                    self._begins(memory)
            case codec.SUBACK:
                ident, codes = codec.read_suback(packet)
                if self._subscribing.pop(ident, None) and codes[0] < 128:
                    self.subscribed = memory.subscribed = True
            case codec.PUBACK:
                ident = codec.read_ident(packet)
                if publish := memory.sent.pop(ident, None):
                    memory.acked.pop(ident, None)
                    memory.acked[ident] = publish
                    while len(memory.acked) > 50:
                        del memory.acked[next(iter(memory.acked))]
            case codec.PUBLISH:
                publish = Publish.read(packet)
                if publish.qos:
                    memory.delivered.setdefault(publish.ident, []).append((publish, now))

    def _begins(self, memory: Memory) -> None:
        memory.connections += 1
        memory.delivered.clear()
        if not self.present:
            memory.sent.clear()
            memory.acked.clear()
            memory.subscribed = False
        if memory.in_order:
            memory.acked.clear()
        self.subscribed = memory.subscribed
        self._owed = list(memory.sent)

    def ended(self, now: float, by_broker: bool) -> None:
        """The connection is gone; `by_broker` where it was cut from outside."""
        if not self.connect:
            return
        self._silence(now)
        self.ending = self.ending or ("cut" if by_broker else "no DISCONNECT")
        if self.memory and self.accepted:
            self.memory.in_order = self.ending == "DISCONNECT"
            if self._owed and self._fresh:
                self.breach(f"the packets {self._owed} were not sent again, though the session was present")


def mid_of(payload: bytes) -> str:
    """The mid of a message in the clear that is a request, or an empty string."""
    try:
        message = json.loads(payload)
    except ValueError:
        return ""
    if not isinstance(message, dict) or message.get("funcId") == "dev.cmd.response":
        return ""
    return str(message.get("mid", ""))
