"""The examples of the protocol document, each message once, their `xxxx` replaced by sensible values.

Where an example breaks a rule of the document's own tables or of docs/deviations.md, the rule won; a comment says so.
"""

from typing import Any

DIGEST = "7f666475e1cea7d10964055343367701c2fb3a96f82e8b0adc25147992c8bb65"
PRODUCT = "5d9b11e1a3f448ae81f9f920e976d852"
FILE_ID = "e78dc2cef23d495ab4f890fe3362bee9"
PASSWORD = "fbfe82e76c06ea568e3301ab17a9d4677c1481b8a4f1ca137411e10153deabc3"
SALT = "c09eb7463827cda245f3a398bd453c42"
# The examples in the document's texts have nine positions, its messages and docs/deviations.md ten.
TEN_FLAGS = "0:1:1:0:0:0:0:0:0:0"

BIO_DATA = {
    "no": "0",
    "index": "0",
    "valid": "1",
    "duress": "0",
    "type": "2",
    "majorVer": "10",
    "minorVer": "1",
    "fmt": "0",
    "tmp": "dGVtcGxhdGU=",
}


def message(func_id: str, params: dict[str, Any] | None, **envelope: str) -> dict[str, Any]:
    """A message around `params`, with the envelope's fields where the document puts them."""
    result: dict[str, Any] = {"funcId": func_id, **envelope, "mid": "m0001"}
    return result if params is None else {**result, "payload": {"params": params}}


