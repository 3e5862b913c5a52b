"""What a group says of unknown owners and of members."""

from simulator.device.ownership import AS_USUAL, Ownership, Unknown
from tests.device.harness import group


def test_nothing_said_keeps_all_and_adds() -> None:
    assert group().ownership == AS_USUAL


def test_what_is_said() -> None:
    keeping = group(unknown={"persons": "refuse", "meetings": "ignore"}, members="replace").ownership
    assert keeping == Ownership(persons=Unknown.REFUSE, meetings=Unknown.IGNORE, members_replace=True)
