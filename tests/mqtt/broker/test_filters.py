"""Topic filters: the standard's own examples, and the tree against the plain rule."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.mqtt.broker.filters import FilterTree, matches

LEVELS = st.sampled_from(["", "a", "b", "$s", "+"])
TOPICS = st.lists(st.sampled_from(["", "a", "b", "$s"]), min_size=1, max_size=4).map("/".join).filter(bool)
FILTERS = st.builds(
    lambda levels, rest: "/".join([*levels, "#"] if rest else levels),
    st.lists(LEVELS, min_size=1, max_size=4),
    st.booleans(),
).filter(bool) | st.just("#")


@pytest.mark.parametrize(
    ("text", "topic", "taken"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/ranking", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/tennis/player1/#", "sport/tennis/player2", False),
        ("sport/#", "sport", True),
        ("sport/tennis/+", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/monitor/Clients", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/monitor", True),
        ("$SYS/monitor/+", "$SYS/monitor/Clients", True),
        ("a/$b", "a/$b", True),
        ("a/#", "a/$b", True),
        ("ACCOUNTS", "Accounts", False),
        ("/finance", "finance", False),
        ("a//b", "a/b", False),
        ("a/+/b", "a//b", True),
    ],
)
def test_the_rules_of_matching(text: str, topic: str, taken: bool) -> None:
    assert matches(text, topic) is taken
    tree: FilterTree[str] = FilterTree()
    tree.add(text, "who", 1)
    assert ("who" in dict(tree.match(topic))) is taken


@given(
    steps=st.lists(st.tuples(st.booleans(), FILTERS, st.integers(0, 3), st.integers(0, 1)), max_size=30),
    topics=st.lists(TOPICS, min_size=1, max_size=5),
)
def test_the_tree_finds_what_the_rule_says(steps: list[tuple[bool, str, int, int]], topics: list[str]) -> None:
    tree: FilterTree[int] = FilterTree()
    have: dict[tuple[str, int], int] = {}
    for adds, text, who, qos in steps:
        if adds:
            tree.add(text, who, qos)
            have[text, who] = qos
        else:
            tree.remove(text, who)
            have.pop((text, who), None)
        # What was found once must not stand when filters change.
        for topic in topics:
            assert len(tree.match(topic)) <= 4
    for topic in topics:
        expected: dict[int, int] = {}
        for (text, who), qos in have.items():
            if matches(text, topic):
                expected[who] = max(qos, expected.get(who, 0))
        assert dict(tree.match(topic)) == expected


@given(st.lists(FILTERS, max_size=20))
def test_a_tree_whose_filters_are_gone_holds_nothing(filters: list[str]) -> None:
    tree: FilterTree[int] = FilterTree()
    for text in filters:
        tree.add(text, 1, 0)
    for text in filters:
        tree.remove(text, 1)
    assert not tree._exact
    assert tree._root.is_empty


def test_what_a_match_costs_does_not_grow_with_the_subscriptions() -> None:
    tree: FilterTree[int] = FilterTree()
    for device in range(15_000):
        tree.add(f"best/{device}/+/down", device, 1)

    class Counted(dict[str, object]):
        asked = 0

        def get(self, key: str, default: object = None) -> object:
            Counted.asked += 1
            return super().get(key, default)

    def count(node: object) -> None:
        children: Mapping[str, object] = node.children  # type: ignore[attr-defined]
        for child in children.values():
            count(child)
        node.children = Counted(children)  # type: ignore[attr-defined]

    count(tree._root)
    assert dict(tree.match("best/77/x/down")) == {77: 1}
    assert 0 < Counted.asked <= 2 * 4


def test_topics_that_somebody_makes_up_do_not_fill_the_memory() -> None:
    tree: FilterTree[int] = FilterTree()
    tree.add("#", 1, 0)
    for number in range(100_010):
        tree.match(f"{number}")
    assert len(tree._found) <= 100_000
    assert dict(tree.match("x" * 60_000)) == {1: 0}
    assert "x" * 60_000 not in tree._found
