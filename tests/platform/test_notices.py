"""What is counted each time and said now and then."""

from __future__ import annotations

from simulator.clock import ManualClock
from simulator.platform.ledger.transactions import Ledger
from simulator.platform.notices import Notices
from simulator.platform.tally import Tally


class Noted:
    """Notices, and what they counted and said."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.lines: list[str] = []
        self._ledger = Ledger(None)
        self._tally = Tally(self._ledger)
        self.notices = Notices(self._tally, self.clock, self.lines.append)

    def counts(self) -> dict[str, int]:
        self._tally.flush()
        return dict(self._ledger.rows("SELECT name, count FROM events"))


def test_a_fault_is_said_again_after_a_while() -> None:
    noted = Noted()
    for _ in range(3):
        noted.notices.ledger_fault("locked", "by somebody")
    noted.notices.ledger_fault("damaged", "page 7")
    assert noted.lines == [
        "ledger: locked (by somebody); the ledger counts how often",
        "ledger: damaged (page 7); the ledger counts how often",
    ]
    noted.clock.advance(11)
    noted.notices.ledger_fault("locked", "still")
    assert noted.lines[2:] == ["ledger: locked (still); the ledger counts how often"]
    assert noted.counts() == {"ledger: locked": 4, "ledger: damaged": 1}


def test_the_first_of_each_kind_that_is_turned_away_is_said() -> None:
    noted = Noted()
    for _ in range(2):
        noted.notices.turned_away("out of time")
        noted.notices.turned_away("out of time", "from the dispatch")
    assert noted.lines == [
        "a connection was turned away before the login: out of time; more of them are counted in the ledger only",
        "a connection was turned away from the dispatch: out of time; more of them are counted in the ledger only",
    ]
    assert noted.counts() == {
        "turned away before the login: out of time": 2,
        "turned away from the dispatch: out of time": 2,
    }
