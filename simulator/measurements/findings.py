"""What a run found out about itself beside its figures: a key and values, from which every text is made at rendering.

A worker that was lost, an abort that fired, a signal, users that were turned away. What a key means for the verdict,
and its text, is declared once in `reports.causes`; here is only what travels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Value = str | int | float | bool | None | Mapping[str, int] | list[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. Two with the same key and values are the same."""

    key: str
    """One of `reports.causes`."""
    values: Mapping[str, Value] = field(default_factory=dict)
    """Plain values for JSON; durations in the unit that the name ends with (`after_s`, `limit_ms`)."""

    def dump(self) -> dict[str, Any]:
        """For JSON; `load` reads it."""
        return {"key": self.key, "values": dict(self.values)}

    @classmethod
    def load(cls, data: Mapping[str, Any] | str) -> "Finding":
        """The inverse of `dump`; a bare text is a remark of an earlier version."""
        return cls("note", {"text": data}) if isinstance(data, str) else cls(data["key"], data["values"])
