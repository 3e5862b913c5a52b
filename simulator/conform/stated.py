"""Which formats the document states, in its own words; all others are the catalogue's and leave a platform free.

A value out of a stated format is refused (docs/deviations.md, Codes). Where the document gives no format, or its own
examples contradict the table, what a platform does with an odd value is its own affair.
"""

from typing import Final

from simulator.texts.told import Told

_TIMES: Final = "2024-06-26T00:00:00+08:00 in the example; ISO8601标准时间格式: yyyy-MM-ddTHH:mm:ss±HH:mm"
_DEV_KEY: Final = "devKey: PBKDF2WithHmacSHA256, 密文长度: 32字节"
_FILE_ID: Final = "fileId: 由字母和数字组成, 最高不能超过64位"
_PHOTO: Final = "content: 图片转化成base64的数据"
_PHOTO_ID: Final = "contentFileDialog: 生物特征图片内容id, 详见 上传大文件; fileId 由字母和数字组成, 最高不能超过64位"
_TEN: Final = "不同类型间用冒号隔开; docs/deviations.md: bio strings have exactly ten positions"

_STATED: Final[dict[str, dict[str, str]]] = {
    "dev.register": {
        "protType": "protType: 取值: best-w, best-m, best-t",
        "devKey": _DEV_KEY,
        "devType": "devType: 取值: att, acc, elev, icc, meet",
    },
    "dev.accredit": {"devKey": _DEV_KEY},
    "dev.login": {"devKey": _DEV_KEY},
    "dev.report": {
        "multiBioDataSupport": f"multiBioDataSupport: 0:不支持, 1:支持, {_TEN}",
        "multiBioVer": f"multiBioVer: 按位定义, {_TEN}",
        "multiBioDataCount": f"multiBioDataCount: 按位定义, {_TEN}",
        "maxMultiBioDataCount": f"maxMultiBioDataCount: 按位定义, {_TEN}",
    },
    "dev.file.upload.start": {"fileId": _FILE_ID, "size": "size: 整包字节长度"},
    "dev.file.upload.package": {
        "fileId": _FILE_ID,
        "offset": "offset: 上次已传输文件偏移位置; docs/deviations.md: offset counts decoded bytes from 0",
        "content": "content: 文件分包内容, 读取二进制数据流base64加密",
    },
    "dev.file.upload.end": {"fileId": _FILE_ID},
    "dev.data.upload.user": {
        "users[].startTime": "startTime: ISO8601标准时间格式: yyyy-MM-ddTHH:mm:ss±HH:mm",
        "users[].endTime": "endTime: ISO8601标准时间格式: yyyy-MM-ddTHH:mm:ss±HH:mm",
        "users[].funSwitch": "funSwitch: 0:没有附加功能(默认), 1, 2, 3",
        "users[].disable": "disable: 0:允许名单, 1:禁止名单",
        "users[].bioDatas[].valid": "valid: 0:无效, 1:有效",
        "users[].bioDatas[].duress": "duress: 0:非胁迫, 1:胁迫",
        "users[].bioDatas[].type": "type: 生物识别类型见 附录 生物特征类型描述",
        "users[].bioDatas[].fmt": "fmt: 0:ZK, 1:ISO, 2:ANSI",
    },
    "dev.data.upload.userPhoto": {"userPhotos[].content": _PHOTO, "userPhotos[].contentFileId": _PHOTO_ID},
    "dev.data.upload.bioPhoto": {
        "bioPhotos[].no": "no: 整型, 生物具体个体编号",
        "bioPhotos[].index": "index: 整型, 生物具体个体模板编号",
        "bioPhotos[].type": "type: 整型, 生物识别类型见 附录 生物特征类型描述",
        "bioPhotos[].content": _PHOTO,
        "bioPhotos[].contentFileId": _PHOTO_ID,
    },
    "dev.data.upload.multiCard": {
        "multiCards[].type": "type: 整型, 0:主卡(默认), 1:副卡",
        "multiCards[].lossFlag": "lossFlag: 整型, 0:正常使用卡(默认), 1:丢失卡",
    },
    "dev.data.upload.verifyLog": {
        "verifyLog[].verifyTime": f"verifyTime: 用验证时间; {_TIMES}",
        "verifyLog[].verifyStyle": "verifyStyle: 整型, 验证方式, 见 附录 验证方式码描述",
        "verifyLog[].status": "status: 整型, 0, 1; 255:默认值, 不是0和1则传255",
        "verifyLog[].logId": "docs/deviations.md: logId is a decimal number that only grows on one device",
        "verifyLog[].recodeType": "recodeType: 整型, 0:签到 1:签退 255默认值",
    },
    "dev.data.upload.verifyPhoto": {
        "verifyPhotos[].photoTime": f"photoTime: 用户验证拍照时间; {_TIMES}",
        "verifyPhotos[].content": _PHOTO,
        "verifyPhotos[].contentFileId": _PHOTO_ID,
    },
}

_UNSURE: Final = {
    "dev.data.upload.multiCard multiCards[].card": (
        "card: 卡号为10进制字符串数据, but the document's own example is CC11000001xxx"
    ),
    "dev.data.upload.verifyLog verifyLog[].category": (
        "category: NORMAL(0), VISITOR(4), but the document's own example is 1"
    ),
    "dev.file.upload.start checksum": "checksum: 值为整包二进制字节md5摘要: whether it fits is seen at the end",
}

NOT_OF_THE_DOCUMENT: Final = frozenset(
    ("meetRoomName", "meetRoomManager", "meetRoomLocation", "meetRoomCapacity", "meetRoomManagerPin")
)
"""Parameters of `dev.report` that the document has in `cmd.option.set` alone: unknown extra ones to a platform."""


def stated_format(func_id: str, path: str) -> str | None:
    """The words that state the format of a field, or None where a platform is free."""
    return _STATED.get(func_id, {}).get(path)


def open_format(func_id: str, path: str) -> str:
    """Why a platform is free to take an odd value in a field without a stated format."""
    known = _UNSURE.get(f"{func_id} {path}")
    if known is not None:
        return known
    if func_id in ("dev.report", "dev.heartbeat"):
        return "The document does not say what becomes of an odd value that the platform may have no use for"
    return Told("The document states no format of {value}", value=path.rpartition(".")[2])