REQUESTS: list[dict[str, Any]] = [
    message("device.exchange.publicKey", {"publicKey": "MIGfMA0G"}),
    message("device.exchange.factor", {"factor": "AAECAwQF"}),
    message(
        "dev.register",
        {"protType": "best-w", "protVer": "1.0.0", "productId": PRODUCT, "devKey": DIGEST, "devType": "acc"},
        sn="A1B2",
    ),
    message("dev.accredit", {"productId": PRODUCT, "devKey": DIGEST, "authCode": "code"}, sn="A1B2"),
    message("dev.login", {"productId": PRODUCT, "devKey": DIGEST, "authCode": "code", "secret": "word"}, sn="A1B2"),
    message(
        "dev.report",
        {
            "fwVer": "ZAM170-NF-Ver1.1.21",
            "devModel": "TDB08Z-PLUS",
            "commType": "ethernet",
            "ip": "192.168.213.55",
            "netmask": "255.255.255.0",
            "gateway": "192.168.213.1",
            "mac": "00:17:61:12:e5:07",
            "lockCount": "1",
            "userCount": "50",
            "maxUserCount": "30000",
            "transactionCount": "115",
            "maxTransactionCount": "50000",
            "multiBioDataSupport": "0:1:1:0:0:0:0:0:0:0",
            "multiBioPhotoSupport": "0:1:1:0:0:0:0:0:0:0",
            "multiBioVer": "0:10.0:7.0:0:0:0:0:0:0:0",
            "multiBioDataCount": "0:100:200:0:0:0:0:0:0:0",
            "multiBioPhotoCount": "0:100:200:0:0:0:0:0:0:0",
            "maxMultiBioDataCount": "0:10000:2000:0:0:0:0:0:0:0",
            "maxMultiBioPhotoCount": "0:10000:2000:0:0:0:0:0:0:0",
            "maxPackageSize": "64",
            "qrCodeSupport": "1",
            "qrCodeOn": "1",
            "qrCodeDecryptFunList": "01",
            "capturePic": "2",
            "enableBioTest": "1",
            "voiceOn": "1",
            "keyPadBeepOn": "1",
            "volume": "50",
            "irTempDetectionOn": "1",
            "maxTemperature": "37.00",
            "minTemperature": "32.10",
            "irTempUnit": "1",
            "maskDetectionOn": "1",
            "maskOn": "1",
            "temperatureOn": "1",
            "irTempDetectionFunOn": "1",
            "cameraOn": "1",
            "attPhotoFunOn": "1",
            "maskDetectionFunOn": "1",
            "maxPendingCmdCount": "20",
            "scene": "1",
            "verifyStyles": "100000000010",
            "sipOn": "1",
            "adOn": "1",
            "funcIds": ["dev.option.upload", "dev.data.upload.user", "xxxxx"],
        },
        sn="A1B2",
    ),
    message("dev.heartbeat", {"isFree": "1"}, imme="0"),
    message("dev.file.upload.start", {"fileId": FILE_ID, "size": "1208", "checksum": ""}),
    message("dev.file.upload.package", {"fileId": FILE_ID, "offset": "215", "content": "eHh4eHh4"}),
    message("dev.file.upload.end", {"fileId": FILE_ID}),
    message(
        "dev.data.upload.user",
        {
            "users": [
                {
                    "pin": "2956",
                    "password": PASSWORD,
                    "passwordSalt": SALT,
                    "group": "1",
                    "idNum": "110101199003070000",
                    "startTime": "2020-01-01T00:00:00+08:00",
                    "endTime": "2020-12-31T23:59:59+08:00",
                    "firstName": "huiwu",
                    "lastName": "lin",
                    "funSwitch": "0",
                    "disable": "0",
                    "threatLevelGroupNum": "",
                    "bioDatas": [BIO_DATA],
                }
            ]
        },
    ),
    # Of content and contentFileId the examples fill both; exactly one may be (docs/deviations.md).
    message(
        "dev.data.upload.userPhoto",
        {"userPhotos": [{"pin": "1", "extension": "jpg", "content": "/9j/4AAQ", "contentFileId": ""}]},
    ),
    message(
        "dev.data.upload.bioPhoto",
        {
            "bioPhotos": [
                {
                    "pin": "1",
                    "no": "0",
                    "index": "0",
                    "type": "9",
                    "extension": "jpg",
                    "content": "",
                    "contentFileDialog": FILE_ID,
                }
            ]
        },
    ),
    # The examples' card numbers hold letters; they are decimal digits (docs/deviations.md).
    message(
        "dev.data.upload.multiCard",
        {"multiCards": [{"pin": "1001", "card": "11000001", "type": "0", "lossFlag": "0"}]},
    ),
    message(
        "dev.data.upload.verifyLog",
        {
            "verifyLog": [
                {
                    "pin": "1",
                    "meetCode": "123",
                    "verifyTime": "2024-06-26T00:00:00+08:00",
                    "verifyStyle": "1",
                    "status": "0",
                    "category": "0",  # the example has 1, which the table does not know
                    "logId": "1",
                    "recodeType": "1",
                }
            ]
        },
    ),
    message(
        "dev.data.upload.verifyPhoto",
        {
            "verifyPhotos": [
                {
                    "pin": "1",
                    "meetCode": "123",
                    "photoTime": "2024-06-26T00:00:00+08:00",
                    "extension": "jpg",
                    "content": "/9j/4AAQ",
                    "logId": "1",
                    "contentFileId": "",
                }
            ]
        },
    ),
    message("dev.system.sync.time", None, imme="0"),
    {
        "funcId": "dev.cmd.response",
        "mid": "m0001",
        "code": "00000000",
        "message": "success",
        "payload": {"params": {"cmdId": "1001"}},
    },
]

