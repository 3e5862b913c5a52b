"""The devices of a run as the page sees them: from one process, and from workers of which some are silent or gone."""

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.fleet.device_rows import NotThere, Query, rows
from simulator.fleet.plan import FleetPlan
from simulator.scenario.scenario import parse_scenario
from simulator.swarm.process.fleet_view import LocalView, NoAnswerError, WorkersView, devices_of_groups
from simulator.swarm.process.index_ranges import Ranges
from simulator.weather.kinds import How

PLAN = FleetPlan(
    parse_scenario(
        'identities: {sn: "SN{index:02d}", first: 0}\ngroups: [{name: halls, count: 6}, {name: rooms, count: 2}]\n',
        "test.yaml",
    ),
    dispatch_url="http://127.0.0.1:9",
)
GROUPS = {"halls": 6, "rooms": 2}
NAMES = tuple(GROUPS)


class Online(NotThere):
    """Devices that are all online, and told of by one process."""

    def __init__(self) -> None:
        super().__init__(PLAN.sn, lambda index: NAMES[PLAN.group_of[index]], gone=False)

    def state(self, index: int) -> str:
        return "online"

    def since(self, index: int) -> float | None:
        return float(index)


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    if question["what"] != "rows":
        index = PLAN.place(question["sn"])
        return {} if index is None else {"sn": question["sn"], "index": index, "what": question["what"]}
    indexes = (index for first, end in question["indexes"] for index in range(first, end))
    parts = rows(Online(), indexes, Query.load(question["query"]))
    while True:
        try:
            next(parts)
        except StopIteration as over:
            found: dict[str, Any] = over.value
            return found


def test_one_process_answers_for_the_whole_fleet() -> None:
    view = LocalView(8, GROUPS, answer)
    table = view.table(Query(size=3, page=1))
    assert (table["total"], table["matching"], table["page"], table["size"], table["missing"]) == (8, 8, 1, 3, [])
    assert [(row["sn"], row["worker"]) for row in table["rows"]] == [(f"SN0{index}", "local") for index in (3, 4, 5)]
    assert table["groups"] == ["halls", "rooms"]
    assert {"online", "waiting", "stopped"} <= set(table["states"])
    assert view.device("SN03") == {"sn": "SN03", "index": 3, "what": "device", "worker": "local"}
    assert view.messages("SN03", 5) == {"sn": "SN03", "index": 3, "what": "messages", "worker": "local"}
    assert view.device("SN99") is None


def test_a_process_that_does_not_answer_is_named() -> None:
    view = LocalView(8, GROUPS, lambda _: None)
    assert view.table(Query())["missing"] == ["local"]
    with pytest.raises(NoAnswerError, match="local"):
        view.device("SN03")


class Workers:
    """An inquiry that some workers answer."""

    def __init__(self, *silent: str) -> None:
        self.silent = silent
        self.asked: list[str] = []
        self.answer = answer

    def ask(self, run_id: str, questions: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any] | None]:
        assert run_id == "r1"
        self.asked += questions
        return {name: None if name in self.silent else self.answer(question) for name, question in questions.items()}


def workers_view(workers: Workers, present: set[str]) -> WorkersView:
    inquiry: Any = workers
    view = WorkersView("r1", 8, GROUPS, plan=lambda: PLAN, inquiry=inquiry, present=lambda: present)
    view.holders.held("a", Ranges([(0, 2)]))
    view.holders.held("b", Ranges([(2, 5)]))
    return view


def test_rows_of_all_workers_are_put_together_with_those_that_nobody_has() -> None:
    table = workers_view(Workers(), {"a", "b"}).table(Query())
    assert (table["total"], table["matching"], table["missing"]) == (8, 8, [])
    assert [(row["sn"], row["state"], row["worker"]) for row in table["rows"]] == [
        *((f"SN0{index}", "online", "a") for index in (0, 1)),
        *((f"SN0{index}", "online", "b") for index in (2, 3, 4)),
        *((f"SN0{index}", "offline", "") for index in (5, 6, 7)),
    ]


def test_a_silent_worker_is_named_and_the_devices_of_one_that_is_gone_are_lost() -> None:
    table = workers_view(Workers("b"), {"a", "b"}).table(Query())
    assert (table["matching"], table["missing"]) == (5, ["b"])
    table = workers_view(Workers(), {"b"}).table(Query())
    assert (table["matching"], table["missing"]) == (8, ["a"])
    assert [row["sn"] for row in table["rows"] if row["state"] == "lost"] == ["SN00", "SN01"]


def test_one_device_is_asked_of_the_worker_that_has_it() -> None:
    workers = Workers()
    view = workers_view(workers, {"a", "b"})
    assert view.device("SN03") == {"sn": "SN03", "index": 3, "what": "device", "worker": "b"}
    assert workers.asked == ["b"]
    assert view.device("SN55") is None
    with pytest.raises(NoAnswerError, match="b"):
        workers_view(Workers("b"), {"a", "b"}).messages("SN03", 0)


@pytest.mark.parametrize(("sn", "state", "worker"), [("SN07", "offline", ""), ("SN01", "lost", "a")])
def test_a_device_without_a_worker_is_told_of_by_the_master(sn: str, state: str, worker: str) -> None:
    view = workers_view(Workers(), {"b"})
    found = view.device(sn)
    assert found is not None
    assert (found["sn"], found["state"], found["worker"], found["history"]) == (sn, state, worker, [])
    assert view.messages(sn, 0) == {"watching": False, "messages": [], "dropped": 0, "worker": worker}


def test_actions_and_outages_reach_those_who_have_the_devices() -> None:
    acting = LocalView(8, GROUPS, lambda question: {"done": True, "problem": "", "asked": question["what"]})
    done = acting.act("SN03", "offline", 5.0, 2)
    assert done == {"done": True, "problem": "", "asked": "act", "worker": "local"}
    assert acting.outage(How.RESET, 5.0, 2, None) == []
    assert LocalView(8, GROUPS, lambda _: None).outage(How.RESET, 5.0, 2, None) == ["local"]
    assert (acting.count(None), acting.count("rooms")) == (8, 2)


def test_of_workers_all_have_the_outage_and_one_the_devices_action() -> None:
    workers = Workers("b")
    workers.answer = lambda question: {"done": True, "problem": ""}
    view = workers_view(workers, {"a", "b", "idle"})
    assert view.outage(How.SILENT, 5.0, 2, "halls") == ["b"]
    assert workers.asked == ["a", "b", "idle"]
    assert view.act("SN01", "stop", 0.0, -1) == {"done": True, "problem": "", "worker": "a"}


def test_whom_no_worker_has_can_neither_act_nor_be_started() -> None:
    view = workers_view(Workers(), {"a", "b"})
    assert view.act("SN07", "verify", 0.0, -1) == {"done": False, "problem": "not_on", "worker": ""}
    assert view.act("SN07", "start", 0.0, -1) == {"done": False, "problem": "not_held", "worker": ""}
    assert view.act("SN70", "start", 0.0, -1) is None


def test_groups_are_told_with_their_devices() -> None:
    assert devices_of_groups(PLAN.scenario, 4) == {"halls": 3, "rooms": 1}
