"""The tester's device: one connection of one serial number, and the messages of the initial flow.

What `bench.device(stage)` gives. Beside the flow it has all of `simulator.conform.link.Link`:

    await device.request("dev.heartbeat", {"isFree": "1"})       # -> Reply, Silence or Closed
    await device.request("dev.heartbeat", {"isFree": "1"}, members={"imme": "1", "extra": 5})
    await device.request("dev.heartbeat", {}, mid="")            # an empty mid; drop=["mid"] leaves it out
    await device.ask(b"[1, 2]")                                  # any bytes through the channel
    device.send_json(data); device.send_fragments(data, 3)       # without waiting
    device.send_frame(sealed(device.channel, data, skip=1), binary=True)     # past the channel (conform.suites)
    await device.end()                                           # -> Closed, or Silence if it is still open
    await device.ping(); await device.close(1000); await device.abort()
    device.closed                                                # None while it is open
    waiter = device.expect(mid, func_id); await device.wait_for(waiter, mid)   # several requests under way

Commands of the platform are taken and answered by themselves (`simulator.conform.pushes`), at any moment.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulator.conform.answers import Answer, Reply
from simulator.conform.channel_rules import broke_channel
from simulator.conform.link import Link
from simulator.conform.outcome import Ended, not_run
from simulator.conform.pushes import OnPush, take
from simulator.conform.site import Site
from simulator.conform.stages import Stage
from simulator.device.settings import Credentials
from simulator.device.terms import Terms, parse_terms
from simulator.measurements import violation_rules as rules
from simulator.mqtt.connection import MqttConnection
from simulator.protocol import credentials
from simulator.protocol.broker import BrokerAnswer, protocol_type
from simulator.protocol.catalogue import CATALOGUE, NEGOTIATED_FUNC_IDS, OVER_PUBLISH_SUBSCRIBE
from simulator.protocol.channel.base import ChannelViolation, KeySource
from simulator.protocol.channel.context import DeviceContext
from simulator.texts.told import Told

PUBLIC_KEY: Final = "device.exchange.publicKey"
FACTOR: Final = "device.exchange.factor"
HEARTBEAT: Final = "dev.heartbeat"
MAX_PENDING_COMMANDS: Final = 20
"""What the tester's report says in `maxPendingCmdCount`."""
MAX_PACKAGE_KB: Final = 64
"""What it says in `maxPackageSize`."""

_TYPES: Final = ":".join("0" * 10)
REPORT: Final[Mapping[str, Any]] = {
    "fwVer": "TESTER-1.0",
    "devModel": "BEST-FLEET-TESTER",
    "commType": "ethernet",
    "ip": "192.168.0.2",
    "netmask": "255.255.0.0",
    "gateway": "192.168.0.1",
    "mac": "00:17:61:00:00:01",
    "lockCount": "1",
    "userCount": "0",
    "maxUserCount": "30000",
    "transactionCount": "0",
    "maxTransactionCount": "100000",
    "multiBioEnrollSupport": "0:1:0:0:0:0:0:0:0:1",
    "multiBioDataSupport": "0:1:1:0:0:0:0:0:0:1",
    "multiBioPhotoSupport": "0:0:0:0:0:0:0:0:0:1",
    "multiBioVer": "0:10.0:7.0:0:0:0:0:0:0:5.8",
    "multiBioDataCount": _TYPES,
    "multiBioPhotoCount": _TYPES,
    "maxMultiBioDataCount": "0:10000:10000:0:0:0:0:0:0:10000",
    "maxMultiBioPhotoCount": "0:0:0:0:0:0:0:0:0:10000",
    "maxPackageSize": str(MAX_PACKAGE_KB),
    "maxPendingCmdCount": str(MAX_PENDING_COMMANDS),
    "verifyStyles": "100000000010",
    "funcIds": list(NEGOTIATED_FUNC_IDS),
}
"""The parameters of the tester's `dev.report`, as the document has them."""


class _OneKey:
    """Remembers the key pair that the channel took."""

    def __init__(self, keys: KeySource) -> None:
        self._keys = keys
        self.taken: RSAPrivateKey | None = None

    def take(self) -> RSAPrivateKey:
        self.taken = self._keys.take()
        return self.taken


