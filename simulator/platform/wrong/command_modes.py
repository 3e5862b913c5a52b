"""Mistakes in the commands that the platform sends."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import orjson

from simulator.measurements import violation_rules as rules
from simulator.platform.wrong.mode import Change, MessageMode, Mode, Outgoing, Sending, over_websocket
from simulator.platform.wrong.reply_modes import drop, put

NO_PICTURE: Final = "nopicture"
"""Photos whose name begins so are served as text."""
USER: Final = "cmd.data.update.user"
MEETING: Final = "cmd.data.update.meeting"
CARD: Final = "cmd.data.update.multiCard"
PHOTO: Final = "cmd.data.update.bioPhoto"
OPTION: Final = "cmd.option.set"
_NOBODY: Final = ["none"]
HARMLESS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "cmd.data.delete.user": {"pins": _NOBODY},
        "cmd.data.delete.bioPhoto": {"bioPhotos": [{"type": "9", "pin": "none", "no": "0"}]},
        "cmd.data.delete.multiCard": {"pins": _NOBODY},
        "cmd.data.delete.meeting": {"meetings": _NOBODY},
        "cmd.data.delete.meetingMember": {"meetingId": "none", "pins": _NOBODY},
        "cmd.data.delete.userPhoto": {"pins": _NOBODY},
        "cmd.data.update.multiCard": {"multiCards": []},
        "cmd.data.update.bioPhoto": {"bioPhotos": []},
        "cmd.data.update.meetingMember": {"members": []},
        "cmd.data.update.meeting": {"meeting": []},
        "cmd.data.update.user": {"users": []},
        "cmd.data.query.user": {"pin": "none"},
        "cmd.system.sync.time": {},
        "cmd.option.set": {
            "option": {
                "meetRoomName": "1",
                "meetRoomManager": "1",
                "meetRoomLocation": "1",
                "meetRoomCapacity": "8",
                "meetRoomManagerPin": "1",
            }
        },
        "cmd.data.clear.multiCard": {},
        "cmd.data.clear.user": {},
        "cmd.data.clear.all": {},
        "cmd.control.reboot": {"operator": "best-fleet"},
    }
)
"""Params of right commands that change as little as can be, the most harmless commands first."""

# --- What changes a command ---


def _params(out: Outgoing) -> dict[str, Any]:
    params: dict[str, Any] = out.message["payload"]["params"]
    return params


def _entries(name: str, field: str, make: Callable[[Any], Any]) -> Change:
    """Another value of a field in each entry of a list; `_GONE` takes it out."""

    def change(out: Outgoing) -> None:
        for entry in _params(out).get(name, ()):
            value = make(entry.get(field))
            if value is _GONE:
                entry.pop(field, None)
            else:
                entry[field] = value

    return change


_GONE: Final = object()


def _times(make: Callable[[datetime], str]) -> Change:
    def change(out: Outgoing) -> None:
        for entry in _params(out).get("meeting", ()):
            for name in ("startTime", "endTime"):
                entry[name] = make(datetime.fromisoformat(entry[name]))

    return change


def _with_z(moment: datetime) -> str:
    return (moment - (moment.utcoffset() or timedelta())).strftime("%Y-%m-%dT%H:%M:%SZ")


def _no_cmd_id(out: Outgoing) -> None:
    _params(out).pop("cmdId", None)


def _earlier_cmd_id(out: Outgoing) -> None:
    if out.earlier_cmd_id is not None:
        _params(out)["cmdId"] = out.earlier_cmd_id


def _params_in_a_list(out: Outgoing) -> None:
    out.message["payload"] = {"params": [_params(out)]}


def _too_large(out: Outgoing) -> None:
    _params(out)["remark"] = "x" * out.package_bytes


def _not_json(out: Outgoing) -> list[Sending]:
    return [(0.0, orjson.dumps(out.message)[:-1])]


# --- The table ---


def _any(name: str, text: str, rule: str, change: Change, part: str = "") -> MessageMode:
    """A mistake that any command can have."""
    return MessageMode(name=f"command.{name}", text=text, change=change, rules=(rule,), part=part, carrier=OPTION)


def _of(func_id: str, name: str, text: str, rule: str, change: Change, part: str = "") -> MessageMode:
    """A mistake in one command."""
    return MessageMode(
        name=f"command.{name}",
        text=text,
        change=change,
        rules=(rule,),
        func_ids=(func_id,),
        part=part,
        carrier=func_id,
    )


COMMAND_MESSAGE_MODES: Final[tuple[MessageMode, ...]] = (
    _any("mid-missing", "sends commands without a mid", rules.COMMAND_MID, drop("mid")),
    _any("mid-repeated", "sends all commands under one mid", rules.COMMAND_MID, put("mid", "always-the-same"), "mid"),
    _any("mid-too-long", "sends commands under mids of 33 characters", rules.COMMAND_MID, put("mid", "m" * 33), "mid"),
    _any("mid-number", "sends the mid of a command as a number", rules.COMMAND_MID, put("mid", 20_240_626), "mid"),
    _any("cmd-id-missing", "sends commands without a cmdId", rules.COMMAND_CMD_ID, _no_cmd_id),
    _any(
        "cmd-id-reused",
        "sends commands under the cmdId of an earlier, other command",
        rules.COMMAND_CMD_ID,
        _earlier_cmd_id,
        "cmdId",
    ),
    _any("params-in-a-list", "puts the params of commands into a list", rules.COMMAND_FIELD_TYPE, _params_in_a_list),
    # No broker takes so large a payload.
    over_websocket(
        _any("too-large", "sends commands larger than maxPackageSize", rules.COMMAND_TOO_LARGE, _too_large, "size")
    ),
    MessageMode(
        name="command.cut-off",
        text="sends commands whose JSON is cut off",
        change=_not_json,
        rules=(rules.REPLY_NOT_JSON,),
        carrier=OPTION,
    ),
    _of(
        USER,
        "field-missing",
        "sends users without their pin",
        rules.COMMAND_FIELD_MISSING,
        _entries("users", "pin", lambda value: _GONE),
    ),
    _of(
        USER,
        "number-for-text",
        "sends disable of users as a number",
        rules.COMMAND_FIELD_TYPE,
        _entries("users", "disable", lambda value: 0),
        "disable",
    ),
    _of(
        USER,
        "boolean-for-text",
        "sends disable of users as false",
        rules.COMMAND_FIELD_TYPE,
        _entries("users", "disable", lambda value: False),
        "disable",
    ),
    _of(
        USER,
        "null-for-absent",
        "sends lastName of users as null",
        rules.COMMAND_FIELD_TYPE,
        _entries("users", "lastName", lambda value: None),
        "lastName",
    ),
    _of(
        MEETING,
        "empty-text",
        "sends an empty applicant with meetings",
        rules.COMMAND_FIELD_MISSING,
        _entries("meeting", "applicant", lambda value: ""),
        "applicant",
    ),
    _of(
        MEETING,
        "time-with-z",
        "sends the times of meetings in UTC with a Z",
        rules.COMMAND_FIELD_FORMAT,
        _times(_with_z),
        "times",
    ),
    _of(
        MEETING,
        "time-with-milliseconds",
        "sends the times of meetings with milliseconds",
        rules.COMMAND_FIELD_FORMAT,
        _times(lambda moment: moment.isoformat(timespec="milliseconds")),
        "times",
    ),
    _of(
        MEETING,
        "time-epoch",
        "sends the times of meetings in milliseconds since 1970",
        rules.COMMAND_FIELD_FORMAT,
        _times(lambda moment: str(int(moment.timestamp() * 1000))),
        "times",
    ),
    _of(
        CARD,
        "card-letters",
        "sends card numbers with letters",
        rules.COMMAND_FIELD_FORMAT,
        _entries("multiCards", "card", lambda value: f"A{value}"),
        "card",
    ),
    _of(
        PHOTO,
        "url-missing",
        "sends bioPhotos with a url where there is nothing",
        rules.COMMAND_URL,
        _entries("bioPhotos", "url", lambda url: _named(url, "missing")),
        "url",
    ),
    _of(
        PHOTO,
        "url-no-picture",
        "sends bioPhotos with a url that holds no JPEG",
        rules.COMMAND_URL,
        _entries("bioPhotos", "url", lambda url: _named(url, NO_PICTURE)),
        "url",
    ),
)


def _named(url: str, prefix: str) -> str:
    """The address of a photo under another name."""
    head, _, name = url.rpartition("/")
    return f"{head}/{prefix}{name}"


TOO_MANY: Final = Mode(
    name="command.too-many",
    text="sends more commands at once than maxPendingCmdCount",
    rules=(rules.COMMAND_TOO_MANY,),
    in_runs=False,
)
NOT_NEGOTIATED: Final = Mode(
    name="command.not-negotiated",
    text="sends a command that the device did not list",
    rules=(rules.COMMAND_NOT_NEGOTIATED,),
    in_runs=False,
)
UNKNOWN: Final = Mode(
    name="command.unknown",
    text="sends a command that the document does not have",
    rules=(rules.COMMAND_UNKNOWN,),
)
BEFORE_ONLINE: Final = Mode(
    name="command.before-online",
    text="sends a command between the replies to dev.login and dev.report",
    rules=(rules.COMMAND_BEFORE_ONLINE,),
)
NEW_CMD_ID: Final = Mode(
    name="command.repeated-as-new",
    text="sends a command whose answer was lost again under a new cmdId",
)
ANSWERS_ANSWERS: Final = Mode(
    name="command.answer-answered",
    text="answers dev.cmd.response with a reply",
    rules=(rules.REPLY_UNKNOWN_MID,),
)
COMMAND_MODES: Final[tuple[Mode, ...]] = (
    *COMMAND_MESSAGE_MODES,
    TOO_MANY,
    NOT_NEGOTIATED,
    UNKNOWN,
    BEFORE_ONLINE,
    NEW_CMD_ID,
    ANSWERS_ANSWERS,
)
"""In the order of tables."""
