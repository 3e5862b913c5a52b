"""Mistakes in how connections are kept, and in WebSocket itself."""

from typing import Final

from simulator.measurements import violation_rules as rules
from simulator.platform.wrong.mode import WEBSOCKET, Mode

ENDS_AFTER_S: Final = 0.3
"""A device has been online for so long when its connection is ended."""

CUT: Final = Mode(
    name="session.cut",
    over=WEBSOCKET,
    text=f"ends TCP without a close frame when a device was online for {ENDS_AFTER_S:g} s",
    rules=(rules.SESSION_CLOSED_UNANNOUNCED,),
)
CLOSE_CODE: Final = Mode(
    name="session.close-code",
    over=WEBSOCKET,
    text=f"closes with the status 1005, which may not be sent, when a device was online for {ENDS_AFTER_S:g} s",
    rules=(rules.SESSION_CLOSE_CODE,),
)
KEEPS_OLDER: Final = Mode(
    name="session.keeps-older",
    over=WEBSOCKET,
    text="leaves a device's older connection open when it logs in on another",
)
CLOSES_NEWER: Final = Mode(
    name="session.closes-newer",
    over=WEBSOCKET,
    text="closes the newer of two connections of a device",
)
NORMAL_STATUS: Final = Mode(
    name="session.normal-status",
    over=WEBSOCKET,
    text="closes with 1000 where 1008 is due",
)
CLOSES_ON_EXTRA: Final = Mode(
    name="session.closes-on-extra-field",
    text="closes the connection on a field that it does not know",
)
CLOSES_ON_REFUSAL: Final = Mode(
    name="session.closes-on-refusal",
    text="closes the connection where it should refuse a message",
)
SILENT_ON_REFUSAL: Final = Mode(
    name="session.silent-on-refusal",
    text="gives no reply where it should refuse a message",
)
SURVIVES: Final = Mode(
    name="session.survives-violations",
    text="passes over what breaks the channel or is no JSON, where it should close with 1008",
)
REFUSES_FRAGMENTS: Final = Mode(
    name="session.refuses-fragments",
    over=WEBSOCKET,
    text="closes the connection on a message in several frames",
    suites=("plain", "exchange-only"),
)
IGNORES_PINGS: Final = Mode(
    name="session.ignores-pings",
    over=WEBSOCKET,
    text="answers no ping",
)
IGNORES_CLOSE: Final = Mode(
    name="session.ignores-close",
    over=WEBSOCKET,
    text="ends TCP without an answer to the device's close frame",
)


def _frame(name: str, text: str, suites: tuple[str, ...] = ()) -> Mode:
    return Mode(
        name=f"session.{name}",
        over=WEBSOCKET,
        text=f"{text} in the eighth message of every other connection",
        every=2,
        rules=(rules.SESSION_WEBSOCKET,),
        suites=suites,
    )


MASKED: Final = _frame("masked-frame", "masks a frame")
RESERVED_BIT: Final = _frame("reserved-bit", "sets a reserved bit")
UNKNOWN_OPCODE: Final = _frame("unknown-opcode", "sends an opcode that there is not")
CONTINUATION: Final = _frame("continuation", "continues a message that was never begun")
NOT_UTF8: Final = _frame(
    "not-utf8",
    "sends text that is not UTF-8",
    suites=("plain", "exchange-only"),
)
BINARY_TEXT: Final = Mode(
    name="session.binary-text",
    over=WEBSOCKET,
    text="sends JSON in a binary frame in the eighth message of each connection",
    rules=(rules.CHANNEL_FRAME,),
    suites=("plain", "exchange-only"),
)
FRAME_MODES: Final = (MASKED, RESERVED_BIT, UNKNOWN_OPCODE, CONTINUATION, NOT_UTF8, BINARY_TEXT)

SESSION_MODES: Final[tuple[Mode, ...]] = (
    CUT,
    CLOSE_CODE,
    KEEPS_OLDER,
    CLOSES_NEWER,
    NORMAL_STATUS,
    CLOSES_ON_EXTRA,
    CLOSES_ON_REFUSAL,
    SILENT_ON_REFUSAL,
    SURVIVES,
    REFUSES_FRAGMENTS,
    IGNORES_PINGS,
    IGNORES_CLOSE,
    *FRAME_MODES,
)
"""In the order of tables."""
