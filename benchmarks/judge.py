"""What the judge costs: CPU of checking one right reply, and of reading a wrong one."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.figures import Spread, Target, spread
from simulator.judge.commands import read_command
from simulator.judge.replies import reply_judge

HEARTBEAT = "right reply to dev.heartbeat"
VERIFY_LOG = "right reply to dev.data.upload.verifyLog"
REPORT = "right reply to dev.report"
WRONG_REPORT = "reply to dev.report with three departures"
COMMAND = "right command of 100 users"
_REPLY = {"funcId": "cmd.dev.response", "code": "00000000", "message": "success", "mid": "0188c3a1b2f41"}
_TERMS = {
    "timezone": "+08:00",
    "supportHeartbeat": "1",
    "heartbeatInterval": "60",
    "multiBioDataSupport": "0:1:1:0:0:0:0:0:0:0",
    "multiBioPhotoSupport": "0:1:1:0:0:0:0:0:0:0",
    "funcIds": ["dev.data.upload.user", "dev.data.upload.verifyLog", "cmd.data.update.user"],
}
_WRONG_TERMS = {**_TERMS, "timezone": None, "heartbeatInterval": 60, "multiBioDataSupport": "0:1:1:0:0:0:0:0:0:0:0"}
_USER = {"pin": "1001", "role": "0", "firstName": "Ada", "funSwitch": "0", "disable": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSize:
    """How much is checked.

    Attributes:
        checks: Replies that are checked in each round.
    """

    rounds: int
    checks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeCost:
    """CPU µs of each kind of check."""

    cpu_us: dict[str, Spread]

    def targets(self) -> list[Target]:
        """A check on the hot path costs at most a microsecond."""
        return [Target(f"judge, µs a {name}", self.cpu_us[name].median, 1.0) for name in (HEARTBEAT, VERIFY_LOG)]

    def to_json(self) -> dict[str, Any]:
        return {"cpu_us": {name: found.to_json() for name, found in self.cpu_us.items()}}


def measure_judge(size: JudgeSize) -> JudgeCost:
    """Check each kind of message `size.checks` times a round, in turns."""
    found: dict[str, list[float]] = {}
    for _ in range(size.rounds):
        for name, check in _checks().items():
            found.setdefault(name, []).append(_cpu_us(check, size.checks))
    return JudgeCost(cpu_us={name: spread(values) for name, values in found.items()})


def _checks() -> Mapping[str, Callable[[], object]]:
    report = {**_REPLY, "payload": {"results": _TERMS}}
    wrong = {**_REPLY, "payload": {"results": _WRONG_TERMS}}
    command = {
        "funcId": "cmd.data.update.user",
        "mid": "m1",
        "payload": {"params": {"cmdId": "c1", "users": [_USER] * 100}},
    }
    # The judge is looked up by funcId for each reply, as a device does.
    return {
        HEARTBEAT: lambda: reply_judge("dev.heartbeat").right(_REPLY),
        VERIFY_LOG: lambda: reply_judge("dev.data.upload.verifyLog").right(_REPLY),
        REPORT: lambda: reply_judge("dev.report").right(report),
        WRONG_REPORT: lambda: reply_judge("dev.report").read(wrong),
        COMMAND: lambda: read_command(command),
    }


def _cpu_us(check: Callable[[], object], times: int) -> float:
    """CPU µs of a check, the loop around it included."""
    began = time.process_time()
    for _ in range(times):
        check()
    return (time.process_time() - began) / times * 1e6
