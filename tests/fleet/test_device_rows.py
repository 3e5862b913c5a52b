"""The table of devices: filters, orders, pages, and the pages of several processes put together."""

import random
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fleet.device_rows import DEEPEST, MOST_ROWS, SLICE, NotThere, Query, Sort, merged, rows

STATES = ("online", "waiting", "offline")


class Fleet:
    """Devices whose values follow from their index and a seed."""

    def __init__(self, total: int, seed: int = 1) -> None:
        rng = random.Random(seed)
        self.made = [
            {
                "sn": f"Dev{rng.randrange(10**6):06d}-{index}",
                "index": index,
                "group": rng.choice(("halls", "rooms")),
                "state": rng.choice(STATES),
                "since": rng.choice((None, 5.0, 7.5)),
                "heartbeat": rng.choice((None, 6.0, 8.0)),
                "waiting": rng.randrange(4),
                "reconnects": rng.randrange(3),
                "violations": rng.randrange(2),
            }
            for index in range(total)
        ]

    def __getattr__(self, name: str) -> Any:
        return lambda index: self.made[index][name]


def run(parts: Generator[None, None, dict[str, Any]]) -> tuple[dict[str, Any], int]:
    """What a process answers, and in how many slices."""
    slices = 0
    while True:
        try:
            next(parts)
            slices += 1
        except StopIteration as over:
            return over.value, slices


def page_of(fleet: Fleet, query: Query, processes: int = 1) -> dict[str, Any]:
    total = len(fleet.made)
    answers = {}
    for number in range(processes):
        answers[f"w{number}"], _ = run(rows(fleet, range(number, total, processes), query))
    return merged(answers, query)


def expected(fleet: Fleet, query: Query) -> list[dict[str, Any]]:
    """All rows that match, in order, by the plainest means."""
    found = [
        row
        for row in fleet.made
        if query.search in row["sn"].lower() and query.state in ("", row["state"]) and query.group in ("", row["group"])
    ]

    def key(row: dict[str, Any]) -> Any:
        value = row[query.sort.value]
        return -1.0 if value is None else value

    return sorted(found, key=key, reverse=query.descending)


@given(
    st.builds(
        Query,
        search=st.sampled_from(("", "1", "dev00", "nobody")),
        state=st.sampled_from(("", "online", "failed")),
        group=st.sampled_from(("", "rooms")),
        sort=st.sampled_from(Sort),
        descending=st.booleans(),
        page=st.integers(0, 5),
        size=st.integers(1, 20),
    ),
    st.integers(0, 60),
    st.integers(1, 3),
)
def test_a_page_is_a_part_of_all_that_match_whatever_the_processes(query: Query, total: int, processes: int) -> None:
    fleet = Fleet(total)
    right = expected(fleet, query)
    found = page_of(fleet, query, processes)
    assert found["matching"] == len(right)
    first = found["page"] * query.size
    assert [row["index"] for row in found["rows"]] == [row["index"] for row in right[first : first + query.size]]
    assert found["page"] == min(query.page, max(len(right) - 1, 0) // query.size)
    assert all({key: row[key] for key in fleet.made[0]} == fleet.made[row["index"]] for row in found["rows"])
    assert all(row["worker"] == f"w{row['index'] % processes}" for row in found["rows"])


def test_no_slice_is_longer_than_some_hundred_devices() -> None:
    query = Query(page=1, size=10)
    answer, slices = run(rows(Fleet(3 * SLICE), range(3 * SLICE), query))
    assert slices == 3 + 1
    assert (answer["matching"], len(answer["rows"])) == (3 * SLICE, 20)


def test_of_each_slice_no_more_is_kept_than_the_page_may_show() -> None:
    fleet = Fleet(20 * SLICE)
    parts = rows(fleet, range(20 * SLICE), Query(size=5))
    most = 0
    for _ in parts:
        frame = parts.gi_frame
        if frame is not None:
            most = max(most, sum(map(len, frame.f_locals["runs"])))
    assert 0 < most <= 20 * 5


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({}, Query()),
        (
            {"search": " DEV0 ", "state": "online", "group": "rooms", "sort": "since", "order": "desc"},
            Query(search="dev0", state="online", group="rooms", sort=Sort.SINCE, descending=True),
        ),
        ({"page": "3", "size": "20"}, Query(page=3, size=20)),
        ({"page": "-1", "size": "x", "sort": "secretKey", "order": "up"}, Query()),
        ({"size": "100000"}, Query(size=MOST_ROWS)),
        ({"size": "0"}, Query(size=1)),
        ({"page": "99999999", "size": "50"}, Query(page=DEEPEST // 50 - 1)),
    ],
)
def test_a_query_is_read_from_an_address(given: dict[str, str], query: Query) -> None:
    assert Query.read(given) == query
    assert Query.load(query.dump()) == query


@pytest.mark.parametrize(("gone", "state"), [(False, "offline"), (True, "lost")])
def test_devices_that_no_process_has_are_shown(gone: bool, state: str) -> None:
    nobody = NotThere("SN{}".format, lambda _: "rooms", gone)
    answer, _ = run(rows(nobody, [4], Query()))
    assert answer["rows"] == [
        {"sn": "SN4", "index": 4, "group": "rooms", "state": state, "since": None, "heartbeat": None}
        | {"waiting": 0, "reconnects": 0, "violations": 0}
    ]
