"""How the platform reads the document: keys of the top level, of `defaults` and of each group.

At the top level they hold for the devices of all groups and for the embedded platform, in `defaults` and in a group for
those devices alone. The nearest one counts, as a whole.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from simulator.device.reading import Reading
from simulator.fields.section import Section, known
from simulator.fields.texts import Line
from simulator.fields.wrong_kind import WrongKind
from simulator.platform.reading import PlatformReading
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.codes import NOT_AUTHORISED, SUCCESS
from simulator.protocol.reading import PROTOCOL_VERSION, LookupAgain, MeetCode, SyncTime
from simulator.texts.translation import _

_ANY = "any"
_CODE_CHARS = 8
_MOST_CODES = 100
_MOST_FIELDS_BYTES = 16 * 1024
_DEEPEST = 4
"""Lists and objects within each other, in a field of the report."""
_PARAMETERS = tuple(field.name for field in CATALOGUE["dev.report"].params.fields)


def _codes(value: object) -> list[str] | str:
    if value == _ANY:
        return _ANY
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value) or len(value) > _MOST_CODES:
        raise WrongKind(
            _(
                "must be a list of codes like [{not_authorised}], in quotes where one is all digits, or any",
                not_authorised=NOT_AUTHORISED,
            )
        )
    for code in value:
        if not (code.isascii() and code.isalnum() and len(code) <= 32):
            raise ValueError(
                _(
                    "'{code}' is no code: letters and digits, like {not_authorised}",
                    code=code,
                    not_authorised=NOT_AUTHORISED,
                )
            )
    # As devices read them: zeros stand before digits that are fewer.
    codes = [code.zfill(_CODE_CHARS) if code.isdecimal() else code for code in value]
    if SUCCESS in codes:
        raise ValueError(_("{success} is success, no refusal", success=SUCCESS))
    return codes


Codes = Annotated[
    list[str] | Literal["any"],
    BeforeValidator(_codes),
    WithJsonSchema(
        {
            "title": "codes",
            "anyOf": [{"const": _ANY}, {"type": "array", "items": {"type": "string"}, "maxItems": _MOST_CODES}],
            "examples": [[NOT_AUTHORISED], _ANY],
        }
    ),
]


class LoginSection(Section):
    """What a device makes of a login that is refused."""

    register_again_on: Codes = Field(
        default=[NOT_AUTHORISED],
        description="Codes of a refused `dev.login` after which a device forgets `authCode` and `secret` and registers "
        "again; `any` for each. After others it backs off and keeps them. The embedded platform refuses a login that "
        "it does not know with the first of them.",
    )


class LookupSection(Section):
    """When a device looks for its broker."""

    again: Literal["after failures", "each connect", "after reboot"] = Field(
        default="after failures",
        description="When the broker's address is asked for again: after two failures in a row; before every connect; "
        "after two failures and after each reboot.",
    )


class SyncTimeSection(Section):
    """How the reply to `dev.system.sync.time` tells the time."""

    field: Annotated[str, Field(pattern="^[0-9A-Za-z_.-]{1,64}$")] = Field(
        default="time", description="Its name among the results."
    )
    form: Literal["iso", "epoch-ms"] = Field(
        default="iso",
        description="`iso` as records carry times; `epoch-ms` in milliseconds since 1970, which name no time zone.",
    )

    def sync_time(self) -> SyncTime:
        return SyncTime(self.field, self.form == "epoch-ms")


def _parameter(value: Any) -> str:
    return known(str(value), _PARAMETERS, _("parameter of dev.report"))


def _plain(value: Any, depth: int = 0) -> None:
    """
    Raises:
        ValueError: If it is neither a text nor a list or object of such.
    """
    if isinstance(value, list | dict) and depth < _DEEPEST:
        for item in value.values() if isinstance(value, dict) else value:
            _plain(item, depth + 1)
    elif not isinstance(value, str):
        raise WrongKind(
            _("must be text, as every value on the wire, or a list or mapping of texts: put numbers in quotes")
            if not isinstance(value, list | dict)
            else _("is nested deeper than {deepest} levels", deepest=_DEEPEST)
        )


def _field_value(value: Any) -> Any:
    _plain(value)
    return value


def _field_name(value: Any) -> str:
    if value == "sn":
        raise ValueError(_("sn is the device's own: `sn_in_params: true` puts it there"))
    if value in _PARAMETERS:
        raise ValueError(
            _("{value} is a parameter of the document: `options` or a key of its own sets it", value=value)
        )
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not 1 <= len(value) <= 64:
        raise ValueError(_("'{value}' is no name of a field: up to 64 ASCII characters", value=value))
    return value


class DeviceReportSection(Section):
    """What `dev.report` carries beside and without what the document says."""

    fields: dict[
        Annotated[str, BeforeValidator(_field_name)],
        Annotated[
            Any,
            BeforeValidator(_field_value),
            WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array"}, {"type": "object"}]}),
        ],
    ] = Field(
        default={},
        description="Further parameters, by wire name: text, or lists and mappings of texts. What the document has is "
        "set by `options`.",
    )
    without: list[Annotated[str, BeforeValidator(_parameter)]] = Field(
        default=[], max_length=100, description="Parameters of the document that are left out."
    )
    sn_in_params: bool = Field(
        default=False, description="Whether the parameters hold `sn` as well; the envelope has it in any case."
    )

    @field_validator("fields")
    @classmethod
    def _bounded(cls, fields: dict[str, Any]) -> dict[str, Any]:
        size = len(orjson.dumps(fields))
        if size > _MOST_FIELDS_BYTES:
            raise ValueError(
                _(
                    "{size} bytes of JSON are more than the {most_fields_bytes} that fit a report",
                    size=size,
                    most_fields_bytes=_MOST_FIELDS_BYTES,
                )
            )
        return fields


class ReadingFields(Section):
    """How the platform reads the document, but for the report."""

    login: LoginSection = Field(default=LoginSection(), description="What a refused login means.")
    lookup: LookupSection = Field(default=LookupSection(), description="When devices look for their broker.")
    protocol_version: Annotated[Line, Field(min_length=1, max_length=64)] = Field(
        default=PROTOCOL_VERSION,
        description="`protVer` of a registration. An embedded platform whose scenario gives it at the top level "
        "refuses any other.",
    )
    sync_time: SyncTimeSection = Field(default=SyncTimeSection(), description="How the platform's time is told.")
    meet_code: Literal["meeting", "room"] = Field(
        default="meeting",
        description="What `meetCode` of records and photos is: the meeting's id, or the room's number, which is the "
        "`meetRoomName` of the last `cmd.option.set`. An embedded platform whose scenario gives it at the top level "
        "refuses what is neither that nor 0.",
    )


class GroupReadingFields(ReadingFields):
    """How the platform reads the document, for the devices of a group."""

    report: DeviceReportSection = Field(default=DeviceReportSection(), description="What `dev.report` carries.")

    def reading(self) -> Reading:
        """What the group's devices go by."""
        codes = self.login.register_again_on
        return Reading(
            register_again_on=None if codes == _ANY else frozenset(codes),
            lookup_again=LookupAgain(self.lookup.again),
            protocol_version=self.protocol_version,
            report_fields=dict(self.report.fields),
            report_without=frozenset(self.report.without),
            sn_in_params=self.report.sn_in_params,
            sync_time=self.sync_time.sync_time(),
            room_as_meet_code=self.meet_code == MeetCode.ROOM.value,
        )


