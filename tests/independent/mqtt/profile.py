"""How a device must show itself to a broker: its login, topics and limits, one profile a look-up type."""

from __future__ import annotations

import base64
import hmac
import re
import string
from dataclasses import dataclass
from random import Random

from tests.independent.store import Identity

from .codec import Connect

KB = 1024
COMPANY, SITE = "company-1", "site-1"


@dataclass(frozen=True)
class Profile:
    """best-m as it is shipped; the others below, by `PROFILES`."""

    kind: str = "best-m"
    prot_type: str = "best-m"
    client_id: str = "{sn}"
    up: str = "best/{productId}/{sn}/up"
    down: str = "best/{productId}/{sn}/down"
    qos: int = 1
    keep_alive: int = 60
    keep_alives: tuple[int, int] = (1, 65535)
    clean: bool = False
    max_packet: int = 64 * KB
    most_slashes: int = 99
    connect_interval: float = 0.0
    """Seconds between two connects of one device."""
    publish_rate: int = 0
    """Of one device in a second; 0 for any."""

    def fill(self, template: str, one: Identity) -> str:
        ids = {"companyId": COMPANY, "siteId": SITE}
        return template.format(sn=one.sn, productId=one.product_id, deviceName=one.sn, **ids)

    def topics(self, one: Identity) -> tuple[str, str]:
        """(up, down)"""
        return self.fill(self.up, one), self.fill(self.down, one)

    def login(self, one: Identity, random: Random, now: float) -> Connect:
        """What a right device says; `now` in seconds."""
        client_id = self.fill(self.client_id, one)
        return Connect(client_id, one.sn, one.digest.encode(), self.keep_alive, self.clean)

    def faults(self, said: Connect, one: Identity, now: float) -> list[str]:
        """What is wrong in a device's CONNECT."""
        found = []
        if said.will:
            found.append("a will, where no profile has one")
        if said.clean != self.clean:
            found.append(f"clean session {said.clean}")
        if said.keep_alive != self.keep_alive:
            found.append(f"keep-alive {said.keep_alive} s, not {self.keep_alive} s")
        if not self.keep_alives[0] <= said.keep_alive <= self.keep_alives[1]:
            found.append(f"a keep-alive of {said.keep_alive} s is out of {self.keep_alives}")
        if said.client_id != self.fill(self.client_id, one):
            found.append(f"client id {said.client_id!r}")
        if max(topic.count("/") for topic in self.topics(one)) > self.most_slashes:
            found.append("too many slashes in a topic")
        return found + self.login_faults(said, one, now)

    def login_faults(self, said: Connect, one: Identity, now: float) -> list[str]:
        found = [] if said.user == one.sn else [f"user name {said.user!r}"]
        return found if said.password == one.digest.encode() else [*found, "the password is not the devKey's digest"]


@dataclass(frozen=True)
class Tencent(Profile):
    kind: str = "best-t"
    prot_type: str = "best-t"
    client_id: str = "{productId}{deviceName}"
    up: str = "{productId}/{deviceName}/event"
    down: str = "{productId}/{deviceName}/control"
    keep_alives: tuple[int, int] = (1, 900)
    clean: bool = True
    max_packet: int = 16 * KB
    connect_interval: float = 5.0
    publish_rate: int = 30

    @staticmethod
    def sign(key: bytes, user: str, method: str = "hmacsha256") -> bytes:
        """hex(HMAC(key, user name)) and the method's name."""
        return f"{hmac.new(key, user.encode(), method.removeprefix('hmac')).hexdigest()};{method}".encode()

    def login(self, one: Identity, random: Random, now: float) -> Connect:
        client_id = self.fill(self.client_id, one)
        connection = "".join(random.choices(string.ascii_letters + string.digits, k=5))
        user = f"{client_id};12010126;{connection};{int(now) + 3600}"
        return Connect(client_id, user, self.sign(secret_of(one), user), self.keep_alive, self.clean)

    def login_faults(self, said: Connect, one: Identity, now: float) -> list[str]:
        user = said.user or ""
        parts = re.fullmatch(r"([^;]*);([0-9]+);([A-Za-z0-9]{5});([0-9]+)", user)
        if not parts:
            return [f"user name {user!r} is not clientId;sdkappid;connid;expiry"]
        found = []
        if parts[1] != said.client_id:
            found.append("the user name holds another client id")
        if parts[2] not in ("12010126", "21010406"):
            found.append(f"sdkappid {parts[2]}")
        if not now < int(parts[4]) < now + 100 * 365 * 86400:
            found.append(f"expiry {parts[4]} is no moment to come, in seconds")
        right = [self.sign(secret_of(one), user, method) for method in ("hmacsha256", "hmacsha1")]
        if said.password not in right:
            found.append("the password is not HMAC(base64decode(deviceSecret), user name)")
        return found


@dataclass(frozen=True)
class Aws(Profile):
    kind: str = "best-a"
    keep_alives: tuple[int, int] = (30, 1200)
    clean: bool = True
    max_packet: int = 128 * KB
    publish_rate: int = 100
    most_slashes: int = 7

    def login(self, one: Identity, random: Random, now: float) -> Connect:
        return Connect(self.fill(self.client_id, one), None, None, self.keep_alive, self.clean)

    def login_faults(self, said: Connect, one: Identity, now: float) -> list[str]:
        return [f"a {name}" for name in ("user", "password") if getattr(said, name) is not None]


def secret_of(one: Identity) -> bytes:
    """Tencent's deviceSecret: devKey, read as base64."""
    return base64.b64decode(one.dev_key, validate=True)


PROFILES = {profile.kind: profile for profile in (Profile(), Tencent(), Aws())}
