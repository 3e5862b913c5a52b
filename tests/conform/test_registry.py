"""The list of all cases: ids, order, and what globs choose of it."""

from __future__ import annotations

import pytest

from simulator.conform.case import Case, Outcome, ok
from simulator.conform.registry import all_cases, chosen, in_order
from simulator.conform.stages import STEP_CASES


async def _nothing(bench: object) -> Outcome:
    return ok("nothing")


def case(name: str, *needs: str) -> Case:
    return Case(id=name, section="1", title="t", sends="s", expects="e", why="w", run=_nothing, needs=needs)


def ids(cases: tuple[Case, ...]) -> list[str]:
    return [each.id for each in cases]


def test_every_case_says_what_it_is_about() -> None:
    for each in all_cases():
        assert all((each.section, each.title, each.sends, each.expects, each.why)), each.id


def test_every_step_has_its_case() -> None:
    assert set(STEP_CASES.values()) <= set(ids(all_cases()))


def test_two_cases_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match=r"two cases have the id a\.b"):
        in_order([case("a.b"), case("a.b")])


def test_an_id_has_a_family() -> None:
    with pytest.raises(ValueError, match="no id of a case"):
        case("alone")


def test_families_come_in_the_order_of_the_protocol() -> None:
    assert ids(in_order([case("ws.ping"), case("zebra.x"), case("lookup.a")])) == ["lookup.a", "ws.ping", "zebra.x"]


def test_what_a_case_needs_comes_before_it() -> None:
    assert ids(in_order([case("lookup.a", "ws.ping"), case("ws.ping")])) == ["ws.ping", "lookup.a"]


def test_a_case_cannot_need_what_there_is_not() -> None:
    with pytest.raises(ValueError, match=r"a\.b needs c\.d"):
        in_order([case("a.b", "c.d")])


def test_cases_cannot_need_each_other() -> None:
    with pytest.raises(ValueError, match="need each other"):
        in_order([case("a.b", "a.c"), case("a.c", "a.b")])


@pytest.mark.parametrize(
    ("only", "skip", "left"),
    [
        ((), (), ["lookup.a.x", "lookup.ab", "ws.b"]),
        (("lookup",), (), ["lookup.a.x", "lookup.ab"]),
        (("lookup.a",), (), ["lookup.a.x"]),
        (("*.b", "lookup.a*"), ("*.x",), ["lookup.ab", "ws.b"]),
        ((), ("lookup",), ["ws.b"]),
        (("nothing",), (), []),
    ],
)
def test_globs_choose(only: tuple[str, ...], skip: tuple[str, ...], left: list[str]) -> None:
    cases = in_order([case("lookup.a.x"), case("lookup.ab"), case("ws.b")])
    assert ids(chosen(cases, only, skip)) == left


def test_what_a_chosen_case_needs_is_chosen_too() -> None:
    cases = in_order([case("lookup.a"), case("login.b", "lookup.a"), case("ws.c", "login.b")])
    assert ids(chosen(cases, ["ws"], ())) == ["lookup.a", "login.b", "ws.c"]
