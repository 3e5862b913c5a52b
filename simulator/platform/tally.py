"""Counts what the platform saw: messages by funcId and code, and what happened besides.

Kept in memory and added to the ledger from time to time: a count is no record, and a platform that is killed may lose
the last second of it.
"""

from collections import Counter

from simulator.measurements.labels import MOST_SERIES, Labels
from simulator.platform.ledger.counts import CountTables
from simulator.platform.ledger.transactions import Ledger
from simulator.protocol.catalogue import PROTOCOL_ORDER

SILENT = "unanswered"
"""Stands for the code of a message that was deliberately given no answer."""


class Tally:
    """Counts since the last `flush`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._tables = CountTables(ledger)
        self._messages: dict[tuple[str, str], int] = {}
        self._events: Counter[str] = Counter()
        self._names = Labels(MOST_SERIES, PROTOCOL_ORDER)

    def message(self, func_id: str, code: str) -> None:
        """A message of this funcId got this code."""
        messages = self._messages
        key = (func_id, code)
        count = messages.get(key)
        if count is None:
            # new since the last flush, or one of the names that a device made up
            key = (self._names.of(func_id), code)
            count = messages.get(key, 0)
        messages[key] = count + 1

    def event(self, name: str) -> None:
        """Something happened that is no message: a violation, a double login, an answer nobody waits for."""
        self._events[name] += 1

    def flush(self) -> None:
        """Add everything to the ledger; what it cannot take now waits for the next time."""
        if not self._messages and not self._events:
            return
        messages, self._messages = self._messages, {}
        events, self._events = self._events, Counter()

        def restore() -> None:
            for (func_id, code), count in messages.items():
                self._messages[func_id, code] = self._messages.get((func_id, code), 0) + count
            self._events.update(events)

        def add() -> None:
            self._tables.add_messages(messages)
            self._tables.add_events(events)
            self._ledger.when_durable(lambda durable: None if durable else restore())

        self._ledger.perform(add, restore)
