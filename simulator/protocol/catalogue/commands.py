"""What the platform sends: commands on users, meetings, cards, photos, options, the device and its clock."""

from simulator.protocol.catalogue import formats as f
from simulator.protocol.catalogue.common import (
    BIO_DATAS,
    BIO_INDEX,
    BIO_NO,
    BIO_TYPE,
    CARD_TYPE,
    DISABLE,
    FUN_SWITCH,
    LOSS_FLAG,
    PASSWORD_FIELDS,
    PIN,
    RULE_TYPE,
    validity_fields,
)
from simulator.protocol.catalogue.spec import (
    Direction,
    Field,
    MessageSpec,
    Object,
    Objects,
    Reply,
    Strings,
    optional,
    required,
)

_CMD_ID = required("cmdId", f.TEXT, "The platform's unique id of the command.")
_PINS = required("pins", Strings(f.TEXT), "Numbers of the users.")
_MEETING_ID = required("meetingId", f.TEXT, "Id of the meeting.")


def _command(func_id: str, section: str, summary: str, *fields: Field) -> MessageSpec:
    return MessageSpec(
        func_id=func_id,
        direction=Direction.TO_DEVICE,
        section=section,
        summary=summary,
        params=Object((_CMD_ID, *fields)),
        reply=Reply.DEVICE,
    )


COMMANDS = (
    _command(
        "cmd.data.update.user",
        "更新人员信息",
        "Add users, or replace their whole records.",
        required(
            "users",
            Objects(
                Object(
                    (
                        PIN,
                        required("role", f.TEXT, "Role of the user."),
                        *PASSWORD_FIELDS,
                        *validity_fields("platform"),
                        required("firstName", f.TEXT, "Name; the whole name where it is not split."),
                        optional("lastName", f.TEXT, "Family name."),
                        required("funSwitch", FUN_SWITCH, "Extra functions."),
                        required("disable", DISABLE, "Whether the user is blocked."),
                        BIO_DATAS,
                        optional("ruleType", RULE_TYPE, "Rule the user is under.", default="2"),
                    )
                )
            ),
            "The users.",
        ),
    ),
    _command(
        "cmd.data.update.meeting",
        "更新会议信息",
        "Add meetings, or replace them.",
        required(
            "meeting",
            Objects(
                Object(
                    (
                        required("name", f.TEXT, "Name of the meeting."),
                        optional("startSignInTime", f.TIMESTAMP, "Sign-in opens."),
                        optional("lastSignInTime", f.TIMESTAMP, "Sign-in closes."),
                        optional("earSignOutTime", f.TIMESTAMP, "Sign-out opens."),
                        required("lastSignOutTime", f.TIMESTAMP, "Sign-out closes."),
                        required("id", f.TEXT, "Unique id of the meeting."),
                        required("startTime", f.TIMESTAMP, "The meeting begins."),
                        required("endTime", f.TIMESTAMP, "The meeting ends."),
                        required("applicant", f.TEXT, "Who asked for the meeting."),
                    )
                )
            ),
            "The meetings.",
        ),
    ),
    _command(
        "cmd.data.update.meetingMember",
        "更新会议人员信息",
        "Say who takes part in meetings.",
        required("members", Objects(Object((_MEETING_ID, _PINS))), "Members by meeting."),
    ),
    _command(
        "cmd.data.update.multiCard",
        "更新卡信息",
        "Give cards to users.",
        required(
            "multiCards",
            Objects(
                Object(
                    (
                        PIN,
                        required("card", f.DIGITS, "Card number, decimal."),
                        required("type", CARD_TYPE, "Main or second card."),
                        required("lossFlag", LOSS_FLAG, "Whether the card is lost."),
                    )
                )
            ),
            "The cards.",
        ),
    ),
    _command(
        "cmd.data.update.bioPhoto",
        "更新人员生物特征照片",
        "Have the device download biometric photos of users.",
        required(
            "bioPhotos",
            Objects(
                Object(
                    (
                        PIN,
                        BIO_NO,
                        BIO_INDEX,
                        required("type", BIO_TYPE, "Biometric type."),
                        required("url", f.URL, "Where the JPEG is."),
                    )
                )
            ),
            "The photos.",
        ),
    ),
    _command("cmd.data.delete.user", "删除用户信息", "Delete users with all that is theirs.", _PINS),
    _command(
        "cmd.data.delete.bioPhoto",
        "删除用户生物特征图片",
        "Delete biometric photos.",
        required(
            "bioPhotos",
            Objects(
                Object(
                    (
                        optional("type", BIO_TYPE, "Biometric type; all types where absent."),
                        optional("pin", f.TEXT, "User; all users where absent."),
                        BIO_NO,
                    )
                )
            ),
            "Which photos.",
        ),
    ),
    _command("cmd.data.delete.multiCard", "删除卡信息", "Delete all cards of users.", _PINS),
    _command(
        "cmd.data.delete.meeting",
        "删除会议信息",
        "Delete meetings.",
        required("meetings", Strings(f.TEXT), "Ids of the meetings."),
    ),
    _command("cmd.data.delete.meetingMember", "删除会议人员", "Take users off a meeting.", _MEETING_ID, _PINS),
    _command("cmd.data.delete.userPhoto", "删除用户照片（头像）", "Delete portraits of users.", _PINS),
    _command(
        "cmd.data.query.user",
        "查询用户信息",
        "Ask for one user or for all; they come by dev.data.upload.user.",
        optional("pin", f.TEXT, "The user; all where it is empty."),
    ),
    _command("cmd.data.clear.user", "清除用户信息", "Delete all users with all that is theirs."),
    _command("cmd.data.clear.multiCard", "清除卡信息", "Delete all cards."),
    _command("cmd.data.clear.all", "清除全部数据", "Delete users, cards, photos and meetings."),
    _command(
        "cmd.option.set",
        "设置设备参数（会议室相关）",
        "Set what the device shows of its room.",
        required(
            "option",
            Object(
                (
                    required("meetRoomName", f.TEXT, "Name of the room."),
                    optional("meetRoomManager", f.TEXT, "Manager of the room."),
                    optional("meetRoomLocation", f.TEXT, "Place of the room."),
                    required("meetRoomCapacity", f.TEXT, "Seats of the room."),
                    optional("meetRoomManagerPin", f.TEXT, "User number of the manager."),
                )
            ),
            "The options.",
        ),
    ),
    _command(
        "cmd.control.reboot",
        "重启设备",
        "Restart the device.",
        optional("operator", f.TEXT, "Who asked for it."),
    ),
    _command("cmd.system.sync.time", "同步时间", "Have the device ask for the time by dev.system.sync.time."),
)
