"""One device's topics, as its session sees a connection: where it begins anew, what came twice, what may be sent.

A connection in this sense lasts from one fresh start of the device to the next. With keys (a suite with an exchange) it
ends where the device's own connection does; without, it outlives that: what was published before a cut may come again
after it, and must be known for a repetition.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol

from simulator.platform.before_login import BeforeLogin
from simulator.platform.device_session import DeviceSession
from simulator.platform.mids import SeenMids
from simulator.platform.mqtt.devices import DeviceTopics
from simulator.platform.online import Phase
from simulator.platform.rules import EXCHANGE_KEY, LOGIN, REGISTER
from simulator.protocol.channel.base import PlatformChannel, is_binary
from simulator.protocol.envelope import MalformedMessage, decode
from simulator.wire.phase import ABNORMAL, GOING_AWAY, POLICY_VIOLATION

_RECENT = 64
"""Sealed messages of which one that comes again is known; a broker sends again what was on its way, some tens."""
_SEALING_ADDS = 256
"""Bytes that sealing adds at most, beside those of base64."""

REPEATED = "MQTT: repeated message ignored"
LATE = "MQTT: message of an earlier connection dropped"
TOO_LARGE = "MQTT: message larger than the broker takes, not published"
OVERSIZED = "MQTT: message larger than the device's profile allows"


class Recipient(Protocol):
    """Who gets the messages of a connection: its session, or what stands before it until the login."""

    def message(self, payload: bytes, binary: bool) -> None: ...

    def closed(self, code: int, reason: str, detail: str) -> None: ...


class Owner(Protocol):
    """Who keeps the connections of all devices."""

    def new_channel(self) -> PlatformChannel:
        """The platform's end of a channel, before any exchange."""
        ...

    def new_session(self, channel: PlatformChannel, connection: "TopicConnection") -> DeviceSession:
        """A session on this connection, which was not opened yet."""
        ...

    def guarded(self, session: DeviceSession) -> BeforeLogin:
        """What stands before a session until its login."""
        ...

    def publish(self, device: DeviceTopics, payload: bytes) -> None:
        """Publish to the device."""
        ...

    def ended(self, connection: "TopicConnection", *, drop: bool) -> None:
        """The connection is over; with `drop`, the device's own is to be ended as well."""
        ...

    def event(self, name: str) -> None:
        """Something happened that is counted."""
        ...


