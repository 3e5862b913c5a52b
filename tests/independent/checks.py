"""What a device's request must look like: fields, formats and the refusals for what does not."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from .channel import strict_base64

UNKNOWN, MALFORMED, SIGN, FORMAT, INTERNAL, DENIED = (
    "E0000001",
    "E0000002",
    "E0000003",
    "E0000004",
    "E0000006",
    "E0010004",
)


class RefusalError(Exception):
    """A request is answered with this code."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Rule(NamedTuple):
    required: bool
    right: Callable[[str], object]


def like(pattern: str) -> Callable[[str], object]:
    return re.compile(pattern).fullmatch


def is_time(text: str) -> bool:
    """yyyy-MM-ddTHH:mm:ss and an offset, and a moment that exists."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", text, re.ASCII):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_base64(text: str) -> bool:
    try:
        return bool(strict_base64(text))
    except ValueError:
        return False


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def must(right: Callable[[str], object] = bool) -> Rule:
    return Rule(True, right)


def may(right: Callable[[str], object] = bool) -> Rule:
    return Rule(False, right)


WHOLE = like(r"[0-9]{1,20}")
FLAG = like(r"[01]")
BIO_FLAGS = like(r"[01](:[01]){9}")
BIO_COUNTS = like(r"[0-9]+(:[0-9]+){9}")
BIO_VERSIONS = like(r"[0-9]+(\.[0-9]+)*(:[0-9]+(\.[0-9]+)*){9}")
BIO_TYPE = like(r"[0-9]|10")
DECIMAL = like(r"-?[0-9]+(\.[0-9]+)?")
EXTENSION = like(r"\.?[A-Za-z0-9]{1,8}")
FILE_ID = like(r"[A-Za-z0-9]{1,64}")
VERIFY_STYLE = like(r"[0-9]|1[0-9]|2[0-9]|200")
STATUS = like(r"0|1|255")

REGISTER = {
    "protType": must(like("best-w")),
    "protVer": must(),
    "productId": must(),
    "devKey": must(),
    "devType": must(like("att|acc|elev|icc|meet")),
}
ACCREDIT = {"productId": must(), "devKey": must(), "authCode": must()}
LOGIN = {**ACCREDIT, "secret": must()}
REPORT = {
    **dict.fromkeys(("fwVer", "devModel"), must()),
    "commType": must(like("ethernet|usb-4G-modem|serial-wireless")),
    **dict.fromkeys(("ip", "netmask", "gateway"), must(is_address)),
    "mac": must(like(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")),
    **dict.fromkeys(("lockCount", "userCount", "maxUserCount", "transactionCount", "maxTransactionCount"), must(WHOLE)),
    "multiBioDataSupport": must(BIO_FLAGS),
    **dict.fromkeys(("multiBioPhotoSupport", "multiBioEnrollSupport"), may(BIO_FLAGS)),
    "multiBioVer": must(BIO_VERSIONS),
    **dict.fromkeys(("multiBioDataCount", "maxMultiBioDataCount"), must(BIO_COUNTS)),
    **dict.fromkeys(("multiBioPhotoCount", "maxMultiBioPhotoCount"), may(BIO_COUNTS)),
    **dict.fromkeys(("maxPackageSize", "maxPendingCmdCount"), may(like(r"[1-9][0-9]{0,5}"))),
    **dict.fromkeys(
        (
            *("qrCodeSupport", "qrCodeOn", "cameraOn", "attPhotoFunOn", "enableBioTest", "voiceOn", "keyPadBeepOn"),
            *("irTempDetectionFunOn", "irTempDetectionOn", "temperatureOn", "irTempUnit", "maskDetectionFunOn"),
            *("maskDetectionOn", "maskOn", "sipOn", "adOn"),
        ),
        may(FLAG),
    ),
    "qrCodeDecryptFunList": may(like("[01]+")),
    "capturePic": may(like("[0-4]")),
    "volume": may(like("[0-9]{1,2}|100")),
    **dict.fromkeys(("maxTemperature", "minTemperature"), may(DECIMAL)),
    "scene": may(like("[12]")),
    "verifyStyles": must(like("[01]{1,32}")),
}
HEARTBEAT = {"isFree": may(FLAG)}
FILE_START = {
    "fileId": must(FILE_ID),
    "size": must(like(r"[1-9][0-9]{0,7}")),
    "checksum": may(like("[0-9A-Fa-f]{32}")),
}
FILE_PACKAGE = {"fileId": must(FILE_ID), "offset": must(WHOLE), "content": must(is_base64)}
FILE_END = {"fileId": must(FILE_ID)}
HEX = like(r"([0-9A-Fa-f]{2})+")
USER = {
    "pin": must(),
    "password": may(like("[0-9A-Fa-f]{64}")),
    "passwordSalt": may(HEX),
    "startTime": may(is_time),
    "endTime": may(is_time),
    "firstName": must(),
    "funSwitch": must(like("[0-3]")),
    "disable": must(FLAG),
}
BIO_DATA = {
    **dict.fromkeys(("no", "index"), may(WHOLE)),
    **dict.fromkeys(("valid", "duress"), may(FLAG)),
    "type": must(BIO_TYPE),
    **dict.fromkeys(("majorVer", "minorVer"), must(WHOLE)),
    "fmt": must(like("[012]")),
    "tmp": must(),
}
CARD = {"pin": must(), "card": must(like("[0-9]+")), "type": may(FLAG), "lossFlag": may(FLAG)}
PHOTO = {
    "pin": must(),
    "extension": may(EXTENSION),
    "content": may(is_base64),
    "contentFileId": may(FILE_ID),
    "contentFileDialog": may(FILE_ID),
}
BIO_PHOTO = {**PHOTO, "no": may(WHOLE), "index": may(WHOLE), "type": must(BIO_TYPE)}
VERIFY_PHOTO = {**PHOTO, "meetCode": must(), "photoTime": may(is_time), "logId": may(WHOLE)}
VERIFY_LOG = {
    **dict.fromkeys(("pin", "meetCode"), must()),
    "verifyTime": must(is_time),
    "verifyStyle": must(VERIFY_STYLE),
    **dict.fromkeys(("status", "recodeType"), must(STATUS)),
    "category": must(like("0|4")),
    "logId": must(WHOLE),
}


def only_strings(value: object) -> None:
    """Every scalar of a message is a string."""
    left = [value]
    while left:
        inner = left.pop()
        if isinstance(inner, dict):
            left.extend(inner.values())
        elif isinstance(inner, list):
            left.extend(inner)
        elif not isinstance(inner, str):
            raise RefusalError(MALFORMED, "a value is no string")


def as_strings(value: Any) -> Any:
    """The same with a string in place of every other scalar: what a lenient platform would take it for."""
    if isinstance(value, dict):
        return {name: as_strings(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_strings(inner) for inner in value]
    return value if isinstance(value, str) else str(value)


def fields(params: object, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """The object, where each of its fields follows its rule; an empty string counts as absent."""
    if not isinstance(params, dict):
        raise RefusalError(MALFORMED, "an object is missing")
    for name, rule in rules.items():
        value = params.get(name, "")
        if not isinstance(value, str):
            raise RefusalError(MALFORMED, f"{name} is no string")
        if value == "":
            if rule.required:
                raise RefusalError(MALFORMED, f"{name} is missing")
        elif not rule.right(value):
            raise RefusalError(FORMAT, f"{name} is out of its format")
    return params


def strings(params: Mapping[str, Any], name: str) -> list[str]:
    value = params.get(name)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RefusalError(MALFORMED, f"{name} is no list of strings")
    return value


def items(params: object, name: str, rules: Mapping[str, Rule], empty: bool = False) -> list[dict[str, Any]]:
    """The objects of a list, each of which follows the rules: one bad one refuses them all."""
    value = fields(params, {}).get(name)
    if not isinstance(value, list):
        raise RefusalError(MALFORMED, f"{name} is no list")
    if not value and not empty:
        raise RefusalError(MALFORMED, f"{name} is empty")
    return [fields(item, rules) for item in value]


def file_of(photo: Mapping[str, Any]) -> str:
    """The id of the file that holds a photo, or an empty string where the photo itself is there."""
    names = {photo[name] for name in ("contentFileId", "contentFileDialog") if photo.get(name)}
    if not names and not photo.get("content"):
        raise RefusalError(MALFORMED, "neither content nor contentFileId")
    if len(names) + bool(photo.get("content")) > 1:
        raise RefusalError(FORMAT, "more than one of content and contentFileId")
    return names.pop() if names else ""


def lookup_sign(sn: str, nonce: str, timestamp: str, secret_key: str) -> str:
    return hashlib.md5((sn + nonce + timestamp + secret_key).encode()).hexdigest()


def key_digest(key: str, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", key.encode(), salt, 1000, 32).hex()