class Device(Link):
    """One connection of a serial number. The methods of the flow send what is right, with `change` laid over it.

    A value of None in `change` leaves the parameter out.
    """

    def __init__(
        self,
        site: Site,
        identity: Credentials,
        number: int,
        which: int,
        proof: Mapping[str, str],
        on_push: OnPush = take,
        broker: BrokerAnswer | None = None,
    ) -> None:
        keys = _OneKey(site.keys)
        context = DeviceContext(
            sn=identity.sn,
            product_id=identity.product_id,
            secret_key=identity.secret_key,
            dev_key=identity.dev_key,
            broker=broker,
            tell=partial(broke_channel, site, which),
        )
        super().__init__(site, site.suite.device_side(keys, context), number, which, on_push)
        self.identity = identity
        self.proof = proof
        """`productId` and the digest of the devKey."""
        self.auth_code = ""
        self.secret = ""
        self.problem = ""
        """Why the last reply of the flow was not accepted although it was a success."""
        self.stage = Stage.LOOKED_UP
        """Where it was brought to; what a case has done since is not in it."""
        self.terms = Terms()
        """What the platform told in the reply to the report: heartbeat_interval, offset_minutes, allows(func_id) …"""
        self._keys = keys

    @property
    def intact(self) -> bool:
        """Whether the next case may use it."""
        return self.closed is None and not self.broken and (self.online or self.stage is not Stage.ONLINE)

    @property
    def sn(self) -> str:
        """Its serial number."""
        return self.identity.sn

    @property
    def private_key(self) -> RSAPrivateKey | None:
        """The device's key of this connection's exchange; None in a suite without one."""
        return self._keys.taken

    # --- The initial flow ---

    async def exchange_public_key(self, change: Mapping[str, object] | None = None) -> Answer:
        """`device.exchange.publicKey`; a success is given to the channel."""
        params = _changed(self.channel.public_key_params(), change)
        return await self._flow(PUBLIC_KEY, params, self.channel.accept_public_key)

    async def exchange_factor(self, change: Mapping[str, object] | None = None) -> Answer:
        """`device.exchange.factor`; a success is given to the channel, which seals from then on, if it ever does."""
        try:
            params = _changed(self.channel.factor_params(), change)
        except RuntimeError:
            raise Ended(
                not_run(Told("needs the platform's public key: {value}", value=self.problem or "it was not given"))
            ) from None
        return await self._flow(FACTOR, params, self.channel.accept_factor)

    async def register(self, change: Mapping[str, object] | None = None) -> Answer:
        """`dev.register`; keeps the `auth_code`."""
        params = self.register_params()

        def keep(results: Mapping[str, Any]) -> None:
            self.auth_code = self._granted(results, "authCode")
            self.site.registered.add(self.sn)

        own_sn = self.sn if self.needs_sn("dev.register") else None
        return await self._flow("dev.register", _changed(params, change), keep, sn=own_sn)

    async def accredit(self, change: Mapping[str, object] | None = None) -> Answer:
        """`dev.accredit`; keeps the `secret`."""

        def keep(results: Mapping[str, Any]) -> None:
            self.secret = self._granted(results, "secret")

        params = {**self.proof, "authCode": self.auth_code}
        return await self._flow("dev.accredit", _changed(params, change), keep, sn=self.sn)

    async def login(self, change: Mapping[str, object] | None = None) -> Answer:
        """`dev.login` with what was granted."""
        params = {**self.proof, "authCode": self.auth_code, "secret": self.secret}
        return await self._flow("dev.login", _changed(params, change), None, sn=self.sn)

    async def report(self, change: Mapping[str, object] | None = None) -> Answer:
        """`dev.report`; business may follow its success. `change` cannot put in what the platform does not take."""
        reading = self.site.terms.reading

        def keep(results: Mapping[str, Any]) -> None:
            self.online = True
            self.package_bytes = MAX_PACKAGE_KB * 1024
            self.terms = parse_terms(results)

        taken = {name: value for name, value in (change or {}).items() if name not in reading.report_without}
        return await self._flow("dev.report", _changed(self.report_params(), taken), keep, sn=self.sn)

    def register_params(self) -> dict[str, Any]:
        """The parameters of `dev.register`: over MQTT without what is not needed there."""
        terms = self.site.terms
        params = {
            "protType": protocol_type(terms.broker_type),
            "protVer": terms.reading.protocol_version,
            **self.proof,
            "devType": terms.device_type,
        }
        left_out = () if terms.mqtt is None else CATALOGUE["dev.register"].left_out_over_publish_subscribe
        return {name: value for name, value in params.items() if name not in left_out}

    def needs_sn(self, func_id: str) -> bool:
        """Whether a message of the device holds its `sn` in the envelope."""
        catalogue = CATALOGUE if self.site.terms.mqtt is None else OVER_PUBLISH_SUBSCRIBE
        return catalogue[func_id].sn_required

    def fall_silent(self) -> None:
        """Over MQTT: break the promise of keep-alive."""
        if isinstance(self._connection, MqttConnection):
            self._connection.fall_silent()

    def report_params(self) -> dict[str, Any]:
        """The parameters of `dev.report` as the platform under test wants them."""
        return self.site.terms.reading.reported(REPORT, self.sn)

    def step(self, func_id: str) -> Callable[[Mapping[str, object] | None], Awaitable[Answer]]:
        """What sends `dev.register`, `dev.accredit` or `dev.login`, with what is changed in it."""
        return {"dev.register": self.register, "dev.accredit": self.accredit, "dev.login": self.login}[func_id]

    # --- What the platform takes ---

    def message(self, func_id: str, params: object = None, **envelope: Any) -> dict[str, Any]:
        """As `Link.message`; ends the case as NOT-RUN where the platform has negotiated `func_id` away.

        Raises:
            Ended: If the reply to this connection's report does not list it, or wants no heartbeats.
        """
        if self.online and func_id == HEARTBEAT and not self.terms.heartbeat:
            raise Ended(not_run("the platform wants no heartbeats: supportHeartbeat is 0"))
        if self.online and func_id in CATALOGUE and not self.terms.allows(func_id) and CATALOGUE[func_id].negotiated:
            raise Ended(
                not_run(
                    Told("the platform does not list {func_id} in the funcIds of the report's reply", func_id=func_id)
                )
            )
        return super().message(func_id, params, **envelope)

    def probe(self) -> dict[str, Any]:
        """A right message that every platform takes while online: a heartbeat, or where it wants none the report."""
        if self.terms.heartbeat:
            return self.message(HEARTBEAT, {"isFree": "1"})
        return self.message("dev.report", self.report_params(), sn=self.sn)

    # --- Inside ---

    async def _flow(
        self,
        func_id: str,
        params: Mapping[str, object],
        accept: Callable[[Mapping[str, Any]], None] | None,
        sn: str | None = None,
    ) -> Answer:
        self.problem = ""
        message = self.message(func_id, params, sn=sn)
        waiter = self.expect(message["mid"], func_id)

        def take_reply(reply: Reply) -> None:
            if accept is None or not reply.ok:
                return
            try:
                accept(reply.results)
            except ChannelViolation as error:
                self.problem = str(error)
                self.site.violation(rules.CHANNEL_KEY, self.problem, func_id, self.which)

        waiter.accept = take_reply
        self.send_json(orjson.dumps(message))
        return await self.wait_for(waiter, message["mid"])

    def _granted(self, results: Mapping[str, Any], name: str) -> str:
        value = results.get(name)
        if not isinstance(value, str) or not value:
            self.problem = Told("the reply holds no {name}", name=name)
            return ""
        self.site.hide(value)
        return value


def _changed(params: Mapping[str, object], change: Mapping[str, object] | None) -> dict[str, object]:
    changed = {**params, **(change or {})}
    return {name: value for name, value in changed.items() if value is not None}


def proof_of(identity: Credentials) -> dict[str, str]:
    """`productId` and the digest of the devKey; 1,000 rounds of hashing, so it is kept."""
    digest = credentials.device_key_digest(identity.dev_key, identity.product_id)
    return {"productId": identity.product_id, "devKey": digest}
