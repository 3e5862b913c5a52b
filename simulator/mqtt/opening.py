"""From CONNECT to CONNACK: what it needs until it is done, and its failures in words."""

import asyncio
import ssl
from typing import Final

from simulator.mqtt.codec import encode, encode_text
from simulator.mqtt.decoding import check_topic
from simulator.mqtt.endings import NO_MQTT, REFUSALS, UNUSABLE_LOGIN
from simulator.mqtt.login import Login
from simulator.mqtt.packets import Connect, ConnectReturn, MalformedPacket
from simulator.wire.errors import ConnectFailed, explain_tls, shown_address
from simulator.wire.reaching import Outcome, Target

_CONNACK: Final = 0x20
_TLS_ALERT: Final = 0x15
_HTTP: Final = ord("H")
"""The first byte of every HTTP answer."""


class Opening(Outcome):
    """One CONNECT; dropped when it is answered.

    Attributes:
        connect: CONNECT's bytes.
        up: The topic that the client publishes to, as packets hold it.
        down: The topic that it subscribes to, likewise.
        keep_alive: Seconds; 0 for none.
        subscribed: The topic that the client had subscribed to in its session, if the broker still has that.

    Raises:
        ConnectFailed: If MQTT has no bytes for what `login` holds.
    """

    __slots__ = ("_target", "clean_session", "connect", "down", "keep_alive", "subscribed", "up")

    def __init__(self, target: Target, login: Login, done: asyncio.Future[None], deadline: float) -> None:
        super().__init__(done, deadline)
        self._target = target
        self.subscribed: bytes | None = None
        self.clean_session = login.clean_session
        self.keep_alive = login.keep_alive
        try:
            check_topic(login.up)
            check_topic(login.down)
            self.up = encode_text(login.up)
            self.down = encode_text(login.down)
            self.connect = encode(
                Connect(
                    client_id=login.client_id,
                    clean_session=login.clean_session,
                    keep_alive=login.keep_alive,
                    username=login.username,
                    password=None if login.password is None else login.password.encode(),
                )
            )
        except (MalformedPacket, ValueError) as error:
            told = "a string of MQTT has no surrogates in it" if isinstance(error, UnicodeError) else error
            raise ConnectFailed(
                UNUSABLE_LOGIN, f"what this client is to present cannot be said in MQTT: {told}"
            ) from None

    def wrong_first_byte(self, first: int) -> ConnectFailed | None:
        """What is wrong where an answer begins so; None where nothing is."""
        if first == _CONNACK:
            return None
        where = shown_target(self._target)
        if first == _TLS_ALERT:
            return ConnectFailed("handshake", f"{where} answered in TLS: the URL has to begin with mqtts://")
        if first == _HTTP:
            return ConnectFailed("handshake", f"{where} answered in HTTP: no MQTT broker")
        return self.improper("its first packet is no CONNACK")

    def improper(self, what: str) -> ConnectFailed:
        """The broker's answer is none that MQTT has."""
        return ConnectFailed(NO_MQTT, f"{shown_target(self._target)} did not answer CONNECT properly: {what}")

    def refused(self, code: int) -> ConnectFailed:
        """The broker said no."""
        try:
            kind = REFUSALS[ConnectReturn(code)]
        except (KeyError, ValueError):
            return self.improper(f"CONNACK has the reserved code {code}")
        return ConnectFailed(kind, f"{shown_target(self._target)} refused the client: {kind} (code {code})")

    def fail_as_lost(self, detail: str, exc: Exception | None) -> None:
        """The connection ended before the broker had answered: how, and by which exception."""
        if isinstance(exc, ssl.SSLError):
            self.fail(ConnectFailed("tls", explain_tls(exc, self._target, self._target.scheme)))
            return
        if self._target.secure:
            # With TLS 1.3 the client's certificate is asked for after its own side of the handshake is done.
            hint = " (it may demand a client certificate, or refuse the client without a word)"
        else:
            hint = " (if it expects TLS, the URL has to begin with mqtts://)"
        where = shown_target(self._target)
        self.fail(ConnectFailed("handshake", f"{where} did not answer CONNECT: {detail}{hint}"))


def shown_target(target: Target) -> str:
    """The URL as messages may show it."""
    return f"{target.scheme}{'s' if target.secure else ''}://{shown_address(target.host, target.port)}"
