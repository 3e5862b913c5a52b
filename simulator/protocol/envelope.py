"""The JSON envelope of every message, and the `mid` that a reply is matched by (document 4.2 and 4.3).

Field order on the wire is that of the document's examples. What stands inside `params` and `results` is declared in the
catalogue; encryption belongs to the channel. Every scalar value on the wire is a string, which the callers see to.
"""

import codecs
from collections.abc import Mapping
from typing import Any, Final

import orjson

from simulator.protocol import unusual_json

MAX_MID_LENGTH: Final = 32
"""Characters of a `mid` at most (document 4.2)."""
REPLY: Final = "cmd.dev.response"
"""funcId of every reply of the platform but those of the exchanges."""
COMMAND_RESPONSE: Final = "dev.cmd.response"
"""funcId of a device's answer to a command."""

_dumps = orjson.dumps
_loads = orjson.loads

_HEARTBEAT: Final = b'{"funcId":"dev.heartbeat","imme":"0","mid":"'
_FREE: Final = b'","payload":{"params":{"isFree":"1"}}}'
_BUSY: Final = b'","payload":{"params":{"isFree":"0"}}}'

_BOOT_DIGITS: Final = 12
"""Hex digits of the boot time in a `mid`: of fixed width, so that boot time and counter cannot run into each other."""


class MalformedMessage(Exception):  # noqa: N818 - named for what arrived; it is a finding about the peer
    """What arrived is no JSON object, or not one of the expected shape. The text never quotes the message."""


class UnreadableMessage(MalformedMessage):
    """A JSON object that cannot be read as a whole: no fault of the channel, and no reason to end a connection.

    Attributes:
        message: what could be read of it; members with half a surrogate pair are left out.
    """

    def __init__(self, message: dict[str, Any], why: str) -> None:
        super().__init__(why)
        self.message = message


def encode_request(
    func_id: str, mid: str, params: Mapping[str, Any] | None, *, sn: str | None = None, imme: str | None = None
) -> bytes:
    """A device's request as UTF-8 JSON (document 4.2.2).

    Args:
        params: None leaves the payload out, as `dev.system.sync.time` does.
        sn: only in the requests of the login flow.
        imme: "1" for an urgent message, "0" or None for any other.

    Raises:
        TypeError: If a value has no JSON form, or a string holds half a surrogate pair.
    """
    message: dict[str, Any] = {"funcId": func_id}
    if imme is not None:
        message["imme"] = imme
    if sn is not None:
        message["sn"] = sn
    message["mid"] = mid
    if params is not None:
        message["payload"] = {"params": _plain(params)}
    return _dumps(message)


def encode_command(func_id: str, mid: str, params: Mapping[str, Any] | None, *, imme: str | None = None) -> bytes:
    """A platform's command as UTF-8 JSON (document 4.2.1). `params` holds the `cmdId`.

    Raises:
        TypeError: As `encode_request`.
    """
    return encode_request(func_id, mid, params, imme=imme)


def encode_reply(
    mid: str,
    code: str,
    message: str,
    *,
    results: Mapping[str, Any] | None = None,
    func_id: str | None = REPLY,
    imme: str | None = None,
) -> bytes:
    """A platform's reply to a request as UTF-8 JSON (document 4.3.1).

    Args:
        mid: the request's own.
        func_id: None for the replies of the two exchanges, which carry none.
        results: None leaves the payload out.

    Raises:
        TypeError: As `encode_request`.
    """
    reply: dict[str, Any] = {} if func_id is None else {"funcId": func_id}
    reply["code"] = code
    reply["message"] = message
    if imme is not None:
        reply["imme"] = imme
    reply["mid"] = mid
    if results is not None:
        reply["payload"] = {"results": _plain(results)}
    return _dumps(reply)


def encode_command_response(mid: str, cmd_id: str, code: str, message: str) -> bytes:
    """A device's answer to a command (`dev.cmd.response`); `mid` and `cmd_id` are the command's own.

    Raises:
        TypeError: As `encode_request`.
    """
    return _dumps(
        {
            "funcId": COMMAND_RESPONSE,
            "mid": mid,
            "code": code,
            "message": message,
            "payload": {"params": {"cmdId": cmd_id}},
        }
    )


