"""What each parameter of `dev.report` is set by, and what it decides in a device, or why it decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of the report.

    Attributes:
        set_by: where its value comes from.
        effect: what a device does because of it; where that is nothing, why.
    """

    set_by: str
    effect: str


_OPTIONS: Final = "`options`"
_SHOWN: Final = "None: nobody stands in front of a simulated device to see or hear it."
_TEMPERATURE: Final = "None: no message of the document carries a temperature."
_ROOM: Final = Parameter(
    "`cmd.option.set`, `options`",
    "Kept as set, in later reports (`report_room: false`: not) and in `dev.option.upload`. Else none: it is shown on "
    "the device's screen.",
)

PARAMETERS: Final[Mapping[str, Parameter]] = MappingProxyType(
    {
        "fwVer": Parameter("`firmware`", "None: a name. What a firmware can do is said by `functions`."),
        "devModel": Parameter("`model`", "None: a name."),
        "commType": Parameter(_OPTIONS, "None: a device sends over the network of the machine that it runs on."),
        "ip": Parameter(
            "the serial number, `options`",
            "None: the address that a device sends from is this machine's, or one of `network.source_ips`.",
        ),
        "netmask": Parameter("the serial number, `options`", "None: as `ip`."),
        "gateway": Parameter("the serial number, `options`", "None: as `ip`."),
        "mac": Parameter(
            "the serial number", "None: as `ip`. It is locally administered, and no two devices have the same."
        ),
        "lockCount": Parameter(_OPTIONS, "None: no message of the document opens a door."),
        "userCount": Parameter("the device's memory", "Counted at each report."),
        "maxUserCount": Parameter(
            "`capacities.users`",
            "More users are refused as a whole command (`E0000007`), and nobody is enrolled any more (`device.store-"
            "full`).",
        ),
        "transactionCount": Parameter("the device's store of records", "Counted at each report."),
        "maxTransactionCount": Parameter(
            "`capacities.records`",
            "The oldest acknowledged record makes room; where there is none, the new one is refused and counted "
            "(`records.refused`).",
        ),
        "multiBioEnrollSupport": Parameter(
            _OPTIONS, "Types of which people are enrolled at the device (`enrolments`)."
        ),
        "multiBioDataSupport": Parameter(
            _OPTIONS,
            "Templates of another type are left out (`command.bio-type`); nobody has such a template, is enrolled "
            "with one or verifies by one.",
        ),
        "multiBioPhotoSupport": Parameter(
            _OPTIONS,
            "Biometric photos of another type are left out (`command.bio-type`); nobody has such a photo, is enrolled "
            "with one or verifies by one.",
        ),
        "multiBioVer": Parameter(
            _OPTIONS,
            "Templates that are made at the device carry it. One of another version that the platform sends is kept: "
            "the document has no code for it.",
        ),
        "multiBioDataCount": Parameter("the device's memory", "Counted at each report."),
        "multiBioPhotoCount": Parameter("the device's memory", "Counted at each report."),
        "maxMultiBioDataCount": Parameter(
            "`capacities.templates` for each type that is supported, `options`",
            "Users with more templates of a type than have room are refused as a whole command (`E0000007`).",
        ),
        "maxMultiBioPhotoCount": Parameter(
            "`capacities.bio_photos` for each type that is supported, `options`",
            "More photos of a type are refused as a whole command (`E0000007`), and nobody is enrolled with one any "
            "more.",
        ),
        "maxPackageSize": Parameter(
            "`max_package`",
            "No message is larger; larger commands are refused (`E0000002`, `command.too-large`). Batches are cut to "
            "it, larger pictures go up in pieces.",
        ),
        "qrCodeSupport": Parameter(_OPTIONS, "With `qrCodeOn`: whether anybody verifies by a QR code."),
        "qrCodeOn": Parameter(_OPTIONS, "As `qrCodeSupport`."),
        "qrCodeDecryptFunList": Parameter(_OPTIONS, "None: the document does not tell what a QR code holds."),
        "cameraOn": Parameter(_OPTIONS, "With 0 no picture of a verification is taken."),
        "attPhotoFunOn": Parameter(_OPTIONS, "With 0 no picture of a verification is taken."),
        "capturePic": Parameter(
            _OPTIONS,
            "Pictures of verifications are kept, and so uploaded, with 2 and 3. 4 keeps those of people who are turned "
            "away, of whom there is no record.",
        ),
        "enableBioTest": Parameter(_OPTIONS, "None: nobody holds a photo before a simulated camera."),
        "voiceOn": Parameter(_OPTIONS, _SHOWN),
        "keyPadBeepOn": Parameter(_OPTIONS, _SHOWN),
        "volume": Parameter(_OPTIONS, _SHOWN),
        "irTempDetectionFunOn": Parameter(_OPTIONS, _TEMPERATURE),
        "irTempDetectionOn": Parameter(_OPTIONS, _TEMPERATURE),
        "maxTemperature": Parameter(_OPTIONS, _TEMPERATURE),
        "minTemperature": Parameter(_OPTIONS, _TEMPERATURE),
        "temperatureOn": Parameter(_OPTIONS, _TEMPERATURE),
        "irTempUnit": Parameter(_OPTIONS, _TEMPERATURE),
        "maskDetectionFunOn": Parameter(_OPTIONS, "None: whether somebody wears a mask stands in no message."),
        "maskDetectionOn": Parameter(_OPTIONS, "None: as `maskDetectionFunOn`."),
        "maskOn": Parameter(_OPTIONS, "None: who is turned away for it leaves no record, and everybody puts one on."),
        "maxPendingCmdCount": Parameter(
            "`max_pending_commands`",
            "Commands that may be unanswered at a time; more are counted (`command.too-many`), and refused as busy "
            "(`E0000005`) when so many wait behind the one in hand.",
        ),
        "scene": Parameter(_OPTIONS, "With 2 nobody is turned away outside `startTime` to `endTime`."),
        "verifyStyles": Parameter(_OPTIONS, "People verify by these ways alone, and only by what they have."),
        "sipOn": Parameter(_OPTIONS, "None: no message of the document is about calls."),
        "adOn": Parameter(_OPTIONS, "None: no message of the document is about advertisements."),
        "funcIds": Parameter(
            "`functions`, `option_upload`",
            "A device sends and accepts what it lists. A command that it does not list is refused (`E0000001`, "
            "`command.not-negotiated`).",
        ),
        "meetRoomName": Parameter(_ROOM.set_by, f"{_ROOM.effect} With `meet_code: room` records carry what was set."),
        "meetRoomManager": _ROOM,
        "meetRoomLocation": _ROOM,
        "meetRoomCapacity": _ROOM,
        "meetRoomManagerPin": _ROOM,
    }
)
"""By wire name, in the document's order."""
