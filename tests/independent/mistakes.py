"""Mistakes that real platforms make, each to be switched on by its name: `serve(..., wrong=["no-message"])`."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

from .checks import UNKNOWN

WRONG = {
    # the look-up
    "any-sign": "the look-up accepts any sign",
    "stale-timestamp": "the look-up accepts any timestamp",
    "repeated-nonce": "the look-up accepts a nonce again",
    "long-nonce": "the look-up accepts a nonce of more than 32 characters",
    "http-403": "the look-up refuses with HTTP status 403",
    # the channel
    "same-factor": "the server's factor is the same on every connection",
    "short-factor": "the server's factor has 16 bytes",
    "skips-counter": "the platform leaves out a counter once",
    "forgives-frames": "a frame that does not decrypt is left out instead of ending the connection",
    "takes-text": "a text frame after the exchange is taken as a message",
    # the envelope
    "repeated-mid": "a mid may be used again",
    "silent-without-mid": "a message without a mid gets no reply",
    "cuts-mids": "a reply's mid is cut to 16 characters",
    "no-message": "replies have no message",
    "number-code": "the code of success is the number 0",
    "short-code": "the code of success is '0'",
    "null-payload": "replies without results have a payload of null",
    "any-size": "the package limit is not enforced",
    "takes-numbers": "values that are no strings are taken",
    "unknown-ok": "an unknown funcId is answered with success",
    "silent-refusals": "a refused request gets no reply",
    "closes-on-refusal": "a refused request ends the connection",
    # the flow
    "any-devkey": "any devKey is accepted",
    "any-authcode": "any authCode is accepted",
    "any-secret": "any secret is accepted at the login",
    "before-login": "business is accepted before the login, for the sn that was named last",
    "before-report": "business is accepted before the report",
    "keeps-older": "an older connection of the same device stays open",
    "number-heartbeat": "heartbeatInterval is a number",
    "short-timezone": "timezone is +8",
    "no-bio-support": "the report's reply lacks multiBioDataSupport, which is required",
    "millis": "the time is told in milliseconds",
    # records and files
    "any-offset": "pieces of a file are taken whatever their offset",
    "any-checksum": "a file's checksum is not compared",
    "forgets-files": "completed files are lost with the connection",
    "half-batches": "of a batch with a bad record the good ones are stored, and success is told",
    "duplicate-refused": "a record that came before is refused",
    "stores-nothing": "success is told, but records and photos are not stored",
    # commands
    "same-cmdid": "every command has the same cmdId",
    "same-mid": "every command has the same mid",
    "long-mids": "the mids of commands have 40 characters",
    "too-many-pending": "three times maxPendingCmdCount is sent unanswered",
    "answers-answers": "dev.cmd.response gets a reply",
    "number-values": "what a command says is in numbers where it can be",
    "not-listed": "commands that the device did not list are sent as well",
    "absent-picture": "the picture of a cmd.data.update.bioPhoto is not where its url leads",
}


def spoil_reply(wrong: Collection[str], asked: str, reply: dict[str, Any]) -> None:
    """The mistakes that can be made in a reply when all else was right."""
    good = reply["code"] == "00000000"
    results = reply.get("payload", {}).get("results", {})
    if "cuts-mids" in wrong:
        reply["mid"] = reply["mid"][:16]
    if "no-message" in wrong:
        del reply["message"]
    if "null-payload" in wrong and not results:
        reply["payload"] = None
    if "number-code" in wrong and good:
        reply["code"] = 0
    if "short-code" in wrong and good:
        reply["code"] = "0"
    if "unknown-ok" in wrong and reply["code"] in (UNKNOWN, "A0001001"):
        reply["code"] = "00000000"
    if "millis" in wrong and "time" in results:
        results["time"] = str(int(time.time() * 1000))
    if asked == "dev.report" and good:
        if "number-heartbeat" in wrong:
            results["heartbeatInterval"] = 60
        if "short-timezone" in wrong:
            results["timezone"] = "+8"
        if "no-bio-support" in wrong:
            del results["multiBioDataSupport"]


def in_numbers(value: Any) -> Any:
    """The same, with numbers in place of the strings that hold one."""
    if isinstance(value, dict):
        return {name: inner if name == "cmdId" else in_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [in_numbers(inner) for inner in value]
    return int(value) if isinstance(value, str) and value.isdecimal() else value
