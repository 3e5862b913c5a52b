"""What a device sends: the initial flow, heartbeat, files, uploads, time, and the answer to a command."""

from simulator.protocol.catalogue import formats as f
from simulator.protocol.catalogue.common import (
    BIO_DATAS,
    BIO_INDEX,
    BIO_NO,
    BIO_TYPE,
    CARD_TYPE,
    CATEGORY,
    CONTENT_OR_FILE,
    DEV_KEY,
    DEV_TYPE,
    DISABLE,
    EXTENSION,
    FUN_SWITCH,
    LOSS_FLAG,
    MEETING_STATUS,
    PASSWORD_FIELDS,
    PIN,
    PRODUCT_ID,
    PROT_TYPE,
    VERIFY_STYLE,
    content_fields,
    validity_fields,
)
from simulator.protocol.catalogue.report import REPORT_PARAMS, REPORT_RESULTS
from simulator.protocol.catalogue.spec import Direction, MessageSpec, Object, Objects, Reply, optional, required

_UPLOAD = Direction.TO_PLATFORM
_FILE_ID = required("fileId", f.FILE_ID, "Id of the file, unique on the device; a UUID without dashes is advised.")

INITIAL_MESSAGES = (
    MessageSpec(
        func_id="dev.register",
        direction=_UPLOAD,
        section="设备注册",
        summary="The device presents its product and key and is given an authCode.",
        params=Object(
            (
                required("protType", PROT_TYPE, "Protocol."),
                required("protVer", f.TEXT, "Protocol version."),
                PRODUCT_ID,
                DEV_KEY,
                required("devType", DEV_TYPE, "Kind of device."),
            )
        ),
        results=Object((required("authCode", f.TEXT, "Authorisation code."),)),
        sn_required=True,
        left_out_over_publish_subscribe=("sn", "productId"),
        before_login=True,
        always_supported=True,
    ),
    MessageSpec(
        func_id="dev.accredit",
        direction=_UPLOAD,
        section="设备授权",
        summary="The device presents its authCode and is given its login secret.",
        params=Object((PRODUCT_ID, DEV_KEY, required("authCode", f.TEXT, "From dev.register."))),
        results=Object((required("secret", f.TEXT, "Login password of the device."),)),
        sn_required=True,
        before_login=True,
        always_supported=True,
    ),
    MessageSpec(
        func_id="dev.login",
        direction=_UPLOAD,
        section="设备登录",
        summary="The device logs in with all it was given.",
        params=Object(
            (
                PRODUCT_ID,
                DEV_KEY,
                required("authCode", f.TEXT, "From dev.register."),
                required("secret", f.TEXT, "From dev.accredit."),
            )
        ),
        sn_required=True,
        before_login=True,
        always_supported=True,
    ),
    MessageSpec(
        func_id="dev.report",
        direction=_UPLOAD,
        section="设备上报",
        summary="The device tells what it is, holds and supports; the reply sets time zone, heartbeat and funcIds.",
        params=REPORT_PARAMS,
        results=REPORT_RESULTS,
        sn_required=True,
        always_supported=True,
    ),
)

