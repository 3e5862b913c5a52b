"""What a device answered: the code of each command by its cmdId, and which command that was."""

from simulator.device.commands.handlers import DONE, Outcome

REMEMBERED = 1_000
"""Answered cmdIds that a device remembers; far more than a platform ever has unanswered."""


class Answered:
    """The outcomes of one device's latest commands. Most are `DONE`, so only the others are kept."""

    __slots__ = ("_marks", "_others")

    def __init__(self) -> None:
        self._marks: dict[str, int] = {}
        """By cmdId, the oldest first."""
        self._others: dict[str, Outcome] | None = None

    def keep(self, cmd_id: str, mark: int, outcome: Outcome) -> None:
        """The command `cmd_id` (empty for none), told from others by its `mark`, was answered so."""
        if not cmd_id:
            return
        marks = self._marks
        marks[cmd_id] = mark
        if outcome != DONE:
            if self._others is None:
                self._others = {}
            self._others[cmd_id] = outcome
        if len(marks) > REMEMBERED:
            oldest = next(iter(marks))
            del marks[oldest]
            if self._others is not None:
                self._others.pop(oldest, None)

    def outcome_of(self, cmd_id: str) -> Outcome | None:
        """How the command was answered; None where it was not, or so long ago that it is forgotten."""
        if cmd_id not in self._marks:
            return None
        return DONE if self._others is None else self._others.get(cmd_id, DONE)

    def mark_of(self, cmd_id: str) -> int | None:
        """Which command it was; None as in `outcome_of`."""
        return self._marks.get(cmd_id)

    def __len__(self) -> int:
        return len(self._marks)
