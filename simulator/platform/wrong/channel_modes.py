"""Mistakes in the secure channel: in what the platform sends, and in what it lets pass."""

from typing import Final

from simulator.measurements import violation_rules as rules
from simulator.platform.wrong.mode import Mode

FRAME: Final = 4
"""Of a connection's sealed frames the one, counted from 0, that is wrong: devices come online before it."""
_SEALED: Final = ("rsa-aes",)
_EXCHANGED: Final = ("rsa-aes", "exchange-only")
_FIFTH: Final = "in the fifth frame of each connection"
_EVERY_OTHER: Final = "in the fifth frame of every other connection"


def _frame(name: str, text: str, rule: str, every: int = 1) -> Mode:
    return Mode(name=f"channel.{name}", text=text, rules=(rule,), suites=_SEALED, every=every)


def _exchange(name: str, text: str, rule: str, every: int = 2) -> Mode:
    return Mode(name=f"channel.{name}", text=text, rules=(rule,), suites=_EXCHANGED, every=every)


def _lenient(name: str, text: str) -> Mode:
    return Mode(name=f"channel.{name}", text=text, suites=_SEALED)


COUNTER_SKIPPED: Final = _frame("counter-skipped", f"skips a counter {_FIFTH}", rules.CHANNEL_COUNTER)
COUNTER_REPEATED: Final = _frame("counter-repeated", f"uses the last counter again {_FIFTH}", rules.CHANNEL_COUNTER)
TAG_BROKEN: Final = _frame("tag-broken", f"sends a wrong tag {_EVERY_OTHER}", rules.CHANNEL_TAG, every=2)
PLAIN: Final = _frame("plain-after-exchange", f"sends text {_FIFTH}", rules.CHANNEL_PLAIN_AFTER_EXCHANGE)
SHORT: Final = _frame("short-frame", f"sends too few bytes {_EVERY_OTHER}", rules.CHANNEL_FRAME, every=2)
KEY_UNREADABLE: Final = _exchange(
    "key-unreadable", "sends a publicKey that is none on every other connection", rules.CHANNEL_KEY
)
KEY_SHORT: Final = _exchange("key-of-1024", "sends a publicKey of 1024 bits", rules.CHANNEL_KEY, every=1)
FACTOR_UNREADABLE: Final = _exchange(
    "factor-unreadable", "sends a factor that cannot be decrypted on every other connection", rules.CHANNEL_KEY
)
FACTOR_REPEATED: Final = _exchange(
    "factor-repeated", "sends the same factor on every connection", rules.CHANNEL_FACTOR_REPEATED, every=1
)
ACCEPTS_TAG: Final = _lenient("accepts-wrong-tag", "takes frames with a wrong tag")
ACCEPTS_REPLAY: Final = _lenient("accepts-replay", "takes a frame that it had before")
ACCEPTS_GAP: Final = _lenient("accepts-gap", "takes frames whose counter skips some")
ACCEPTS_TEXT: Final = _lenient("accepts-text", "takes messages in the clear after the exchange")

FRAME_MODES: Final[tuple[Mode, ...]] = (COUNTER_SKIPPED, COUNTER_REPEATED, TAG_BROKEN, PLAIN, SHORT)
CHANNEL_MODES: Final[tuple[Mode, ...]] = (
    *FRAME_MODES,
    KEY_UNREADABLE,
    KEY_SHORT,
    FACTOR_UNREADABLE,
    FACTOR_REPEATED,
    ACCEPTS_TAG,
    ACCEPTS_REPLAY,
    ACCEPTS_GAP,
    ACCEPTS_TEXT,
)
"""In the order of tables."""
