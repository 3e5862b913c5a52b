"""Each rule that the witness knows is broken once, and it says which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from tests.independent.mqtt import codec
from tests.independent.mqtt.codec import Connect, Packet, Publish
from tests.independent.mqtt.profile import PROFILES, Tencent
from tests.independent.mqtt.witness import Watch, Witness
from tests.independent.store import Identity

ONE = Identity("SN0001", "aabbcc", "product-1", "MTIzNDU2")
BEST_M = PROFILES["best-m"]
PACED = replace(BEST_M, connect_interval=5.0, publish_rate=30)
UP, DOWN = BEST_M.topics(ONE)
NOW = 1_700_000_000.0
BYE = Packet(codec.DISCONNECT, 0, b"")


class Scene:
    """A device's connections, one after the other, on a clock of its own."""

    def __init__(self) -> None:
        self.witness = Witness(BEST_M, [ONE], lambda: NOW)
        self.time = 0.0
        self.watch: Watch = self.witness.connected(0)

    @property
    def breaches(self) -> list[str]:
        return self.witness.breaches

    def says(self, *packets: Packet) -> None:
        for packet in packets:
            self.watch.from_device(packet, self.time)

    def hears(self, *packets: Packet) -> None:
        for packet in packets:
            self.watch.from_broker(packet, self.time)

    def login(self) -> Connect:
        return BEST_M.login(ONE, Random(1), NOW)

    def enters(self, present: bool = False, subscribe: bool = True) -> None:
        self.says(self.login().packet())
        self.hears(codec.connack(0, present))
        if subscribe:
            self.says(codec.subscribe(1, (DOWN, 1)))
            self.hears(codec.suback(1, 1))

    def publishes(self, ident: int, payload: bytes = b"{}", **more: object) -> None:
        self.says(replace(Publish(UP, payload, 1, ident), **more).packet())  # type: ignore[arg-type]

    def acknowledged(self, ident: int) -> None:
        self.hears(codec.acknowledgement(codec.PUBACK, ident))

    def reconnects(self, in_order: bool = False, present: bool = True, subscribe: bool = False) -> None:
        if in_order:
            self.says(BYE)
        self.watch.ended(self.time, by_broker=not in_order)
        self.watch = self.witness.connected(self.time)
        self.enters(present, subscribe)


def test_a_right_device() -> None:
    scene = Scene()
    scene.enters()
    scene.publishes(2)
    scene.acknowledged(2)
    scene.hears(Publish(DOWN, b"{}", 1, 1).packet())
    scene.says(codec.acknowledgement(codec.PUBACK, 1))
    scene.time += 60
    scene.says(Packet(codec.PINGREQ, 0, b""))
    scene.publishes(3, b'{"mid": "3"}')
    scene.publishes(4, b'{"mid": "4"}')
    scene.reconnects()
    scene.publishes(3, b'{"mid": "3"}', dup=True)
    scene.publishes(4, b'{"mid": "4"}', dup=True)
    scene.publishes(5, b'{"mid": "5"}')
    scene.says(BYE)
    scene.watch.ended(scene.time, by_broker=False)
    assert scene.breaches == []
    assert scene.watch.ending == "DISCONNECT"


def _connects(**more: object) -> Callable[[Scene], None]:
    return lambda scene: scene.says(replace(scene.login(), **more).packet())  # type: ignore[arg-type]


def _after(*steps: Callable[[Scene], object]) -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        scene.enters()
        for step in steps:
            step(scene)

    return act


def _publish(ident: int, payload: bytes = b"{}", **more: object) -> Callable[[Scene], None]:
    return lambda scene: scene.publishes(ident, payload, **more)


def _waits(seconds: float) -> Callable[[Scene], None]:
    def wait(scene: Scene) -> None:
        scene.time += seconds

    return wait


def _delivered(ident: int = 1) -> Callable[[Scene], None]:
    return lambda scene: scene.hears(Publish(DOWN, b"{}", 1, ident).packet())


def _says(*packets: Packet) -> Callable[[Scene], None]:
    return lambda scene: scene.says(*packets)


def _reconnects(**more: bool) -> Callable[[Scene], None]:
    return lambda scene: scene.reconnects(**more)


def _unsubscribed(scene: Scene) -> None:
    scene.enters(subscribe=False)
    scene.publishes(2)


def _before_connack(scene: Scene) -> None:
    scene.says(scene.login().packet())
    scene.publishes(2)


