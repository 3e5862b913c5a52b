"""Which rule of the judge a platform breaks that breaks the channel."""

from typing import Final

from simulator.measurements import violation_rules as rules
from simulator.protocol.channel.base import ChannelViolation

_BY_WORDS: Final = (
    ("wrong tag", rules.CHANNEL_TAG),
    ("a text frame after", rules.CHANNEL_PLAIN_AFTER_EXCHANGE),
    ("is due", rules.CHANNEL_COUNTER),
)
"""The suites say what is wrong in words alone."""


def broken_rule(violation: ChannelViolation) -> str:
    """The rule's name."""
    text = str(violation)
    return next((rule for words, rule in _BY_WORDS if words in text), rules.CHANNEL_FRAME)