COMMANDS: list[dict[str, Any]] = [
    message(
        "cmd.data.update.user",
        {
            "cmdId": "1001",
            "users": [
                {
                    "pin": "2956",
                    "role": "1",
                    "password": PASSWORD,
                    "passwordSalt": SALT,
                    "startTime": "2020-01-01T00:00:00+08:00",
                    "endTime": "2020-12-31T23:59:59+08:00",
                    "firstName": "huiwu",
                    "lastName": "lin",
                    "funSwitch": "0",
                    "disable": "0",
                    "bioDatas": [BIO_DATA],
                    "ruleType": "2",
                }
            ],
        },
    ),
    message(
        "cmd.data.update.meeting",
        {
            "cmdId": "1001",
            "meeting": [
                {
                    "name": "会议名称",
                    "startSignInTime": "2020-12-31T23:59:59+08:00",
                    "lastSignInTime": "2020-12-31T23:59:59+08:00",
                    "earSignOutTime": "2020-12-31T23:59:59+08:00",
                    "lastSignOutTime": "2020-12-31T23:59:59+08:00",
                    "id": "123",
                    "startTime": "2020-12-31T23:59:59+08:00",
                    "endTime": "2020-12-31T23:59:59+08:00",
                    "applicant": "会议申请人",
                }
            ],
        },
    ),
    message("cmd.data.update.meetingMember", {"cmdId": "1001", "members": [{"meetingId": "123", "pins": ["1", "2"]}]}),
    message(
        "cmd.data.update.multiCard",
        {"cmdId": "1001", "multiCards": [{"pin": "2956", "card": "100001", "type": "0", "lossFlag": "0"}]},
    ),
    message(
        "cmd.data.update.bioPhoto",
        {
            "cmdId": "1001",
            "bioPhotos": [{"pin": "2956", "no": "0", "index": "0", "type": "9", "url": "https://host/photo.jpg"}],
        },
    ),
    message("cmd.data.delete.user", {"cmdId": "1001", "pins": ["1", "2", "3"]}),
    message("cmd.data.delete.bioPhoto", {"cmdId": "1001", "bioPhotos": [{"type": "9", "pin": "1", "no": "0"}]}),
    message("cmd.data.delete.multiCard", {"cmdId": "1001", "pins": ["1", "2", "3"]}),
    message("cmd.data.delete.meeting", {"cmdId": "1001", "meetings": ["1", "2", "3"]}),
    message("cmd.data.delete.meetingMember", {"cmdId": "1001", "meetingId": "123", "pins": ["1", "2", "3"]}),
    message("cmd.data.delete.userPhoto", {"cmdId": "1001", "pins": ["1", "2", "3"]}),
    message("cmd.data.query.user", {"cmdId": "1001", "pin": "1"}, imme="0"),
    message("cmd.data.clear.user", {"cmdId": "1001"}),
    message("cmd.data.clear.multiCard", {"cmdId": "1001"}),
    message("cmd.data.clear.all", {"cmdId": "1001"}),
    message(
        "cmd.option.set",
        {
            "cmdId": "1001",
            "option": {
                "meetRoomName": "1",
                "meetRoomManager": "2",
                "meetRoomLocation": "3",
                "meetRoomCapacity": "4",
                "meetRoomManagerPin": "123",
            },
        },
        imme="0",
    ),
    message("cmd.control.reboot", {"cmdId": "1001", "operator": "luther"}, imme="1"),
    message("cmd.system.sync.time", {"cmdId": "1001"}, imme="0"),
]

RESULTS: dict[str, dict[str, Any]] = {
    "getBrokerServer": {
        "url": "mqtts://host:8883",
        "rootCA": "string",
        "certificate": "string",
        "privateKey": "string",
        "publicKey": "string",
        "companyId": "string",
        "siteId": "string",
    },
    "device.exchange.publicKey": {"publicKey": "MIIBIjAN"},
    "device.exchange.factor": {"factor": "ICEiIyQl"},
    "dev.register": {"authCode": "code"},
    "dev.accredit": {"secret": "word"},
    "dev.report": {
        "timezone": "+08:00",
        "supportHeartbeat": "0",
        "heartbeatInterval": "60",
        "multiBioDataSupport": TEN_FLAGS,
        "multiBioPhotoSupport": TEN_FLAGS,
        "funcIds": ["xxxx", "xxxx"],
    },
    # Not shown in the document; agreed upon in docs/deviations.md
    "dev.system.sync.time": {"time": "2024-06-26T00:00:00+08:00"},
}
