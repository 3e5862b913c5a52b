"""How the platform answers: delays by a distribution, refusals and silence at a rate, by funcId.

Decides only; waiting and sending are left to the caller. With the same random source and the same order of messages the
decisions are the same.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from random import Random
from typing import NamedTuple

from simulator.platform.settings import AnswerRule
from simulator.protocol import codes
from simulator.protocol.envelope import REPLY


class Decision(NamedTuple):
    """What happens to one message."""

    delay: float = 0.0
    """Seconds to wait before the answer."""
    code: str | None = None
    """Refuse with this code, without looking at the message; None handles it."""
    silent: bool = False
    """Handle it and give no answer."""


AT_ONCE = Decision()

BARE_SUCCESS = b'{"funcId":"%b","code":"%b","message":"%b","mid":"%%b"}' % (
    REPLY.encode(),
    codes.SUCCESS.encode(),
    codes.MESSAGES[codes.SUCCESS].encode(),
)
"""`encode_reply` of a success without results, the most frequent message of all; takes the mid."""


class AnswerPolicy:
    """Applies the rules: of several the first whose pattern matches."""

    def __init__(self, rules: Iterable[AnswerRule], random: Random) -> None:
        self._rules = tuple(rules)
        self._random = random
        self._by_func_id: dict[str, AnswerRule | None] = {}

    @property
    def delays(self) -> bool:
        """Whether any answer is to wait."""
        return any(rule.delay is not None for rule in self._rules)

    def decide(self, func_id: str) -> Decision:
        """What happens to a message of this funcId."""
        if not self._rules:
            return AT_ONCE
        try:
            rule = self._by_func_id[func_id]
        except KeyError:
            rule = next((rule for rule in self._rules if fnmatchcase(func_id, rule.func_id)), None)
            self._by_func_id[func_id] = rule
        if rule is None:
            return AT_ONCE
        random = self._random
        delay = 0.0 if rule.delay is None else rule.delay.draw(random)
        if rule.silence_share and random.random() < rule.silence_share:
            return Decision(delay, None, True)
        if rule.error_share and random.random() < rule.error_share:
            return Decision(delay, rule.error_code)
        return Decision(delay)
