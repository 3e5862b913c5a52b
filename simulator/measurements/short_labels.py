"""What people read for the names of `measurements.names` in legends and cells: a few words, in their language.

Names themselves (`photo_acknowledged`, `lookup`) are for files and expressions alone.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from simulator.measurements.names import (
    ACKNOWLEDGED,
    GENERATED,
    KEPT,
    LOST,
    OTHERS,
    PENDING,
    PHOTO_ACKNOWLEDGED,
    PHOTO_GENERATED,
    PHOTO_KEPT,
    PHOTO_LOST,
    PHOTO_REFUSED,
    PHOTO_REJECTED,
    PHOTO_RESTORED,
    REFUSED,
    REJECTED,
    RESENT,
    RESTORED,
    UNCLAIMED,
    UNKEPT,
    DeviceState,
    text_of,
)
from simulator.shown import printable
from simulator.texts.translation import N_, _, pgettext

_CLOSED: Final = re.compile(r"closed (\d+)(?:( by the device)(?:: (.+))?)?")
"""A WebSocket's close code, and who sent it."""

EVENT_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        GENERATED: N_("records generated"),
        ACKNOWLEDGED: N_("records acknowledged"),
        PENDING: N_("records pending"),
        REFUSED: N_("records refused: store full"),
        REJECTED: N_("records given up"),
        LOST: N_("records lost"),
        RESENT: N_("records sent again"),
        RESTORED: N_("records of earlier runs"),
        KEPT: N_("records kept for the next run"),
        UNKEPT: N_("records without room in the state file"),
        UNCLAIMED: N_("records of devices that did not start"),
        PHOTO_GENERATED: N_("pictures taken"),
        PHOTO_ACKNOWLEDGED: N_("pictures acknowledged"),
        PHOTO_REFUSED: N_("pictures refused: store full"),
        PHOTO_REJECTED: N_("pictures given up"),
        PHOTO_LOST: N_("pictures lost"),
        PHOTO_RESTORED: N_("pictures of earlier runs"),
        PHOTO_KEPT: N_("pictures kept for the next run"),
    }
)
"""By `names.RECORD_EVENTS`, and `PENDING`."""

STATE_LABELS: Final[Mapping[str, str]] = MappingProxyType(
    {
        DeviceState.OFFLINE.value: N_("not started"),
        DeviceState.LOOKUP.value: N_("looking up the broker"),
        DeviceState.CONNECTING.value: N_("connecting"),
        DeviceState.EXCHANGE.value: N_("exchanging keys"),
        DeviceState.REGISTER.value: N_("registering"),
        DeviceState.ACCREDIT.value: N_("being accredited"),
        DeviceState.LOGIN.value: N_("logging in"),
        DeviceState.REPORT.value: N_("reporting"),
        DeviceState.ONLINE.value: N_("online"),
        DeviceState.WAITING.value: N_("waiting to reconnect"),
        DeviceState.REBOOTING.value: N_("rebooting"),
        DeviceState.UNPOWERED.value: N_("without power"),
        DeviceState.FAILED.value: N_("gave up"),
        DeviceState.STOPPED.value: N_("stopped"),
        DeviceState.LOST.value: N_("lost with their worker"),
    }
)
"""By the values of `DeviceState`."""


def event_label(event: str) -> str:
    """A record event; what a later version may tell of stands as it is."""
    return _said(EVENT_LABELS, event)


def state_label(state: str) -> str:
    """A device's state."""
    return _said(STATE_LABELS, state)


def reason_label(reason: str) -> str:
    """Why a connection ended (a name of `disconnects`); what is no word of ours stands as it is."""
    label = reason_labels().get(reason)
    if label is not None:
        return label
    found = _CLOSED.fullmatch(reason)
    if found is None:
        return printable(reason)
    code, device, why = found.groups()
    if device is None:
        return pgettext("disconnect", "closed {code}", code=code)
    if why is None:
        return pgettext("disconnect", "closed {code} by the device", code=code)
    return pgettext("disconnect", "closed {code} by the device: {why}", code=code, why=reason_labels().get(why, why))


def reason_labels() -> dict[str, str]:
    """Of all reasons without a number in them, in the language that is spoken now."""
    return {
        "stopped": pgettext("disconnect", "stopped"),
        "reboot": pgettext("disconnect", "reboot"),
        "power lost": pgettext("disconnect", "power lost"),
        "timeout": pgettext("disconnect", "timeout"),
        "protocol violation": pgettext("disconnect", "protocol violation"),
        "internal error": pgettext("disconnect", "internal error"),
        "initial flow refused": pgettext("disconnect", "initial flow refused"),
        "no pong": pgettext("disconnect", "no pong"),
        "closed by the broker": pgettext("disconnect", "closed by the broker"),
        "connection lost": pgettext("disconnect", "connection lost"),
        "taken over": pgettext("disconnect", "taken over"),
        "keep-alive": pgettext("disconnect", "keep-alive"),
        "disconnected": pgettext("disconnect", "disconnected"),
        "no proper MQTT": pgettext("disconnect", "no proper MQTT"),
        "message too large": pgettext("disconnect", "message too large"),
        "internal fault": pgettext("disconnect", "internal fault"),
        "no proper WebSocket frame": pgettext("disconnect", "no proper WebSocket frame"),
        "text that is not UTF-8": pgettext("disconnect", "text that is not UTF-8"),
        OTHERS: pgettext("disconnect", "others"),
    }


def code_label(code: str) -> str:
    """An outcome's code with what it means, as far as that is known: `E0000004 (a value out of its format)`."""
    if code == OTHERS:
        return _("other codes")
    meaning = text_of(code)
    return f"{code} ({meaning})" if meaning else printable(code)


def _said(labels: Mapping[str, str], name: str) -> str:
    label = labels.get(name)
    return printable(name) if label is None else _(label)
