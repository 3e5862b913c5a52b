"""Ways to write what the documents leave open: A is terse, B and C are verbose and odd; all are right."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from .checks import DENIED, FORMAT, INTERNAL, MALFORMED, SIGN, UNKNOWN

SUCCESS = "00000000"
COMMANDS = (
    *("cmd.data.update.user", "cmd.data.update.meeting", "cmd.data.update.meetingMember"),
    *("cmd.data.update.multiCard", "cmd.data.update.bioPhoto", "cmd.data.delete.user", "cmd.data.delete.bioPhoto"),
    *("cmd.data.delete.multiCard", "cmd.data.delete.meeting", "cmd.data.delete.meetingMember"),
    *("cmd.data.delete.userPhoto", "cmd.data.query.user", "cmd.data.clear.user", "cmd.data.clear.multiCard"),
    *("cmd.data.clear.all", "cmd.option.set", "cmd.control.reboot", "cmd.system.sync.time"),
)
TERSE_CODES = {
    UNKNOWN: "A0001001",
    MALFORMED: "A0001002",
    SIGN: "A0001003",
    FORMAT: "A0001004",
    INTERNAL: "A0001006",
    DENIED: "A0011004",
}
TERSE_MESSAGES = {
    UNKNOWN: "未知功能",
    MALFORMED: "请求格式错误",
    SIGN: "签名无效",
    FORMAT: "参数取值错误",
    INTERNAL: "服务异常",
    DENIED: "设备没权限",
}


class Style:
    """Style A."""

    name = "A"
    timezone = "+08:00"
    heartbeat: int | None = None
    delay = 0.0
    pushes = False
    fresh_keys = False
    keeps_parts = False
    pings: float | None = None

    def __init__(self, random: Random) -> None:
        self.random = random

    def code(self, code: str) -> str:
        return TERSE_CODES.get(code, code)

    def message(self, code: str, reason: str) -> str:
        return "成功" if code == SUCCESS else TERSE_MESSAGES[code]

    def mid(self, number: int) -> str:
        return f"p{number}"

    def cmd_id(self, number: int) -> str:
        return str(1000 + number)

    def fragments(self, text: str) -> str | list[str]:
        """How a text message is cut into WebSocket frames."""
        return text

    def look_up_results(self, url: str, root_ca: str) -> dict[str, str]:
        return {"url": url}

    def reply(self, asked: str, sn: str, mid: str, code: str, reason: str, results: Any) -> dict[str, Any]:
        answer: dict[str, Any] = {"code": self.code(code), "message": self.message(code, reason), "mid": mid}
        if not asked.startswith("device.exchange."):
            answer = {"funcId": "cmd.dev.response", **answer}
        if results is not None:
            answer["payload"] = {"results": results}
        return answer

    def command(self, func_id: str, mid: str, params: dict[str, Any]) -> dict[str, Any]:
        return {"funcId": func_id, "mid": mid, "payload": {"params": params}}

    def report_results(self, report: dict[str, Any]) -> dict[str, Any]:
        none = ":".join("0" * 10)
        return {
            "multiBioDataSupport": report["multiBioDataSupport"],
            "multiBioPhotoSupport": report.get("multiBioPhotoSupport") or none,
        }

    def encode(self, message: dict[str, Any]) -> str:
        return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


class VerboseStyle(Style):
    """Style B."""

    name = "B"
    timezone = "+05:30"
    heartbeat = 5
    delay = 0.08
    pushes = True
    fresh_keys = True
    keeps_parts = True
    pings = 1.0

    def code(self, code: str) -> str:
        return code

    def message(self, code: str, reason: str) -> str:
        return 'all "right" \\ / \t 好的 \U0001f600' if code == SUCCESS else f"refused: {reason}"

    def mid(self, number: int) -> str:
        return f"{number:08d}" + "".join(self.random.choices("0123456789abcdefABCDEF-_", k=24))

    def cmd_id(self, number: int) -> str:
        return f"{number}-" + "".join(self.random.choices("0123456789abcdef", k=40))

    def fragments(self, text: str) -> str | list[str]:
        if self.random.random() < 0.7:
            return text
        at = self.random.randrange(len(text))
        return [part for part in (text[:at], text[at:]) if part]

    def look_up_results(self, url: str, root_ca: str) -> dict[str, str]:
        return {"siteId": "", "companyId": "c-1", "rootCA": root_ca, "url": url}

    def reply(self, asked: str, sn: str, mid: str, code: str, reason: str, results: Any) -> dict[str, Any]:
        answer = {
            "sn": sn,
            "payload": {} if results is None else {"results": results},
            "mid": mid,
            "imme": self.random.choice(("0", "1", "")),
            "message": self.message(code, reason),
            "code": code,
            "funcId": "cmd.dev.response",
        }
        return answer if sn else {name: value for name, value in answer.items() if name != "sn"}

    def command(self, func_id: str, mid: str, params: dict[str, Any]) -> dict[str, Any]:
        return {"payload": {"params": params}, "imme": self.random.choice("01"), "mid": mid, "funcId": func_id}

    def report_results(self, report: dict[str, Any]) -> dict[str, Any]:
        ours = [
            *("dev.heartbeat", "dev.file.upload.start", "dev.file.upload.package", "dev.file.upload.end"),
            *("dev.data.upload.user", "dev.data.upload.userPhoto", "dev.data.upload.bioPhoto"),
            *("dev.data.upload.multiCard", "dev.data.upload.verifyLog", "dev.data.upload.verifyPhoto"),
            *("dev.system.sync.time", "dev.register", "dev.accredit", "dev.login", "dev.report"),
            *("device.exchange.publicKey", "device.exchange.factor", *COMMANDS),
            *("cmd.dev.response", "dev.cmd.response", "dev.data.upload.palmPrintOfTomorrow", "", "未知"),
        ]
        names = [*ours, *self.random.sample(ours, 5)]
        self.random.shuffle(names)
        return {
            **super().report_results(report),
            "timezone": self.timezone,
            "supportHeartbeat": "1",
            "heartbeatInterval": str(self.heartbeat),
            "funcIds": names,
        }

    def encode(self, message: dict[str, Any]) -> str:
        return self._write(message)

    def _extras(self) -> list[tuple[str, Any]]:
        extras: list[tuple[str, Any]] = [
            ("xNumber", 9007199254740993),
            ("xFraction", -1.5e-7),
            ("xTrue", True),
            ("xNothing", None),
            ("xList", [1, "two", [], {}, None, [[["deep"]]]]),
            ("xObject", {"mid": "no mid", "code": 7, "funcId": ["cmd.control.reboot"]}),
            ("x字段", "多余\U0001f600"),
        ]
        return self.random.sample(extras, self.random.randint(2, len(extras)))

    def _blank(self) -> str:
        return self.random.choice(("", "", " ", "\n  ", "\t", "\r\n"))

    def _write(self, value: Any, bare: bool = False) -> str:
        blank = self._blank
        write: Callable[[Any], str] = lambda inner: self._write(inner, bare)  # noqa: E731
        if isinstance(value, dict):
            pairs = list(value.items())
            if not bare:
                self.random.shuffle(pairs)
                fresh = [pair for pair in self._extras() if pair[0] not in value]
                texts = [f"{self._text(name)}{blank()}:{blank()}{self._write(inner)}" for name, inner in pairs]
                texts += [f"{self._text(name)}{blank()}:{blank()}{self._write(inner, True)}" for name, inner in fresh]
                self.random.shuffle(texts)
            else:
                texts = [f"{self._text(name)}:{write(inner)}" for name, inner in pairs]
            return "{" + blank() + f"{blank()},{blank()}".join(texts) + blank() + "}"
        if isinstance(value, list):
            return "[" + blank() + f"{blank()},{blank()}".join(write(inner) for inner in value) + blank() + "]"
        return self._text(value) if isinstance(value, str) else json.dumps(value)

    def _text(self, text: str) -> str:
        """A JSON string in which letters are escaped that need not be."""
        out = []
        for char in text:
            if char == "/" and self.random.random() < 0.5:
                out.append("\\/")
            elif char.isalnum() and char.isascii() and self.random.random() < 0.1:
                out.append(f"\\u{ord(char):04X}")
            else:
                out.append(json.dumps(char)[1:-1])
        return f'"{"".join(out)}"'


class TextStyle(VerboseStyle):
    """Style C: B, where even the fields that nobody knows hold only strings, or lists and objects of strings."""

    name = "C"

    def _extras(self) -> list[tuple[str, Any]]:
        return [(name, _in_strings(value)) for name, value in super()._extras()]


def _in_strings(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _in_strings(inner) for name, inner in value.items()}
    return [_in_strings(inner) for inner in value] if isinstance(value, list) else str(value)


STYLES: dict[str, type[Style]] = {"A": Style, "B": VerboseStyle, "C": TextStyle}
