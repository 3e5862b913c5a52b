"""What a report says about a run besides its measurements: names, times, versions, limits, the scenario's text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from reports.masking import mask, mask_document
from simulator.exit_codes import ExitCode
from simulator.measurements.actions import Action
from simulator.measurements.findings import Finding
from simulator.measurements.health import DEFAULT_LAG_LIMIT_MS, DEFAULT_STALL_LIMIT_MS
from simulator.measurements.ledger import LedgerFigures
from simulator.measurements.weather import PlannedFault

ABORT_FIRED: Final = "abort_fired"


def masked(finding: Finding) -> Finding:
    """The finding without secrets in its texts."""
    return Finding(
        finding.key,
        {name: _masked_text(value) if isinstance(value, str) else value for name, value in finding.values.items()},
    )


def _masked_text(text: str) -> str:
    # A text that knows of what it was made can be said in another language.
    return text if (shown := mask(text)) == text else shown


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
    groups: Mapping[str, int] = field(default_factory=dict)
    """Devices by group, in the scenario's order; reports of earlier versions have none."""
    thresholds: tuple[str, ...] = ()
    """The scenario's threshold expressions (grammar: `reports.thresholds`)."""
    processes: int = 1
    """Processes that ran devices."""
    target: str = ""
    """The dispatch URL, without user name and password."""
    scenario_text: str = ""
    transports: tuple[str, ...] = ()
    """The look-up types of the fleet's groups, sorted; reports of earlier versions have none."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Program or library -> version."""
    lag_limit_ms: float = DEFAULT_LAG_LIMIT_MS
    """The generator counts as overloaded when its event loop's lag p99 is above this, weighed by time."""
    stall_limit_ms: float = DEFAULT_STALL_LIMIT_MS
    """A process of the generator counts as frozen when it once stood still for longer."""
    promise_s: float = 15.0
    """How soon a record has to be up (vendor manuals)."""
    complete: bool = True
    """False for a run that broke off without a word, and for one that still goes on."""
    findings: tuple[Finding, ...] = ()
    """What the run found out about itself, whether it decides about the verdict or is a remark (`reports.causes`)."""
    run_ids: tuple[str, ...] = ()
    """Unique; several of merged runs. Reports of earlier versions have none."""
    failure_code: int = ExitCode.FAILED
    """What failed requests alone end with: Locust's `--exit-code-on-error`. 0 lets them pass."""

    attendance: bool = False
    """Whether the run was to leave `attendance.csv`."""
    faults: tuple[PlannedFault, ...] = ()
    """The schedule, in order of beginning; numbers are those of `RunMeasurements.weather`."""
    actions: tuple[Action, ...] = ()
    """What somebody did to the fleet by hand, in order of time; of what was refused, the latest."""
    actions_refused: int = 0
    """All that were refused; of earlier versions 0."""
    ledger: LedgerFigures | None = None
    """What the embedded platform kept at the end; None where there was none, or it gave no account of it."""

    @property
    def duration_s(self) -> float:
        """Never 0, so that rates can be taken."""
        return max(self.ended - self.started, 0.001)

    def fired(self) -> dict[str, Finding]:
        """The thresholds whose abort ended the run, by expression."""
        return {str(finding.values["expression"]): finding for finding in self.findings if finding.key == ABORT_FIRED}

    def dump(self) -> dict[str, Any]:
        """Plain data for JSON, secrets masked; `load` reads it."""
        return asdict(self) | {
            "versions": dict(self.versions),
            "groups": dict(self.groups),
            "findings": [masked(finding).dump() for finding in self.findings],
            "faults": [asdict(fault) | {"text": mask(fault.text)} for fault in self.faults],
            "scenario_text": mask_document(self.scenario_text),
            "target": mask(self.target),
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "RunInfo":
        """The inverse of `dump`; keys that a later version may add are ignored."""
        known = {item.name for item in fields(cls)}
        values = {key: value for key, value in data.items() if key in known}
        values["thresholds"] = tuple(values.get("thresholds", ()))
        values["transports"] = tuple(values.get("transports", ()))
        values["run_ids"] = tuple(values.get("run_ids", ()))
        if values.get("ledger") is not None:
            values["ledger"] = LedgerFigures.load(values["ledger"])
        values["actions"] = tuple(map(_action, values.get("actions", ())))
        values["faults"] = tuple(map(_planned, values.get("faults", ())))
        # `notes` are the findings of earlier versions, in words.
        values["findings"] = tuple(map(Finding.load, (*data.get("findings", ()), *data.get("notes", ()))))
        return cls(**values)


def _planned(data: Mapping[str, Any]) -> PlannedFault:
    known = {item.name for item in fields(PlannedFault)}
    values = {key: value for key, value in data.items() if key in known}
    return PlannedFault(**values | {"refused": tuple(values.get("refused", ()))})


def _action(data: Mapping[str, Any]) -> Action:
    known = {item.name for item in fields(Action)}
    return Action(**{key: value for key, value in data.items() if key in known})
