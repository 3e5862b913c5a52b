"""Counts of messages by funcId and code, and of what happened besides messages."""

from collections.abc import Mapping

from simulator.platform.ledger.transactions import Ledger


class CountTables:
    """The counts of one ledger; each method raises what `Ledger.write` does."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def add_messages(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Add to the counts of messages by funcId and code."""
        self._ledger.write_all(
            "INSERT INTO messages VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(func_id, code, count) for (func_id, code), count in counts.items()],
        )

    def add_events(self, counts: Mapping[str, int]) -> None:
        """Add to the counts of what happened besides messages."""
        self._ledger.write_all(
            "INSERT INTO events VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            list(counts.items()),
        )
