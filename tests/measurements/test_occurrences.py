"""Counts by rule: exact, with funcIds and devices, merged over processes, bounded in names."""

from simulator.measurements.names import OTHERS
from simulator.measurements.occurrences import MOST_FUNC_IDS, MOST_RULES, Occurrences


def test_what_happens_is_counted_by_rule_device_and_func_id() -> None:
    found = Occurrences()
    found.add("reply.code", "first", 10.0, 3, "dev.report")
    found.add("reply.code", "second", 12.0, 4, "dev.heartbeat", count=2)
    found.add("reply.code", "third", 13.0)

    rule = found.by_rule["reply.code"]
    assert (rule.tally.count, rule.tally.first, rule.tally.last) == (4, 10.0, 13.0)
    assert rule.example == "first"
    assert len(rule.devices) == 2
    assert rule.func_ids == {"dev.report": 1, "dev.heartbeat": 2}
    assert found.total == 4


def test_merging_adds_counts_and_keeps_the_earliest_example() -> None:
    late, early = Occurrences(), Occurrences()
    late.add("command.mid", "late", 20.0, 0, "cmd.option.set")
    early.add("command.mid", "early", 5.0, 0, "cmd.option.set")
    early.add("command.mid", "early", 5.0, 1, "cmd.control.reboot")

    late.merge(early.dump(), index_offset=10)

    rule = late.by_rule["command.mid"]
    assert rule.example == "early"
    assert rule.tally.count == 3
    assert rule.func_ids == {"cmd.option.set": 2, "cmd.control.reboot": 1}
    assert len(rule.devices) == 3


def test_an_older_dump_without_func_ids_is_read() -> None:
    found = Occurrences()
    found.merge({"device.exception": ["text", 2, 1.0, 2.0, [[0, 1]]]})
    assert found.by_rule["device.exception"].tally.count == 2


def test_names_are_bounded_and_counts_exact() -> None:
    found = Occurrences()
    for number in range(MOST_RULES + 50):
        found.add(f"rule.r{number}", "example", 1.0)
    assert len(found.by_rule) == MOST_RULES + 1
    assert found.by_rule[OTHERS].tally.count == 50
    assert found.total == MOST_RULES + 50

    of_one = Occurrences()
    for number in range(MOST_FUNC_IDS + 5):
        of_one.add("command.unknown", "example", 1.0, func_id=f"cmd.made.up{number}")
    func_ids = of_one.by_rule["command.unknown"].func_ids
    assert len(func_ids) == MOST_FUNC_IDS + 1
    assert func_ids[OTHERS] == 5