BUSINESS_MESSAGES = (
    MessageSpec(
        func_id="dev.heartbeat",
        direction=_UPLOAD,
        section="设备心跳",
        summary="The device is alive, and busy with a command or not.",
        params=Object(
            (optional("isFree", f.OneOf({"0": "handling a command", "1": "idle"}), "Whether it is idle.", default="1"),)
        ),
        params_required=False,
    ),
    MessageSpec(
        func_id="dev.file.upload.start",
        direction=_UPLOAD,
        section="上传大文件 上传开始",
        summary="A file larger than one package is about to come.",
        params=Object(
            (
                _FILE_ID,
                required("size", f.Integer(), "Size of the file in bytes."),
                optional("checksum", f.MD5_HEX_ANY, "MD5 of the whole file; checked where it is not empty."),
            )
        ),
    ),
    MessageSpec(
        func_id="dev.file.upload.package",
        direction=_UPLOAD,
        section="上传大文件 分包上传",
        summary="The next piece of the file.",
        params=Object(
            (
                _FILE_ID,
                required("offset", f.Integer(), "Where the piece begins, in decoded bytes from 0."),
                required("content", f.BASE64, "The piece in base64."),
            )
        ),
    ),
    MessageSpec(
        func_id="dev.file.upload.end",
        direction=_UPLOAD,
        section="上传大文件 上传完成",
        summary="All pieces have been sent.",
        params=Object((_FILE_ID,)),
    ),
    MessageSpec(
        func_id="dev.data.upload.user",
        direction=_UPLOAD,
        section="上传用户信息",
        summary="Users of the device: enrolled there, or asked for by cmd.data.query.user.",
        params=Object(
            (
                required(
                    "users",
                    Objects(
                        Object(
                            (
                                PIN,
                                *PASSWORD_FIELDS,
                                optional("group", f.TEXT, "Group, for doors that open for several people together."),
                                optional("idNum", f.TEXT, "Number of the identity card, or its chip's."),
                                *validity_fields("device"),
                                required("firstName", f.TEXT, "Name; the whole name where it is not split."),
                                optional("lastName", f.TEXT, "Family name."),
                                required("funSwitch", FUN_SWITCH, "Extra functions."),
                                required("disable", DISABLE, "Whether the user is blocked."),
                                optional("threatLevelGroupNum", f.TEXT, "Threat level group."),
                                BIO_DATAS,
                            )
                        )
                    ),
                    "The users.",
                ),
            )
        ),
    ),
    MessageSpec(
        func_id="dev.data.upload.userPhoto",
        direction=_UPLOAD,
        section="上传用户照片（头像）",
        summary="Portraits of users.",
        params=Object(
            (
                required(
                    "userPhotos",
                    Objects(Object((PIN, EXTENSION, *content_fields("portrait")), exactly_one=CONTENT_OR_FILE)),
                    "The portraits.",
                ),
            )
        ),
    ),
    MessageSpec(
        func_id="dev.data.upload.bioPhoto",
        direction=_UPLOAD,
        section="上传用户生物特征图片",
        summary="Biometric photos of users.",
        params=Object(
            (
                required(
                    "bioPhotos",
                    Objects(
                        Object(
                            (
                                PIN,
                                BIO_NO,
                                BIO_INDEX,
                                required("type", BIO_TYPE, "Biometric type."),
                                EXTENSION,
                                *content_fields("photo"),
                            ),
                            exactly_one=CONTENT_OR_FILE,
                        )
                    ),
                    "The photos.",
                ),
            )
        ),
    ),
    MessageSpec(
        func_id="dev.data.upload.multiCard",
        direction=_UPLOAD,
        section="上传卡信息",
        summary="Cards of users.",
        params=Object(
            (
                required(
                    "multiCards",
                    Objects(
                        Object(
                            (
                                PIN,
                                required("card", f.DIGITS, "Card number, decimal."),
                                optional("type", CARD_TYPE, "Main or second card.", default="0"),
                                optional("lossFlag", LOSS_FLAG, "Whether the card is lost.", default="0"),
                            )
                        )
                    ),
                    "The cards.",
                ),
            )
        ),
    ),
    MessageSpec(
        func_id="dev.data.upload.verifyLog",
        direction=_UPLOAD,
        section="上传验证记录",
        summary="People who verified at the door.",
        params=Object(
            (
                required(
                    "verifyLog",
                    Objects(
                        Object(
                            (
                                PIN,
                                required("meetCode", f.TEXT, "Id of the meeting."),
                                required("verifyTime", f.TIMESTAMP, "When."),
                                required("verifyStyle", VERIFY_STYLE, "How."),
                                required("status", MEETING_STATUS, "Which window of the meeting it fell into."),
                                required("category", CATEGORY, "Role of the person."),
                                required("logId", f.LOG_ID, "Id of the record; it only grows on one device."),
                                required("recodeType", MEETING_STATUS, "Sign-in or sign-out."),
                            )
                        )
                    ),
                    "The records.",
                ),
            )
        ),
    ),
    MessageSpec(
        func_id="dev.data.upload.verifyPhoto",
        direction=_UPLOAD,
        section="上传验证照片",
        summary="Pictures taken at verifications.",
        params=Object(
            (
                required(
                    "verifyPhotos",
                    Objects(
                        Object(
                            (
                                PIN,
                                optional("photoTime", f.TIMESTAMP, "When the picture was taken."),
                                required("meetCode", f.TEXT, "Id of the meeting."),
                                EXTENSION,
                                *content_fields("picture"),
                                optional("logId", f.LOG_ID, "The record that the picture belongs to."),
                            ),
                            exactly_one=CONTENT_OR_FILE,
                        )
                    ),
                    "The pictures.",
                ),
            )
        ),
    ),
    MessageSpec(
        func_id="dev.system.sync.time",
        direction=_UPLOAD,
        section="同步时间",
        summary="The device asks for the time, after cmd.system.sync.time.",
        results=Object((required("time", f.TIMESTAMP, "The platform's time."),)),
        params_required=False,
    ),
    MessageSpec(
        func_id="dev.cmd.response",
        direction=_UPLOAD,
        section="设备请求 (命令回复请求)",
        summary="The device's answer to a command, with the command's mid and cmdId.",
        params=Object((required("cmdId", f.TEXT, "Id of the command."),)),
        reply=Reply.NONE,
        always_supported=True,
    ),
)