def shared_reading(document: ReadingFields, report: DeviceReportSection) -> dict[str, Any]:
    """What the top level says to all groups, by the key of a group.

    Args:
        report: the top level's section of that name, which may say more than devices need.
    """
    said: dict[str, Any] = {
        name: getattr(document, name) for name in ReadingFields.model_fields if name in document.model_fields_set
    }
    own = {name: getattr(report, name) for name in DeviceReportSection.model_fields if name in report.model_fields_set}
    return said | ({"report": DeviceReportSection(**own)} if own else {})


def platform_reading(
    document: ReadingFields, report: DeviceReportSection, own_meetings: frozenset[str]
) -> PlatformReading:
    """What an embedded platform goes by; it demands what the top level says, and no more.

    Args:
        report: as of `shared_reading`.
        own_meetings: ids of the meetings that devices know without the platform.
    """
    codes = document.login.register_again_on
    said = document.model_fields_set
    return PlatformReading(
        login_refusal=codes[0] if codes and codes != _ANY else NOT_AUTHORISED,
        lookup_again=LookupAgain(document.lookup.again),
        protocol_version=document.protocol_version if "protocol_version" in said else None,
        report_fields=frozenset(report.fields),
        report_without=frozenset(report.without),
        sn_in_params=report.sn_in_params,
        sync_time=document.sync_time.sync_time(),
        meet_code=MeetCode(document.meet_code) if "meet_code" in said else None,
        own_meetings=own_meetings,
    )


def report_contradictions(group: GroupReadingFields, options: Mapping[str, str]) -> Iterator[str]:
    """What the keys of a group contradict in its `options`."""
    for name in sorted(group.report.without):
        if name in options:
            yield _("{name} is left out of the report, and `options` gives it a value", name=name)
