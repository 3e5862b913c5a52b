"""A recorder that keeps everything it is told."""

from collections import Counter
from collections.abc import Sequence

from simulator.measurements.attendance import WHAT, Attended, MeetingHeld
from simulator.measurements.misbehaviours import MISBEHAVIOURS
from simulator.measurements.names import RECORD_GAUGES
from simulator.measurements.rule import RuleKind
from simulator.measurements.rules import RULES


class Nobody:
    """A holder of secrets that has none."""

    def secrets(self) -> tuple[str, ...]:
        return ()


class Recording:
    """A `Recorder` that keeps everything."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, float, float, str, int, int, float]] = []
        self.flows: list[tuple[str, float, float, str]] = []
        self.commands: list[tuple[str, float, float, str]] = []
        self.expected: list[tuple[str, str]] = []
        """Of these, what the scenario wants to be refused."""
        self.states: list[tuple[int, str, str, float]] = []
        self.disconnects: list[tuple[str, float]] = []
        self.records: Counter[str] = Counter()
        self.details: dict[tuple[str, str], str] = {}
        """The first of each request, command or flow and code."""
        self.missing: Counter[str] = Counter()
        self.waits: list[float] = []
        """Requests that were planned and never sent."""
        self.internal_errors: list[tuple[str, str, int]] = []
        self.violations: list[tuple[str, str, str, int]] = []
        """Rule, funcId, example and device."""
        self.observations: list[tuple[str, str, str, int, int]] = []
        """Rule, funcId, example, device and how many."""
        self.attendance: list[Attended] = []
        self.meetings: list[MeetingHeld] = []
        self.faults: list[tuple[int, str, str, str, float]] = []
        """Number, event, name, code and amount."""
        self.misbehaviour: Counter[tuple[str, str]] = Counter()
        """By way and outcome."""

    def request(
        self, name: str, started: float, latency: float, code: str, bytes_out: int, bytes_in: int, late: float
    ) -> None:
        assert latency >= 0
        assert late >= 0
        self.requests.append((name, started, latency, code, bytes_out, bytes_in, late))

    def detail(self, name: str, code: str, text: str, at: float) -> None:
        assert text
        self.details.setdefault((name, code), text)

    def flow(self, name: str, started: float, duration: float, code: str) -> None:
        assert duration >= 0
        self.flows.append((name, started, duration, code))

    def command(self, func_id: str, started: float, handling: float, code: str, expected: bool = False) -> None:
        assert handling >= 0
        if expected:
            self.expected.append((func_id, code))
        self.commands.append((func_id, started, handling, code))

    def state(self, index: int, previous: str, state: str, at: float) -> None:
        self.states.append((index, previous, state, at))

    def disconnect(self, reason: str, at: float) -> None:
        self.disconnects.append((reason, at))

    def record(self, event: str, count: int) -> None:
        assert count > 0 or event in RECORD_GAUGES
        self.records[event] += count

    def reply_waits(self, waits: Sequence[float], at: float) -> None:
        self.waits.extend(waits)

    def missed(self, name: str, count: int, at: float) -> None:
        assert count > 0
        self.missing[name] += count

    def attended(self, row: Attended) -> None:
        assert row.what in WHAT
        self.attendance.append(row)

    def meeting_held(self, meeting: MeetingHeld) -> None:
        self.meetings.append(meeting)

    def fault(self, number: int, event: str, at: float, *, name: str = "", code: str = "", amount: float = 1.0) -> None:
        self.faults.append((number, event, name, code, amount))

    def misbehaved(self, way: str, outcome: str, count: int = 1) -> None:
        assert way in MISBEHAVIOURS
        self.misbehaviour[way, outcome] += count

    def internal_error(self, rule: str, detail: str, at: float, index: int = -1) -> None:
        self.internal_errors.append((rule, detail, index))

    def violation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        assert RULES[rule].kind is RuleKind.VIOLATION
        assert example
        self.violations += [(rule, func_id, example, index)] * count

    def observation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        assert RULES[rule].kind is RuleKind.OBSERVATION
        assert example
        self.observations.append((rule, func_id, example, index, count))

    def broken(self) -> Counter[str]:
        """Violations by rule."""
        return Counter(rule for rule, *_ in self.violations)

    def codes(self, name: str) -> list[str]:
        """The codes of one request, in order."""
        return [entry[3] for entry in self.requests if entry[0] == name]

    def failed(self) -> Counter[tuple[str, str]]:
        """Requests that were no success."""
        return Counter((entry[0], entry[3]) for entry in self.requests if entry[3] != "00000000")

    def observed(self) -> Counter[str]:
        """Observations by rule."""
        found: Counter[str] = Counter()
        for rule, _, _, _, count in self.observations:
            found[rule] += count
        return found

    def held_back(self) -> Counter[str]:
        """Uploads that the platform negotiated away, by funcId."""
        found: Counter[str] = Counter()
        for rule, func_id, _, _, count in self.observations:
            if rule == "upload.held-back":
                found[func_id] += count
        return found

    def flow_codes(self, name: str) -> list[str]:
        return [code for flow, _, _, code in self.flows if flow == name]

    def reasons(self) -> list[str]:
        """Why connections ended, in order."""
        return [reason for reason, _ in self.disconnects]

    def way(self, index: int = 0) -> list[str]:
        """The states that device `index` went through."""
        return [state for device, _, state, _ in self.states if device == index]
