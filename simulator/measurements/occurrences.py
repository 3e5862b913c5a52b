"""What is counted by rule, with the devices and funcIds that it happened to: exact counts, bounded examples and rules.

Violations and observations of the platform and internal errors of this program are counted so, each apart
(`simulator.measurements.rules`).
"""

from typing import Any, Final

from simulator.measurements.devices import IndexSet
from simulator.measurements.names import OTHERS
from simulator.measurements.series import CodeTally
from simulator.shown import detail, label

MOST_RULES: Final = 200
"""Further rules are counted together under `OTHERS`, so that nobody's text can fill the memory."""
MOST_FUNC_IDS: Final = 60
"""Likewise the funcIds of a rule: the protocol has 37 names."""
EXAMPLE_CHARS: Final = 300


class Occurrence:
    """One rule."""

    __slots__ = ("devices", "example", "func_ids", "tally")

    def __init__(self, example: str) -> None:
        self.tally = CodeTally()
        self.devices = IndexSet()
        self.func_ids: dict[str, int] = {}
        """How often by funcId; what has no funcId is in none."""
        self.example = example
        """Of what happened first; masked, in one line."""

    def count_func_id(self, func_id: str, count: int) -> None:
        """`count` of them concerned `func_id`."""
        name = func_id if func_id in self.func_ids else label(func_id)
        if name not in self.func_ids and len(self.func_ids) >= MOST_FUNC_IDS:
            name = OTHERS
        self.func_ids[name] = self.func_ids.get(name, 0) + count


class Occurrences:
    """Counts by rule; merges exactly over processes."""

    def __init__(self) -> None:
        self.by_rule: dict[str, Occurrence] = {}

    @property
    def total(self) -> int:
        return sum(found.tally.count for found in self.by_rule.values())

    def counts(self) -> dict[str, int]:
        """How often each rule occurred."""
        return {rule: found.tally.count for rule, found in self.by_rule.items()}

    def add(self, rule: str, example: str, at: float, index: int = -1, func_id: str = "", count: int = 1) -> None:
        """It happened `count` times at `at` (epoch seconds).

        Args:
            index: the device; negative for none.
            func_id: the message that it concerns; empty for none.
        """
        found = self._of(rule, example)
        found.tally.add(count, at, at)
        if index >= 0:
            found.devices.add(index)
        if func_id:
            found.count_func_id(func_id, count)

    def first_example(self) -> str:
        """The example of what happened first, with its rule; empty where nothing did."""
        if not self.by_rule:
            return ""
        rule, found = min(self.by_rule.items(), key=lambda item: item[1].tally.first)
        return f"{rule}: {found.example}"

    def _of(self, rule: str, example: str) -> Occurrence:
        rule = label(rule)
        if rule not in self.by_rule and len(self.by_rule) >= MOST_RULES:
            rule = OTHERS
        found = self.by_rule.get(rule)
        if found is None:
            found = self.by_rule[rule] = Occurrence(detail(example, EXAMPLE_CHARS))
        return found

    def dump(self) -> dict[str, list[Any]]:
        """For JSON; `merge` reads it."""
        return {
            rule: [
                *(found.example, found.tally.count, found.tally.first, found.tally.last),
                *(found.devices.ranges(), found.func_ids),
            ]
            for rule, found in self.by_rule.items()
        }

    def merge(self, data: dict[str, list[Any]], index_offset: int = 0) -> None:
        """Add what another process (or run) dumped; device indexes are moved by `index_offset`."""
        for rule, (example, count, first, last, devices, *rest) in data.items():
            found = self._of(rule, example)
            if found.tally.count and first < found.tally.first:
                found.example = example
            found.tally.add(count, first, last)
            found.devices.add_ranges(devices, index_offset)
            for func_id, of_it in (rest[0] if rest else {}).items():
                found.count_func_id(func_id, of_it)

    def clear(self) -> None:
        self.by_rule.clear()
