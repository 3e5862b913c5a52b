"""The list of behaviours: what a scenario's group may say about them, and how a device is given those it has.

A new behaviour is a file beside this one and its two entries here.
"""

from collections.abc import Iterator

from simulator.device.behaviours.attendance import Attendance, AttendanceFields
from simulator.device.behaviours.base import Behaviour, DeviceParts
from simulator.device.behaviours.enrolment import EnrolmentFields, Enrolments
from simulator.device.behaviours.heartbeat import Heartbeat, HeartbeatFields
from simulator.device.behaviours.keep_alive import KeepAlive, KeepAliveFields
from simulator.device.behaviours.option_upload import OptionUpload, OptionUploadFields
from simulator.device.behaviours.verification import VerificationFields, Verifications
from simulator.device.settings import BehaviourSettings, DeviceSettings

BEHAVIOURS: tuple[type[Behaviour], ...] = (Heartbeat, KeepAlive, Verifications, Enrolments, OptionUpload, Attendance)
"""In the order in which a device makes and tells them: each draws from the one random source."""

_BY_SETTINGS = {behaviour.settings_type: behaviour for behaviour in BEHAVIOURS}


class GroupBehaviours(
    AttendanceFields, OptionUploadFields, KeepAliveFields, HeartbeatFields, EnrolmentFields, VerificationFields
):
    """All keys of a group that are about behaviours. Tables show those of the last base first."""

    def behaviours(self) -> Iterator[BehaviourSettings]:
        """Settings of everything that the devices of the group do by themselves."""
        for behaviour in BEHAVIOURS:
            yield from behaviour.fields.behaviours(self)


def behaviours_of(settings: DeviceSettings, device: DeviceParts) -> tuple[Behaviour, ...]:
    """What the device of these parts does by itself."""
    return tuple(_BY_SETTINGS[type(each)](each, device) for each in settings.behaviours)