class TopicConnection:
    """A `PlatformConnection` and `Publisher`: what a device publishes goes to its session, and back.

    Attributes:
        device: Whose topics they are.
        away: Whether the device was seen to leave, and has not begun anew.
    """

    __slots__ = (
        "_answers",
        "_channel",
        "_dup",
        "_exchange",
        "_goes_on",
        "_handler",
        "_has_exchange",
        "_open",
        "_owner",
        "_recent",
        "_registered",
        "away",
        "device",
        "session",
    )

    session: DeviceSession
    _handler: Recipient
    _exchange: str | None
    """mid of the exchange that the keys come from."""
    _registered: bool
    """Whether a registration has come since the device began."""

    def __init__(self, owner: Owner, device: DeviceTopics) -> None:
        self._owner = owner
        self.device = device
        self.away = False
        self._answers = SeenMids()
        """mids of the commands that the device has answered."""
        self._dup = False
        self._recent: deque[int] | None = None
        self._begin(owner.new_channel())

    # --- What the owner calls ---

    def receive(self, payload: bytes, dup: bool) -> None:
        """The device has published."""
        if len(payload) > self.device.most_payload:
            # The broker takes what the widest of the profiles allows.
            self._owner.event(OVERSIZED)
            self.close(POLICY_VIOLATION, f"a message of {len(payload):,} bytes, larger than its profile allows")
            return
        self._dup = dup
        if self._has_exchange and self._is_exchange_or_repeated(payload):
            return
        self._handler.message(payload, is_binary(self._channel, payload))

    def renew(self, channel: PlatformChannel | None = None, *, goes_on: bool = False) -> None:
        """The device begins anew: its session ends and another takes its place, with the same keys or a new channel.

        Args:
            goes_on: whether it still waits for what the ended session has to say of what is being stored.
        """
        self._end_session(GOING_AWAY, "the device began anew")
        self._begin(channel or self._owner.new_channel())
        self._goes_on = goes_on

    def end(self, detail: str) -> None:
        """The device's own connection is gone, and with it what this one was for."""
        self._open = False
        self._owner.ended(self, drop=False)
        self._end_session(ABNORMAL, detail)

    @property
    def has_exchange(self) -> bool:
        """Whether it has keys, which belong to one connection of the device."""
        return self._has_exchange

    # --- PlatformConnection ---

    @property
    def is_open(self) -> bool:
        return self._open

    @property
    def peer_name(self) -> str | None:
        return self.device.sn

    def send(self, payload: bytes, binary: bool) -> None:
        if not self._open:
            return
        if len(payload) > self.device.most_payload:
            self._owner.event(TOO_LARGE)
            return
        self._owner.publish(self.device, payload)

    def close(self, code: int, reason: str) -> None:
        """End it, and the device's connection to the broker where that can be reached."""
        if self._open:
            self._open = False
            self._owner.ended(self, drop=True)
            self._end_session(code, reason)

    def admit(self, handler: Recipient) -> None:
        self._handler = handler

    # --- Publisher ---

    @property
    def sn(self) -> str:
        return self.device.sn

    @property
    def most_bytes(self) -> int:
        most = self.device.most_payload
        return most * 3 // 4 - _SEALING_ADDS if self._has_exchange else most

    @property
    def heir(self) -> DeviceSession | None:
        return self.session if self._goes_on else None

    def completed(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return params if params.get("productId") else {**params, "productId": self.device.product_id}

    def begins_anew(self, name: str, message: Mapping[str, Any], size: int) -> bool:
        logged_in = self.session.phase in (Phase.LOGGED_IN, Phase.ONLINE)
        anew = (name == REGISTER and (logged_in or self._registered)) or (name == LOGIN and logged_in)
        if anew:
            # One that registers has forgotten what it asked before.
            self.renew(self._channel, goes_on=name == LOGIN)
            session = self.session
            # Its keys are there already.
            session.phase = Phase.CONNECTED
            session.take(message, size)
            if session.sn:
                self.admit(session)
        elif name == REGISTER:
            self._registered = True
        return anew

    def is_late(self) -> bool:
        if self._dup:
            self._owner.event(LATE)
        return self._dup

    def repeated(self) -> None:
        self._owner.event(REPEATED)

    def answered_before(self, mid: str) -> bool:
        return not self._answers.add(mid)

    # --- Inside ---

    def _begin(self, channel: PlatformChannel) -> None:
        self._channel = channel
        self._has_exchange = channel.has_exchange
        self._exchange = None
        self._registered = False
        self._goes_on = False
        self._open = True
        self.away = False
        if self._has_exchange and self._recent is None:
            self._recent = deque(maxlen=_RECENT)
        self.session = self._owner.new_session(channel, self)
        guarded = self._owner.guarded(self.session)
        self._handler = guarded
        guarded.opened(self)

    def _end_session(self, code: int, detail: str) -> None:
        self._handler.closed(code, "", detail)

    def _is_exchange_or_repeated(self, payload: bytes) -> bool:
        """Whether all is done with a message of a suite with an exchange."""
        mid = _exchange_mid(payload)
        if mid is not None:
            if mid and mid == self._exchange:
                self.repeated()
                return True
            if self._exchange is not None:
                self.renew()
            self._exchange = mid
            return False
        if self._exchange is None and self.is_late():
            # Of the connection before, and readable where the suite seals nothing.
            return True
        recent = self._recent
        if recent is not None and is_binary(self._channel, payload):
            frame = hash(payload)
            if frame in recent:
                self.repeated()
                return True
            recent.append(frame)
        return False


def _exchange_mid(payload: bytes) -> str | None:
    """The mid of a `device.exchange.publicKey` in plain text, empty where it has none; None for anything else."""
    if payload[:1] != b"{" or EXCHANGE_KEY.encode() not in payload:
        return None
    try:
        message = decode(payload)
    except MalformedMessage:
        return None
    mid = message.get("mid")
    return None if message.get("funcId") != EXCHANGE_KEY else mid if isinstance(mid, str) else ""
