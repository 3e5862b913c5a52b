"""What a rule is by which a platform is judged, and the sections of the document that rules point to."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

REPLY_SECTION: Final = "4.3.1 服务端回复"
COMMAND_SECTION: Final = "4.2.1 服务端请求"
GENERAL_SECTION: Final = "4 协议通用描述"
LOOKUP_SECTION: Final = "3.1 获取服务器地址"
REPORT_SECTION: Final = "3.5 设备上报"
HANDSHAKE_SECTION: Final = "通道安全握手"
DECIDED: Final = "docs/deviations.md"
"""Where the document is silent, what was settled stands there."""


class RuleKind(Enum):
    """Which of the classes of a summary a rule belongs to."""

    VIOLATION = "violation"
    OBSERVATION = "observation"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, `<what>.<fault>`."""

    name: str
    kind: RuleKind
    section: str
    """Where the document says so: its number and heading, or `docs/deviations.md` with what was settled there."""
    meaning: str
    """What was found, for people: a sentence without a full stop that follows "the platform …"."""
    advice: str
    """What a platform developer can do about it: a sentence."""


def violation(name: str, section: str, meaning: str, advice: str) -> Rule:
    """A rule whose breach the document forbids."""
    return Rule(name, RuleKind.VIOLATION, section, meaning, advice)


def observation(name: str, section: str, meaning: str, advice: str) -> Rule:
    """A rule for what is unusual and allowed."""
    return Rule(name, RuleKind.OBSERVATION, section, meaning, advice)