def heartbeat(mid: str, is_free: bool) -> bytes:
    """`dev.heartbeat`, the fleet's most frequent message, from a template.

    The same bytes as `encode_request("dev.heartbeat", mid, {"isFree": "1" or "0"}, imme="0")`.
    """
    if mid.isalnum():  # nothing in it that JSON would escape
        return _HEARTBEAT + mid.encode() + (_FREE if is_free else _BUSY)
    return encode_request("dev.heartbeat", mid, {"isFree": "1" if is_free else "0"}, imme="0")


def decode(data: bytes | bytearray | memoryview) -> dict[str, Any]:
    """The JSON object in `data` (UTF-8); a byte-order mark before it is passed over.

    Raises:
        MalformedMessage: If it is no JSON object.
        UnreadableMessage: If it is one, but holds what cannot be read.
    """
    try:
        message = _loads(data)
    except orjson.JSONDecodeError as error:
        return _decode_unusual(bytes(data), error.msg)
    if type(message) is not dict:
        raise MalformedMessage("JSON, but no object")
    return message


def _decode_unusual(data: bytes, problem: str) -> dict[str, Any]:
    """As `decode`, for what the fast decoder does not take."""
    # Nothing is chained in here: a decoder's exception carries the whole message, secrets included.
    try:
        message, unreadable = unusual_json.read(data.removeprefix(codecs.BOM_UTF8).decode())
    except (unusual_json.NotJsonError, UnicodeDecodeError):
        raise MalformedMessage(f"no JSON: {problem}") from None
    if type(message) is not dict:
        raise MalformedMessage("JSON, but no object")
    if unreadable is not None:
        raise UnreadableMessage(message, unreadable)
    return message


def is_urgent(message: Mapping[str, Any]) -> bool:
    """Whether `message` goes before others: any `imme` does but an empty one and 0 (section 请求协议)."""
    imme = message.get("imme")
    return isinstance(imme, str) and imme.strip("0") != ""


def params_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """`payload.params` of a request or command; empty where it is absent or no object."""
    return _part_of(message, "params")


def results_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """`payload.results` of a reply; empty where it is absent or no object."""
    return _part_of(message, "results")


class MidSource:
    """Makes the `mid` values of one device: unique over its reconnects and, by the boot time, over its restarts.

    A `mid` is 12 hexadecimal digits of the boot time and a decimal counter, letters and digits only.
    """

    __slots__ = ("_boot", "_count")

    def __init__(self, boot_ms: int) -> None:
        """
        Args:
            boot_ms: the device's start in milliseconds since the epoch; another one at each start.

        Raises:
            ValueError: If it is negative or has more than 12 hexadecimal digits.
        """
        if not 0 <= boot_ms < 16**_BOOT_DIGITS:
            raise ValueError(f"boot time out of range: {boot_ms} ms")
        self._boot = f"{boot_ms:0{_BOOT_DIGITS}x}"
        self._count = 0

    def next(self) -> str:
        """The next `mid`, 13 characters at first and never more than 32."""
        self._count = count = self._count + 1
        return f"{self._boot}{count}"

    @property
    def count(self) -> int:
        """How many were made."""
        return self._count

    def number_of(self, mid: object) -> int:
        """Which one `mid` is, from 1 on; 0 where it is none that was made here."""
        if not isinstance(mid, str) or not mid.startswith(self._boot) or len(mid) > MAX_MID_LENGTH:
            return 0
        digits = mid[_BOOT_DIGITS:]
        if not (digits.isascii() and digits.isdigit()) or digits[0] == "0":
            return 0
        number = int(digits)
        return number if number <= self._count else 0


def _part_of(message: Mapping[str, Any], name: str) -> dict[str, Any]:
    payload = message.get("payload")
    if type(payload) is dict:
        part = payload.get(name)
        if type(part) is dict:
            return part
    return {}


def _plain(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return mapping if type(mapping) is dict else dict(mapping)
