"""Which settings of a scenario may be other than the platform wants, where it refuses a step without saying why."""

from collections.abc import Mapping
from typing import Final

from simulator.device.channel_context import with_doubts
from simulator.device.reading import Reading
from simulator.device.witness import Witness
from simulator.measurements.names import MALFORMED_REPLY
from simulator.protocol.catalogue import LOOKUP
from simulator.protocol.channel.base import DeviceChannel
from simulator.protocol.codes import INTERNAL
from simulator.shown import detail, label
from simulator.texts.told import Told
from simulator.texts.translation import N_

_LOGIN: Final = "dev.login"
_OF_STEP: Final[Mapping[str, tuple[str, ...]]] = {
    "dev.register": ("protocol_version", "device_type", "broker_type"),
    "dev.report": ("report.fields", "report.without", "report.sn_in_params", "options"),
    "dev.data.upload.verifyLog": ("meet_code",),
    "dev.data.upload.verifyPhoto": ("meet_code",),
}
_OF_IDENTITY: Final[Mapping[str, tuple[str, ...]]] = {
    LOOKUP: ("sn", "secretKey"),
    "dev.register": ("productId", "devKey"),
}
"""Columns of the identities that a step proves."""
_CLOSED: Final = "closed"
"""What the end of a connection is called that the platform closed."""
_EXCHANGES: Final = frozenset({"device.exchange.publicKey", "device.exchange.factor"})
_OF_BROKER: Final[Mapping[str, tuple[str, ...]]] = {
    "not authorized": ("mqtt.client_id", "mqtt.username", "mqtt.password"),
    "bad user name or password": ("mqtt.username", "mqtt.password"),
    "identifier rejected": ("mqtt.client_id",),
    "unacceptable protocol version": ("mqtt.protocol",),
    "subscription refused": ("mqtt.down",),
}
"""By the broker's reason. Most of a profile is assumed until somebody has asked."""
_FIRST_OVER_MQTT: Final = frozenset({"device.exchange.publicKey", "dev.register"})
"""What goes out first on a topic that perhaps nobody listens to."""
KEPT_ADDRESS: Final = N_("the broker's address was asked for earlier: lookup.again")


def refusal(
    witness: Witness, reading: Reading, channel: DeviceChannel, func_id: str, code: str, text: str
) -> tuple[str, str]:
    """Code and text of a request that failed as people are shown them, with the settings that may help.

    A platform may put anything there: a megabyte, a terminal's commands, what the device has just proved.
    """
    code, text = label(witness.shown(code)), detail(witness.shown(text))
    return code, with_doubts(told(reading, func_id, code, text), channel)


def told(reading: Reading, func_id: str, code: str, text: str) -> str:
    """What is known of a failed request: the platform's own words, and the settings that belong to the step.

    Args:
        code: that the platform refused with, or what a reply is that makes no sense.
        text: what it said beside it; empty for nothing.
    """
    if code == MALFORMED_REPLY:
        return text
    if func_id == _LOGIN:
        kept = Told("refused with {code}, credentials kept: login.register_again_on", code=code)
        hint = "" if reading.forgets_on(code) else kept
    else:
        names = _OF_STEP.get(func_id, ()) if code != INTERNAL else ()
        # A platform that knows this format may have named the one.
        hint = "" if any(name in text for name in names) else ", ".join(names)
        hint = hint and Told("settings of this step: {names}", names=hint)
    return "; ".join(filter(None, (text, of_identity(func_id, code, text), hint)))


def of_identity(func_id: str, code: str, text: str) -> str:
    """Which values of the device's identity this step proves, where it was refused; empty where it was not by them."""
    names = _OF_IDENTITY.get(func_id, ()) if code not in (INTERNAL, MALFORMED_REPLY) else ()
    if not names or any(name in text for name in names):
        return ""
    return Told("does the identity hold what the platform knows: {names}", names=", ".join(names))


def cut_off(func_id: str, told_of_it: str) -> str:
    """What is known of a request that the connection's end cut off; of an exchange, that it may be another suite's."""
    if func_id not in _EXCHANGES or "channel." in told_of_it or not told_of_it.startswith(_CLOSED):
        return told_of_it
    return "; ".join((told_of_it, Told("does the platform use another suite: channel.suite")))


def broker_refused(code: str, text: str) -> str:
    """What is known of a connect or a subscription that failed, and the settings of an MQTT profile that may help."""
    names = ", ".join(_OF_BROKER.get(code, ()))
    return "; ".join((text, Told("settings of this step: {names}", names=names))) if names else text


def silence(channel: DeviceChannel, func_id: str, over_mqtt: bool) -> str:
    """What may be the reason where no reply came in time; empty where nothing is known."""
    if over_mqtt and func_id in _FIRST_OVER_MQTT:
        no_reply, names = Told("the first message had no reply"), "mqtt.up, mqtt.down"
        return with_doubts("; ".join((no_reply, Told("settings of this step: {names}", names=names))), channel)
    return channel.doubts