PING = Packet(codec.PINGREQ, 0, b"")
BROKEN: dict[str, Callable[[Scene], None]] = {
    "CONNECT comes first": lambda scene: scene.says(PING),
    "CONNECT comes first and once": _after(_connects()),
    "the protocol is MQTT 5": _connects(level=5),
    "a will": _connects(will=("a", b"b", 0, False)),
    "clean session True": _connects(clean=True),
    "keep-alive 30 s": _connects(keep_alive=30),
    "user name 'other'": _connects(user="other"),
    "the password is not": _connects(password=b"other"),
    "PUBLISH before CONNACK": _before_connack,
    "PUBLISH before SUBACK": _unsubscribed,
    "2 topics in one SUBSCRIBE": _after(_says(codec.subscribe(9, (DOWN, 1), (DOWN, 1)))),
    "SUBSCRIBE to 'best/#'": _after(_says(codec.subscribe(9, ("best/#", 1)))),
    "with QoS 0, not": _after(_says(codec.subscribe(9, (DOWN, 0)))),
    "SUBSCRIBE with the packet id 9, which is in": _after(_publish(9), _says(codec.subscribe(9, (DOWN, 1)))),
    "PUBLISH to 'x'": _after(_publish(2, topic="x")),
    "PUBLISH with QoS 0": _after(_publish(2, qos=0)),
    "PUBLISH with retain": _after(_publish(2, retain=True)),
    "a payload of 65537 bytes": _after(_publish(2, b"x" * 65537)),
    "a first send with the packet id 2, which is in flight": _after(_publish(2), _publish(2, b"[]")),
    "a resend without DUP": _after(_publish(2), _reconnects(), _publish(3)),
    "the mid 'm' on two": _after(_publish(2, b'{"mid": "m"}'), _publish(3, b'{"mid": "m", "more": "1"}')),
    "DUP on a connection without a present session": _after(_publish(2, dup=True)),
    "DUP with the packet id 3, which was not": _after(
        _reconnects(in_order=True), _publish(2, b"1"), _publish(3, dup=True)
    ),
    "came again with other bytes": _after(_publish(2), _reconnects(), _publish(2, b"[]", dup=True)),
    "resends out of their order": _after(
        _publish(2, b"1"), _publish(3, b"2"), _reconnects(), _publish(3, b"2", dup=True), _publish(2, b"1", dup=True)
    ),
    "were not sent again": _after(_publish(2, b"1"), _reconnects(), _publish(3, b"2"), _reconnects()),
    "PUBLISH before SUBACK, where no": _after(_reconnects(present=False), _publish(3)),
    "PUBACK for the packet 7": _after(_says(codec.acknowledgement(codec.PUBACK, 7))),
    "PUBACK for the packet 1, which": _after(_delivered(), _says(*[codec.acknowledgement(codec.PUBACK, 1)] * 2)),
    "no PUBACK for the packet 1 within 5": _after(_delivered(), _waits(6), _says(PING)),
    "no PUBACK for the packet 1 within 1": _after(_delivered(), _waits(1.5), _says(BYE)),
    "silent for 62.0 s": _after(_waits(62), _says(PING)),
    "PUBLISH behind DISCONNECT": _after(_says(BYE), _publish(2)),
    "UNSUBACK, which a device": _after(_says(codec.acknowledgement(codec.UNSUBACK, 7))),
    "malformed: PUBACK with the packet id 0": _after(_says(codec.acknowledgement(codec.PUBACK, 0))),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_rule_is_named(what: str) -> None:
    scene = Scene()
    BROKEN[what](scene)
    assert len(scene.breaches) >= 1
    assert what in "\n".join(scene.breaches)


def test_an_end_without_disconnect_is_told_from_a_cut() -> None:
    for by_broker, ending in ((True, "cut"), (False, "no DISCONNECT")):
        scene = Scene()
        scene.enters()
        scene.watch.ended(1, by_broker)
        assert scene.watch.ending == ending


def test_tencent_login() -> None:
    """The password is HMAC-SHA256 or -SHA1 under the decoded secret, of the very user name."""
    profile = PROFILES["best-t"]
    assert isinstance(profile, Tencent)
    said = profile.login(ONE, Random(1), NOW)
    assert said.user is not None
    assert said.client_id == "product-1SN0001"
    assert profile.faults(said, ONE, NOW) == []
    sha1 = replace(said, password=profile.sign(b"123456", said.user, "hmacsha1"))
    assert profile.faults(sha1, ONE, NOW) == []
    expired = replace(said, user=said.user.rpartition(";")[0] + ";5")
    for other, what in (
        (replace(said, password=b"x;hmacsha256"), "HMAC"),
        (replace(said, user="a;b"), "clientId;sdkappid;connid;expiry"),
        (replace(expired, password=profile.sign(b"123456", expired.user or "")), "expiry"),
        (replace(said, client_id="other"), "client id"),
    ):
        assert what in "".join(profile.faults(other, ONE, NOW))


def test_the_hmac_is_that_of_its_definition() -> None:
    """RFC 4231, test case 2."""
    known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843;hmacsha256"
    assert Tencent.sign(b"Jefe", "what do ya want for nothing?").decode() == known


def test_aws_login() -> None:
    profile = PROFILES["best-a"]
    said = profile.login(ONE, Random(1), NOW)
    assert profile.faults(said, ONE, NOW) == []
    assert "a user" in profile.faults(replace(said, user="x"), ONE, NOW)
    assert any("out of" in fault for fault in profile.faults(replace(said, keep_alive=20), ONE, NOW))


def test_what_comes_too_fast() -> None:
    scene = Scene()
    scene.witness.paced = True
    scene.witness.profile = scene.watch.profile = PACED
    scene.enters()
    for ident in range(2, 32):
        scene.time += 0.2
        scene.publishes(ident, str(ident).encode())
    scene.reconnects(in_order=True, present=False, subscribe=True)
    assert scene.breaches == []
    for ident in range(40, 80):
        scene.publishes(ident, str(ident).encode())
    scene.time += 2
    scene.reconnects(in_order=True, present=False, subscribe=True)
    assert any("publishes in a second, at most 30" in breach for breach in scene.breaches)
    assert scene.breaches[-1].endswith("a connect 2.0 s after the one before")
