"""What somebody at the page has one device do: verify, enrol, reboot. All of it as the device would by itself.

Each returns what kept it from being done, as a key (`simulator.measurements.actions`); empty where it was done.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from simulator.device.behaviours.base import Behaviour
from simulator.device.behaviours.enrolment import Enrolments, EnrolmentSection
from simulator.device.behaviours.verification import Verifications, VerificationSection
from simulator.device.device import Device
from simulator.device.memory import StoreFull
from simulator.device.states import Stage
from simulator.device.uploads import UPLOAD_USER
from simulator.measurements.actions import (
    ENROL,
    NOBODY,
    NOT_LISTED,
    NOT_ON,
    NOT_ONLINE,
    NOT_UP,
    REBOOT,
    STORE_FULL,
    VERIFY,
)
from simulator.measurements.names import DeviceState

B = TypeVar("B", bound=Behaviour)

_ONCE: Final = {"rate": "1/min"}
"""A stream that nobody starts needs a rate all the same."""


def verify(device: Device, now: float) -> str:
    """Somebody verifies at the device at the monotonic time `now`; its record goes the usual way."""
    if (problem := _unusable(device)) != "":
        return problem
    parts = device.parts
    stream = _of(device, Verifications)
    if stream is None:
        settings = VerificationSection.model_validate(_ONCE).settings(for_meetings=True)
        stream = Verifications(settings, parts)
    record = stream.make(now)
    if record is None:
        return NOBODY
    device.delivery.add_record(record)
    return ""


def enrol(device: Device, now: float) -> str:
    """Somebody is enrolled at the device at the monotonic time `now`, with portrait, photos and card."""
    if (problem := _unusable(device)) != "":
        return problem
    if UPLOAD_USER in device.spec.settings.functions.without:
        return NOT_LISTED
    stream = _of(device, Enrolments)
    if stream is None:
        stream = Enrolments(EnrolmentSection.model_validate(_ONCE).settings(), device.parts)
    try:
        device.delivery.add_uploads(stream.make(now))
    except StoreFull:
        return STORE_FULL
    return ""


def reboot(device: Device, now: float) -> str:
    """The device reboots as by a command: what is under way is answered first."""
    if device.state is not DeviceState.ONLINE or device.lifecycle.stage is not Stage.LIVING:
        return NOT_ONLINE
    device.reboot()
    return ""


ACTIONS: Final[Mapping[str, Callable[[Device, float], str]]] = MappingProxyType(
    {VERIFY: verify, ENROL: enrol, REBOOT: reboot}
)


def _unusable(device: Device) -> str:
    if device.lifecycle.stage is not Stage.LIVING or device.state in (DeviceState.FAILED, DeviceState.STOPPED):
        return NOT_ON
    return NOT_UP if device.parts.down() else ""


def _of(device: Device, kind: type[B]) -> B | None:
    """The first of a device's behaviours of this kind."""
    return next((each for each in device.behaviours if isinstance(each, kind)), None)
