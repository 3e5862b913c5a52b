"""What a report says about a run besides its measurements: names, times, versions, limits, the scenario's text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from simulator.measurements.health import DEFAULT_LAG_LIMIT_MS


@dataclass(slots=True)
class RunInfo:
    """One run. Times are epoch seconds."""

    scenario: str
    """The scenario's name."""
    started: float
    ended: float
    """When the load ended; of a run that goes on or broke off, the last moment known."""
    devices: int
    """How many devices the run was to have."""
    thresholds: tuple[str, ...] = ()
    """The scenario's threshold expressions (grammar: `reports.thresholds`)."""
    processes: int = 1
    """Processes that ran devices."""
    target: str = ""
    """The dispatch URL, without user name and password."""
    scenario_text: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Program or library -> version."""
    lag_limit_ms: float = DEFAULT_LAG_LIMIT_MS
    """The generator counts as overloaded when its event loop's lag p99 is above this."""
    promise_s: float = 15.0
    """How soon a record has to be up (vendor manuals)."""
    complete: bool = True
    """False for a run that broke off, and for one that still goes on."""
    notes: tuple[str, ...] = ()
    """What a reader of the figures must know, one sentence each."""

    @property
    def duration_s(self) -> float:
        """Never 0, so that rates can be taken."""
        return max(self.ended - self.started, 0.001)

    def dump(self) -> dict[str, Any]:
        """Plain data for JSON; `load` reads it."""
        return asdict(self) | {"versions": dict(self.versions)}

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "RunInfo":
        """The inverse of `dump`; keys that a later version may add are ignored."""
        known = {item.name for item in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        values["thresholds"] = tuple(values.get("thresholds", ()))
        values["notes"] = tuple(values.get("notes", ()))
        return cls(**values)
