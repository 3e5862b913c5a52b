"""conformance.json: what came of a run, in the shape that others script against (judge's contract, section 4)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from reports.occurrences import dump_occurrences
from simulator import __version__
from simulator.conform.case import Result
from simulator.conform.runner import Judged, Verdict
from simulator.conform.site import Site
from simulator.exit_codes import ExitCode
from simulator.pubsub.keys import ProfileKeys
from simulator.texts.told import Told

SCHEMA: Final = 1
CASES_DIRECTORY: Final = "cases"
CONFORMING: Final = "conforming"
FAILING: Final = "failing"
INCONCLUSIVE: Final = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that has ended."""

    judged: Judged
    site: Site
    started: float
    """Epoch seconds."""
    seconds: float
    strict: bool
    interrupted: bool
    notes: tuple[str, ...] = ()
    """What was judged, and as whom: a sentence each."""
    again: str = "best-fleet conform --only"
    """The command that was given, up to the name of a case."""

    @property
    def verdict(self) -> str:
        """`conforming`, `failing` or `inconclusive`."""
        if self.judged.reason:
            return INCONCLUSIVE
        return FAILING if self._failed else CONFORMING

    @property
    def exit_code(self) -> ExitCode:
        """What the command ends with."""
        if self.judged.reason:
            return ExitCode.INTERRUPTED if self.interrupted else ExitCode.INVALID
        return ExitCode.THRESHOLD_CROSSED if self._failed else ExitCode.PASSED

    @property
    def counts(self) -> dict[str, int]:
        """How many cases ended how; every verdict is there."""
        counted = Counter(each.outcome.result for each in self.judged.verdicts.values())
        return {result.value: counted[result] for result in Result}

    @property
    def _failed(self) -> bool:
        counts = self.counts
        return bool(counts[Result.FAILED] or (self.strict and counts[Result.NON_STRICT]))

    def document(self) -> dict[str, Any]:
        """conformance.json."""
        site = self.site
        return {
            "schema": SCHEMA,
            "kind": "conformance",
            "tool": f"best-fleet {__version__}",
            "platform": {
                "dispatch": site.dispatch_url,
                "broker": site.broker_url,
                "suite": site.suite.name,
                **self._transport(),
            },
            "started": datetime.fromtimestamp(self.started, UTC).isoformat(timespec="seconds"),
            "duration_s": round(self.seconds, 1),
            "verdict": self.verdict,
            "reason": self.judged.reason,
            "exit_code": int(self.exit_code),
            "strict": self.strict,
            "counts": self.counts,
            "cases": [_case(verdict) for verdict in self.judged.verdicts.values()],
            "violations": dump_occurrences(site.violations),
            "observations": dump_occurrences(site.observations),
            "internal_errors": dump_occurrences(site.internal_errors),
            "leaves_behind": list(self._leaves_behind()),
            "notes": list(self.notes),
            "again": self.again,
        }

    def _transport(self) -> dict[str, Any]:
        """How the devices spoke to the broker; over MQTT by which profile, and what of it nobody has written down."""
        terms = self.site.terms
        if terms.mqtt is None:
            return {"type": terms.broker_type, "transport": "WebSocket"}
        profile = terms.mqtt
        assumed = [key for key in ProfileKeys.model_fields if key in profile.assumed]
        return {"type": terms.broker_type, "transport": "MQTT", "profile": profile.name, "assumed": assumed}

    def _leaves_behind(self) -> Iterator[str]:
        if self.site.registered:
            names = ", ".join(sorted(self.site.registered))
            yield Told("Registered anew, so that an earlier authCode or secret may be void: {names}.", names=names)
        yield from self.site.leaves


def trace_name(verdict: Verdict) -> str:
    """The name of a case's trace in the report's directory."""
    return f"{CASES_DIRECTORY}/{verdict.case.id}.jsonl"


def _case(verdict: Verdict) -> dict[str, Any]:
    case, outcome = verdict.case, verdict.outcome
    return {
        "id": case.id,
        "family": case.family,
        "section": case.section,
        "title": case.title,
        "result": outcome.result.value,
        "required": case.required,
        "sends": case.sends,
        "expected": case.expects,
        "observed": outcome.observed,
        "why": case.why,
        "duration_ms": round(verdict.duration_ms, 1),
        "trace": trace_name(verdict) if verdict.trace else "",
    }
