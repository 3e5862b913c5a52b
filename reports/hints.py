"""What a failure's row tells: its code, and what is known of the first one, in the reader's language."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from reports import text
from reports.retold import retold
from simulator.measurements.names import DISCONNECTED, TIMEOUT, text_of
from simulator.texts.translation import N_, _

_BETWEEN: Final = "; "
"""Between a platform's own words and our hint (`simulator.device.hints`)."""

_HELPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        TIMEOUT: N_("see request_timeout and docs/troubleshooting.md"),
        DISCONNECTED: N_("see the disconnects of the report and docs/troubleshooting.md"),
    }
)
"""Where to look on for what a device notes itself and nothing more is known of."""


def detail_of(failure: Mapping[str, Any]) -> str:
    """What is known of the first failure of its kind, and which settings may help; empty for nothing.

    Args:
        failure: of the summary's `failures`.
    """
    return told(failure.get("detail") or "")


def example_of(failure: Mapping[str, Any]) -> str:
    """The code and what it means, or what is known of the first of its kind."""
    known = known_of(failure["code"], failure.get("detail") or "")
    return _("{code}: {known}", code=failure["code"], known=known) if known else str(failure["code"])


def known_of(code: str, detail: str) -> str:
    """What is known of a failure, or what its code means; empty where a platform made that up and said nothing."""
    return told(detail) or code_text(code)


def helped(code: str, detail: str) -> str:
    """The same, with where to look on if nothing more is known than what the code means."""
    return told(detail) or text.clauses([code_text(code), _help(code)])


def _help(code: str) -> str:
    return _(_HELPS[code]) if code in _HELPS else ""


def code_text(code: str) -> str:
    """What a code means; empty for one that a platform made up."""
    meaning = text_of(code)
    return _(meaning) if meaning else ""


def told(detail: str) -> str:
    """A detail as it was measured; of a platform's words and our hints each for itself."""
    if (whole := retold(detail)) != detail:
        return whole
    return text.clauses(map(retold, detail.split(_BETWEEN)))
