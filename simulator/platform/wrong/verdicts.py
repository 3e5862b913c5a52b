"""Which mistake would have a message pass that a right platform refuses, and which would refuse a right one.

Looks at one message and what is known of its connection; what follows from it is the session's affair.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.platform.online import Phase
from simulator.platform.rules import LOGIN, REPORT
from simulator.platform.wrong import leniency_modes as modes
from simulator.platform.wrong.mode import Mode
from simulator.protocol import codes
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.spec import Object, Objects
from simulator.protocol.catalogue.validation import Violation, validate_request
from simulator.protocol.envelope import is_urgent, params_of

_ENVELOPE = frozenset(("funcId", "imme", "sn", "mid", "payload", "code", "message"))
_RECORDS = "dev.data.upload.verifyLog"
_HEARTBEAT = "dev.heartbeat"
_FILE_START = "dev.file.upload.start"
_PHASES = {
    Phase.EXCHANGE: modes.ACCEPTS_BEFORE_EXCHANGE,
    Phase.CONNECTED: modes.ACCEPTS_BEFORE_LOGIN,
    Phase.LOGGED_IN: modes.ACCEPTS_BEFORE_REPORT,
}


def forgiving_mode(
    message: Mapping[str, Any], phase: Phase, own_sn: str, *, too_large: bool, again: bool
) -> Mode | None:
    """The mistake that would take this refused message; None where there is none.

    Args:
        own_sn: Who has logged in on the connection; empty for nobody.
        too_large: Whether it is above the package limit.
        again: Whether its mid was used before.
    """
    violation = validate_request(message)
    if violation is not None and violation.path in ("mid", "funcId", "imme"):
        return _of_envelope(violation)
    if again:
        return modes.ACCEPTS_REPEATED_MID
    if too_large:
        return modes.ACCEPTS_TOO_LARGE
    sn = message.get("sn")
    if own_sn and sn and sn != own_sn:
        return None
    if violation is None:
        return _PHASES.get(phase)
    if phase is not Phase.ONLINE and message.get("funcId") not in ("dev.register", "dev.accredit", LOGIN, REPORT):
        return None
    return _of_field(violation)


def _of_envelope(violation: Violation) -> Mode | None:
    if violation.path == "mid":
        by_reason = {"is missing": modes.ACCEPTS_NO_MID, "is not a string": modes.ACCEPTS_NUMBER}
        return by_reason.get(violation.reason, modes.ACCEPTS_LONG_MID)
    if violation.reason == "is unknown":
        return modes.ACCEPTS_FUNC_ID
    return modes.ACCEPTS_NUMBER if violation.reason == "is not a string" else None


def _of_field(violation: Violation) -> Mode | None:
    reason = violation.reason
    if violation.code == codes.BAD_VALUE:
        of_file = violation.path.endswith(("fileId", "contentFileId"))
        return modes.ACCEPTS_FILE_ID if of_file else modes.ACCEPTS_FORMAT
    if reason.startswith("must hold one of"):
        return modes.ACCEPTS_NO_CONTENT
    return {
        "is missing": modes.ACCEPTS_MISSING,
        "is not a string": modes.ACCEPTS_NUMBER,
        "is not a list": modes.ACCEPTS_SHAPE,
        "is not an object": modes.ACCEPTS_SHAPE,
    }.get(reason)


def refusing_modes(message: Mapping[str, Any], offset: str) -> Iterator[tuple[Mode, str]]:
    """The mistakes that would refuse this right message, each with its code; `offset` is the platform's own."""
    func_id = str(message.get("funcId"))
    params = params_of(message)
    spec = CATALOGUE[func_id]
    if has_unknown_field(message):
        yield modes.REFUSES_EXTRA, codes.BAD_VALUE
    if len(str(message.get("mid"))) == 32:
        yield modes.REFUSES_MID, codes.BAD_VALUE
    if is_urgent(message):
        yield modes.REFUSES_URGENT, codes.BAD_VALUE
    if func_id == _HEARTBEAT and "isFree" not in params:
        yield modes.REFUSES_BARE_HEARTBEAT, codes.MALFORMED
    if func_id.startswith("dev.data.") and any(isinstance(value, list) and len(value) > 1 for value in params.values()):
        yield modes.REFUSES_BATCH, codes.MALFORMED
    if _holds_empty(spec.params, params):
        yield modes.REFUSES_EMPTY, codes.MALFORMED
    if func_id == _RECORDS and any(not entry["verifyTime"].endswith(offset) for entry in params["verifyLog"]):
        yield modes.REFUSES_ZONE, codes.BAD_VALUE
    if func_id == _FILE_START:
        if len(params["fileId"]) == 64:
            yield modes.REFUSES_64, codes.BAD_VALUE
        if not params.get("checksum"):
            yield modes.REFUSES_NO_CHECKSUM, codes.MALFORMED


def has_unknown_field(message: Mapping[str, Any]) -> bool:
    """Whether a valid message holds a field that its declaration does not."""
    payload = message.get("payload")
    if not _ENVELOPE.issuperset(message) or (isinstance(payload, dict) and not {"params"}.issuperset(payload)):
        return True
    return _unknown_in(CATALOGUE[str(message["funcId"])].params, params_of(message))


def _unknown_in(shape: Object, value: Mapping[str, Any]) -> bool:
    known = {name for field in shape.fields for name in (field.name, *field.aliases)}
    if not known.issuperset(value):
        return True
    return any(_unknown_in(inner, entry) for inner, entry in _inner(shape, value))


def _holds_empty(shape: Object, value: Mapping[str, Any]) -> bool:
    return "" in value.values() or any(_holds_empty(inner, entry) for inner, entry in _inner(shape, value))


def _inner(shape: Object, value: Mapping[str, Any]) -> Iterator[tuple[Object, Mapping[str, Any]]]:
    """The objects in an object, with what is declared of them."""
    for field in shape.fields:
        held = value.get(field.name)
        if isinstance(field.shape, Objects) and isinstance(held, list):
            yield from ((field.shape.item, entry) for entry in held)
        elif isinstance(field.shape, Object) and isinstance(held, dict):
            yield field.shape, held
