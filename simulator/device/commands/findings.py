"""What is wrong with one command, whether that decides about it, and with which code it is refused then.

Pure: the state of the device's other commands is looked at by the queue.
"""

from dataclasses import dataclass
from typing import Final, Self

from simulator.device.functions import Functions
from simulator.judge.commands import ReadCommand
from simulator.judge.sameness import content
from simulator.measurements.violation_rules import (
    COMMAND_BEFORE_ONLINE,
    COMMAND_CMD_ID,
    COMMAND_FIELD_FORMAT,
    COMMAND_MID,
    COMMAND_NOT_NEGOTIATED,
    COMMAND_TOO_LARGE,
    COMMAND_UNKNOWN,
)
from simulator.protocol.codes import BAD_VALUE, MALFORMED, UNKNOWN_FUNC_ID

_CODES: Final = {COMMAND_FIELD_FORMAT: BAD_VALUE, COMMAND_UNKNOWN: UNKNOWN_FUNC_ID}
"""Every other fault makes a message malformed (docs/deviations.md, Codes)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong."""

    rule: str
    """Empty where the platform is not to blame."""
    text: str
    decides: bool
    """Whether the command cannot be carried out; where not, only a strict device refuses it."""
    code: str = MALFORMED
    remembered: bool = True
    """Whether a refusal is kept under the cmdId."""

    def __str__(self) -> str:
        return self.text

    @classmethod
    def mid_repeated(cls) -> Self:
        return cls(COMMAND_MID, "mid was given to another command on this connection", decides=False)

    @classmethod
    def cmd_id_reused(cls) -> Self:
        return cls(COMMAND_CMD_ID, "cmdId was given to another command before", decides=False)

    @classmethod
    def early(cls) -> Self:
        return cls(COMMAND_BEFORE_ONLINE, "it came before the reply to dev.report", decides=False)

    @classmethod
    def not_listed(cls) -> Self:
        found = "the device did not list it in funcIds of dev.report"
        return cls(COMMAND_NOT_NEGOTIATED, found, decides=True, code=UNKNOWN_FUNC_ID)

    @classmethod
    def only_listed(cls) -> Self:
        return cls(
            "", "the device lists it in funcIds of dev.report and does not have it", decides=True, code=UNKNOWN_FUNC_ID
        )


def faults_of(read: ReadCommand, size: int, unreadable: str, package_bytes: int, functions: Functions) -> list[Fault]:
    """What is wrong with a command of `size` bytes of JSON by itself; `unreadable` says why it cannot be read."""
    if size > package_bytes:
        found = f"the message is larger than {package_bytes} bytes"
        # Refused anew each time: of its cmdId alone a thousand may be too much to keep.
        return [Fault(COMMAND_TOO_LARGE, found, decides=True, remembered=False)]
    if unreadable:
        # What is missing in it may be what could not be read.
        return [Fault(COMMAND_FIELD_FORMAT, f"the message {unreadable}", decides=True)]
    judgement = read.judgement
    faults = [
        Fault(each.rule, str(each), each is judgement.unusable, _CODES.get(each.rule, MALFORMED))
        for each in judgement.departures
    ]
    if read.func_id in functions.without:
        return [Fault.not_listed(), *faults]
    if not read.known and read.func_id in functions.extra:
        # Whoever believes the list is not to blame.
        return [Fault.only_listed(), *(fault for fault in faults if fault.rule != COMMAND_UNKNOWN)]
    return faults


def mark_of(read: ReadCommand) -> int:
    """Tells a command from another one under the same cmdId; the same command sent again has the same."""
    return hash(content(read))
