"""What a device answered: codes by cmdId, bounded."""

from simulator.device.commands.answered import REMEMBERED, Answered
from simulator.device.commands.handlers import DONE


def test_outcomes_and_marks_are_kept_by_cmd_id() -> None:
    answered = Answered()
    answered.keep("a", 1, DONE)
    answered.keep("b", 2, ("E0000004", "no"))
    assert [answered.outcome_of(each) for each in "abc"] == [DONE, ("E0000004", "no"), None]
    assert [answered.mark_of(each) for each in "abc"] == [1, 2, None]


def test_nothing_is_kept_without_a_cmd_id() -> None:
    answered = Answered()
    answered.keep("", 1, DONE)
    assert len(answered) == 0


def test_the_oldest_is_forgotten() -> None:
    answered = Answered()
    for number in range(REMEMBERED + 1):
        answered.keep(f"c{number}", number, ("E0000006", "fault"))
    assert len(answered) == REMEMBERED
    assert answered.outcome_of("c0") is None
    assert answered.outcome_of("c1") == ("E0000006", "fault")
