"""Where a device's broker is and how it is reached: the look-up, its kept answer, the opening of the connection.

Look-up and opening are measured as requests, whatever becomes of them. When to connect is the lifecycle's business, how
it is done the network's.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final, TypeVar
from urllib.parse import urlsplit

from simulator.device import initial_flow
from simulator.device.device_clock import DeviceClock
from simulator.device.end_reason import EndReason
from simulator.device.environment import Environment, MqttWay, NetworkError
from simulator.device.hints import KEPT_ADDRESS, broker_refused
from simulator.device.initial_flow import FlowFailed
from simulator.device.session import Session
from simulator.device.settings import DeviceSpec
from simulator.device.sleep import sleep
from simulator.device.witness import Witness
from simulator.measurements.names import (
    BAD_PROFILE,
    DISCONNECTED,
    INTERNAL_ERROR,
    NO_SESSION,
    PUBACK,
    SESSION_REFUSED,
    TLS_HANDSHAKE,
    TLS_RESUMPTION,
)
from simulator.measurements.observation_rules import LOOKUP_KEY_IN_CLEAR
from simulator.measurements.violation_rules import SESSION_MQTT
from simulator.mqtt.endings import BROKERS_FAULTS
from simulator.mqtt.login import ClientState, Login
from simulator.protocol import device_certificate
from simulator.protocol.broker import BrokerAnswer
from simulator.protocol.catalogue import CONNECT, LOOKUP, SUBSCRIBE
from simulator.protocol.codes import SUCCESS
from simulator.protocol.reading import LookupAgain
from simulator.pubsub.login import login_of
from simulator.pubsub.profile import Identity
from simulator.pubsub.templates import CannotFill
from simulator.wire.resumption import Handshake, KeptSession

T = TypeVar("T")

_HANDSHAKES: Final = {
    Handshake.FIRST: (TLS_HANDSHAKE, SUCCESS),
    Handshake.RESUMED: (TLS_RESUMPTION, SUCCESS),
    Handshake.REFUSED: (TLS_RESUMPTION, SESSION_REFUSED),
    Handshake.NO_SESSION: (TLS_RESUMPTION, NO_SESSION),
}
"""As which flow a handshake is counted, and its code."""

_REFUSED = "http "
"""What the kind of a failure begins with where somebody is there and does not open the connection."""
_FAILURES_BEFORE_NEW_LOOKUP = 2
"""In a row, with a kept answer, after which the device asks again (docs/deviations.md, Look-up)."""


@lru_cache(maxsize=64)  # a platform tells most of its devices the same, and 20,000 of them share one object
def _shared(answer: BrokerAnswer) -> BrokerAnswer:
    return answer


@lru_cache(maxsize=64)
def _shared_text(text: str | None) -> str | None:
    return text


def _kept(answer: BrokerAnswer) -> BrokerAnswer:
    """What a device keeps of an answer.

    One with a certificate is this device's alone, and would only push out what is shared: certificate and key are its
    own (1 KB for P-256, 3 KB for RSA), the rest is what others have as well.
    """
    if answer.certificate is None and answer.private_key is None:
        return _shared(answer)
    return replace(
        answer,
        message="",
        url=_shared_text(answer.url),
        root_ca=_shared_text(answer.root_ca),
        public_key=None,
        company_id=_shared_text(answer.company_id),
        site_id=_shared_text(answer.site_id),
    )


def _port(url: str | None) -> int | None:
    """That the address names; None also where it names none that there is, which connecting says better."""
    try:
        return urlsplit(url or "").port
    except ValueError:
        return None


class BrokerLink:
    """One device's way to its broker."""

    __slots__ = (
        "_again",
        "_answer",
        "_connected",
        "_env",
        "_failures",
        "_mqtt",
        "_on_acknowledged",
        "_shown",
        "_spec",
        "_tls",
        "_used",
        "_witness",
    )

    def __init__(self, env: Environment, spec: DeviceSpec, witness: Witness) -> None:
        self._env = env
        self._spec = spec
        self._witness = witness
        self._answer: BrokerAnswer | None = None
        self._shown: BrokerAnswer | None = None
        """By which the last connection was made, whether it is kept or not."""
        self._connected: float | None = None
        """When the device began to connect to its MQTT broker, monotonic seconds."""
        self._failures = 0
        self._used = False
        """Whether a connection was opened by the answer before."""
        self._again = spec.settings.reading.lookup_again
        self._mqtt = None if spec.settings.mqtt is None else ClientState(self._published)
        self._on_acknowledged: Callable[[], None] | None = None
        self._tls = self._no_session()

    @property
    def answer(self) -> BrokerAnswer | None:
        """The look-up's, while it is kept."""
        return self._answer

    @property
    def shown(self) -> BrokerAnswer | None:
        """By which the last connection was made, whether it is kept or not."""
        return self._shown

    @property
    def known(self) -> bool:
        """Whether the device knows where to connect to; if not, it must `look_up`."""
        return self._answer is not None

    async def look_up(self, clock: DeviceClock, rng: random.Random) -> None:
        """Ask where the broker is, and keep the answer.

        Raises:
            FlowFailed: As `initial_flow.look_up`.
        """
        env, spec = self._env, self._spec
        answer = await initial_flow.look_up(env, spec.credentials, spec.settings, clock, rng, self._witness)
        if not env.dispatch_url(spec.index).startswith("https:"):
            # Over plain HTTP anybody in between could have put a certificate of their own there.
            answer = replace(answer, root_ca=None)
            if answer.private_key is not None:
                self._witness.observation(LOOKUP_KEY_IN_CLEAR, LOOKUP, "results.privateKey came over plain HTTP")
        self._answer = _kept(answer)
        self._failures = 0
        self._used = False

    async def turn(self) -> None:
        """Return when the device may connect again: some brokers are known to take one connect in so many seconds."""
        mqtt = self._spec.settings.mqtt
        interval = None if mqtt is None else mqtt.limits.connect_interval
        if interval is None or self._connected is None:
            return
        wait = self._connected + interval - self._env.clock.monotonic()
        if wait > 0:
            await sleep(self._env.timers, wait)

    async def connect(self, session: Session, proof: Mapping[str, str], rng: random.Random) -> None:
        """Open the connection for `session`; over MQTT, with the subscription by which it is told anything.

        Args:
            proof: `key_proof` of the device.

        Raises:
            FlowFailed: If it cannot be opened.
        """
        answer, used = self._answer, self._used
        assert answer is not None, "looked up before"
        self._used = True
        self._shown = answer
        if self._again is LookupAgain.EACH_CONNECT:
            self._answer = None
        network, index = self._env.network, self._spec.index
        if self._mqtt is None:
            opened = network.connect(answer, session, index=index, tls=self._tls)
            await self._measured(CONNECT, opened, session, used)
            return
        way = MqttWay(self._login(answer, proof, rng), self._mqtt, self._tls)
        self._connected = self._env.clock.monotonic()
        opening = network.connect_mqtt(answer, session, index=index, way=way)
        connection = await self._measured(CONNECT, opening, session, used)
        if connection.needs_subscription:
            await self._measured(SUBSCRIBE, network.subscribe(connection), session, used)

    @property
    def unacknowledged(self) -> bool:
        """Whether the broker still owes a PUBACK."""
        return self._mqtt is not None and bool(self._mqtt.in_flight)

    def when_acknowledged(self, callback: Callable[[], None] | None) -> None:
        """Call it, instead of the one before, when the broker owes none any more."""
        self._on_acknowledged = callback

    def ended(self) -> None:
        """The device's life is over: what the broker has not acknowledged is not sent again."""
        if self._mqtt is not None:
            self._mqtt.lost()

    def _login(self, answer: BrokerAnswer, proof: Mapping[str, str], rng: random.Random) -> Login:
        """What the broker's profile makes of this device.

        Raises:
            FlowFailed: If the look-up's answer lacks what the profile needs.
        """
        held, profile = self._spec.credentials, self._spec.settings.mqtt
        assert profile is not None, "asked over MQTT alone"
        identity = Identity(
            sn=held.sn,
            product_id=held.product_id,
            dev_key=held.dev_key,
            device_secret=held.device_secret,
            company_id=answer.company_id,
            site_id=answer.site_id,
        )
        try:
            now = self._env.clock.wall()
            return login_of(profile, identity, rng=rng, now=now, digest=proof["devKey"], port=_port(answer.url))
        except (CannotFill, ValueError) as error:
            env = self._env
            env.recorder.request(CONNECT, env.clock.wall(), 0.0, BAD_PROFILE, 0, 0, 0.0)
            env.recorder.detail(CONNECT, BAD_PROFILE, str(error), env.clock.wall())
            self.failed()
            raise FlowFailed(CONNECT, BAD_PROFILE, str(error)) from None

    def _no_session(self) -> KeptSession | None:
        """What a device keeps TLS sessions in whose memory is empty; None where it keeps none.

        The connection that is dying still leaves its session in the one before.
        """
        env = self._env
        return KeptSession(env.clock.monotonic, self._shook_hands) if env.keeps_tls_sessions else None

    def _shook_hands(self, handshake: Handshake, seconds: float) -> None:
        env, (flow, code) = self._env, _HANDSHAKES[handshake]
        env.recorder.flow(flow.name, env.clock.wall() - seconds, seconds, code)

    def _published(self, sent: float, taken: bool) -> None:
        """A message was acknowledged by the broker, or never will be."""
        env = self._env
        lasted = env.clock.monotonic() - sent
        env.recorder.flow(PUBACK.name, sent + env.epoch, lasted, SUCCESS if taken else DISCONNECTED)
        if self._on_acknowledged is not None and not self.unacknowledged:
            self._on_acknowledged()

    async def _measured(self, name: str, step: Awaitable[T], session: Session, used: bool) -> T:
        """One step of the opening, counted as the request `name`.

        Args:
            used: whether an earlier connection was made by the same answer.

        Raises:
            FlowFailed: If it does not succeed.
        """
        env = self._env
        started, before = env.clock.wall(), env.clock.monotonic()
        code = INTERNAL_ERROR
        failed = None
        try:
            made = await step
            code = SUCCESS
            return made
        except NetworkError as error:
            failed = error
            code = error.kind
            self.failed()
            told = (
                f"{error}; {KEPT_ADDRESS}" if used and code.startswith(_REFUSED) else broker_refused(code, str(error))
            )
            env.recorder.detail(name, code, told, env.clock.wall())
            if name == CONNECT and code in BROKERS_FAULTS:
                # A subscription's is told by the end of its connection.
                self._witness.violation(SESSION_MQTT, "", str(error))
            session.abort(EndReason.FLOW_REFUSED)
            raise FlowFailed(name, error.kind, told) from error
        except asyncio.CancelledError:
            # It may have opened at the very moment at which it was broken off.
            code = DISCONNECTED
            session.abort(EndReason.STOPPED)
            raise
        finally:
            lasted = env.clock.monotonic() - before
            env.recorder.request(name, started, lasted if failed is None else failed.lasted(lasted), code, 0, 0, 0.0)

    def worked(self) -> None:
        """The device came online by the kept answer."""
        self._failures = 0

    def refused(self) -> None:
        """The platform itself turned the device away: by its certificate, perhaps, where it has one of the look-up."""
        if self._answer is not None and self._answer.certificate is not None:
            self.failed()

    def another_named(self) -> str:
        """What to add to a refusal: whom the look-up's certificate names, where that is not this device."""
        certificate = None if self._shown is None else self._shown.certificate
        if certificate is None or self._spec.credentials.sn in device_certificate.names_in(certificate):
            return ""
        return f"; the look-up's certificate is {device_certificate.in_words(certificate)}"

    @property
    def private_key(self) -> str | None:
        """The key of the look-up's answer by which the last connection was made."""
        return None if self._shown is None else self._shown.private_key

    def rebooted(self) -> None:
        """The device goes down, and perhaps forgets where its broker was; a TLS session is in RAM."""
        self._tls = self._no_session()
        if self._again is LookupAgain.AFTER_REBOOT:
            self._answer = None

    def power_lost(self) -> None:
        """As `rebooted`, and RAM is empty: what the broker has not acknowledged is not sent again.

        A broker's pause between connects is kept to all the same: a device takes longer than that to start.
        """
        self.rebooted()
        self._failures = 0
        self._on_acknowledged = None
        if self._mqtt is not None:
            self._mqtt.lost()
            # The connection that is dying may still borrow the old one.
            self._mqtt = ClientState(self._published)

    def failed(self) -> None:
        """The kept answer led nowhere, or to somebody who does not answer as a platform does."""
        self._failures += 1
        if self._failures >= _FAILURES_BEFORE_NEW_LOOKUP:
            self._answer = None
