"""What the platform takes although it should refuse it, and what it refuses although it is right."""

from typing import Final

from simulator.measurements import violation_rules as rules
from simulator.platform.wrong.mode import Mode, over_websocket


def _accepts(name: str, text: str) -> Mode:
    return Mode(name=f"accepts.{name}", text=f"takes {text}")


def _refuses(name: str, text: str) -> Mode:
    return Mode(name=f"refuses.{name}", text=f"refuses {text}")


# --- Who may do what ---

ACCEPTS_DEV_KEY: Final = _accepts("dev-key", "a wrong devKey")
ACCEPTS_PRODUCT: Final = _accepts("product-id", "a wrong productId")
ACCEPTS_AUTH_CODE: Final = _accepts("auth-code", "an authCode that is not the device's")
ACCEPTS_SECRET: Final = _accepts("secret", "a wrong secret")
ACCEPTS_UNKNOWN_SN: Final = over_websocket(
    _accepts("unknown-sn", "the registration of a serial number that it does not know")
)
ACCEPTS_BEFORE_EXCHANGE: Final = Mode(
    name="accepts.before-exchange",
    text="takes messages before the channel's exchanges",
    suites=("rsa-aes", "exchange-only"),
)
ACCEPTS_BEFORE_LOGIN: Final = _accepts("before-login", "messages before the login that should come after it")
ACCEPTS_BEFORE_REPORT: Final = _accepts("before-report", "business before the report")

# --- Messages ---

ACCEPTS_NO_MID: Final = _accepts("no-mid", "messages without a mid")
ACCEPTS_LONG_MID: Final = _accepts("long-mid", "a mid of more than 32 characters")
ACCEPTS_REPEATED_MID: Final = _accepts("repeated-mid", "a mid that was used before")
ACCEPTS_FUNC_ID: Final = _accepts("unknown-func-id", "funcIds that there are not")
ACCEPTS_TOO_LARGE: Final = _accepts("too-large", "messages above the package limit")
ACCEPTS_MISSING: Final = _accepts("missing-field", "messages without a required field")
ACCEPTS_FORMAT: Final = _accepts("wrong-format", "fields that are out of their format")
ACCEPTS_NUMBER: Final = _accepts("number-for-text", "numbers, booleans and null for texts")
ACCEPTS_SHAPE: Final = _accepts("wrong-shape", "texts for lists and lists for objects")
ACCEPTS_NO_CONTENT: Final = _accepts("no-content", "photos without content and contentFileId")

# --- Files ---

ACCEPTS_GAP: Final = _accepts("file-gap", "a piece of a file whose offset leaves a gap")
ACCEPTS_SIZE: Final = _accepts("file-size", "a file that has not the size it should have")
ACCEPTS_CHECKSUM: Final = _accepts("file-checksum", "a file with a wrong checksum")
ACCEPTS_UNKNOWN_FILE: Final = _accepts("unknown-file", "pieces, ends and photos of unknown files")
ACCEPTS_FILE_ID: Final = _accepts("file-id", "a fileId that is too long or holds other characters")

# --- What is right, and refused ---

REFUSES_EXTRA: Final = _refuses(
    "extra-field",
    "fields that it does not know",
)
REFUSES_MID: Final = _refuses("mid-of-32", "a mid of 32 characters")
REFUSES_BATCH: Final = _refuses("batch", "several entries in one upload")
REFUSES_AGAIN: Final = Mode(
    name="refuses.duplicate-record",
    text="refuses a record that it has already",
    rules=(rules.RECORD_ACKNOWLEDGED_TWICE_DIFFERENTLY,),
    in_runs=False,
)
REFUSES_WARM: Final = _refuses("warm-start", "a login on a connection that did not register")
REFUSES_URGENT: Final = _refuses("urgent", "messages with imme 1")
REFUSES_BARE_HEARTBEAT: Final = _refuses("bare-heartbeat", "a heartbeat without isFree")
REFUSES_EMPTY: Final = _refuses("empty-optional", "an empty text where a field may be absent")
REFUSES_ZONE: Final = _refuses("other-zone", "records whose times have another offset than its own")
REFUSES_LIMIT: Final = _refuses("largest-package", "a message of exactly the package limit")
REFUSES_64: Final = _refuses("file-id-of-64", "a fileId of 64 characters")
REFUSES_RESTART: Final = _refuses("file-restart", "a second start of a file")
REFUSES_NO_CHECKSUM: Final = _refuses("no-checksum", "a file without a checksum")
FORGETS_FILE: Final = Mode(
    name="refuses.file-of-before",
    text="forgets files when the device reconnects",
)

ACCEPTING_MODES: Final[tuple[Mode, ...]] = (
    ACCEPTS_DEV_KEY,
    ACCEPTS_PRODUCT,
    ACCEPTS_AUTH_CODE,
    ACCEPTS_SECRET,
    ACCEPTS_UNKNOWN_SN,
    ACCEPTS_BEFORE_EXCHANGE,
    ACCEPTS_BEFORE_LOGIN,
    ACCEPTS_BEFORE_REPORT,
    ACCEPTS_NO_MID,
    ACCEPTS_LONG_MID,
    ACCEPTS_REPEATED_MID,
    ACCEPTS_FUNC_ID,
    ACCEPTS_TOO_LARGE,
    ACCEPTS_MISSING,
    ACCEPTS_FORMAT,
    ACCEPTS_NUMBER,
    ACCEPTS_SHAPE,
    ACCEPTS_NO_CONTENT,
    ACCEPTS_GAP,
    ACCEPTS_SIZE,
    ACCEPTS_CHECKSUM,
    ACCEPTS_UNKNOWN_FILE,
    ACCEPTS_FILE_ID,
)
REFUSING_MODES: Final[tuple[Mode, ...]] = (
    REFUSES_EXTRA,
    REFUSES_MID,
    REFUSES_BATCH,
    REFUSES_AGAIN,
    REFUSES_WARM,
    REFUSES_URGENT,
    REFUSES_BARE_HEARTBEAT,
    REFUSES_EMPTY,
    REFUSES_ZONE,
    REFUSES_LIMIT,
    REFUSES_64,
    REFUSES_RESTART,
    REFUSES_NO_CHECKSUM,
    FORGETS_FILE,
)
"""In the order of tables."""
