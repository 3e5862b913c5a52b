"""The table of devices: which match a query, in which order, and one page of them, merged from all processes.

Pure. Each process goes through its devices in slices, so that whatever else its thread does never waits for long, and
answers with its first rows up to the page's end; of those of all processes the page is cut.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any, Final, Protocol, TypeVar

from simulator.measurements.names import DeviceState

T = TypeVar("T")

SLICE: Final = 200
"""Devices between two breaks: less than a millisecond of work."""
MOST_ROWS: Final = 500
"""Of a page."""
DEEPEST: Final = 20_000
"""Rows up to the end of the last page that can be asked for: each process sends as many."""
_first: Final = itemgetter(0)
MOST_SEARCHED: Final = 64
"""Characters of a search; serial numbers are shorter."""


class Sort(StrEnum):
    """What rows are ordered by."""

    SN = "sn"
    GROUP = "group"
    STATE = "state"
    SINCE = "since"
    HEARTBEAT = "heartbeat"
    WAITING = "waiting"
    RECONNECTS = "reconnects"
    VIOLATIONS = "violations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What somebody wants to see.

    Attributes:
        search: part of a serial number, in lower case.
        state, group: as they stand in a row; empty for all.
        descending: the greatest first; devices that are equal always stand in the order of the plan.
        page: from 0.
        size: rows of a page.
    """

    search: str = ""
    state: str = ""
    group: str = ""
    sort: Sort = Sort.SN
    descending: bool = False
    page: int = 0
    size: int = 50

    @classmethod
    def read(cls, values: Mapping[str, str]) -> "Query":
        """The query of an address' parameters; what cannot be meant is taken for the default or the nearest bound."""
        size = min(max(_number(values.get("size", ""), 50), 1), MOST_ROWS)
        sort = values.get("sort", "")
        return cls(
            search=values.get("search", "").strip().lower()[:MOST_SEARCHED],
            state=values.get("state", ""),
            group=values.get("group", ""),
            sort=Sort(sort) if sort in tuple(Sort) else Sort.SN,
            descending=values.get("order", "") == "desc",
            page=min(_number(values.get("page", ""), 0), DEEPEST // size - 1),
            size=size,
        )

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> "Query":
        """The inverse of `dump`."""
        return cls(**{**data, "sort": Sort(data["sort"])})

    def dump(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"sort": self.sort.value}

    @property
    def needed(self) -> int:
        """Rows up to the end of the page."""
        return (self.page + 1) * self.size


class Devices(Protocol):
    """The devices of one process by index, as far as the table shows them."""

    def sn(self, index: int) -> str: ...

    def group(self, index: int) -> str: ...

    def state(self, index: int) -> str: ...

    def since(self, index: int) -> float | None: ...

    def heartbeat(self, index: int) -> float | None: ...

    def waiting(self, index: int) -> int: ...

    def reconnects(self, index: int) -> int: ...

    def violations(self, index: int) -> int: ...


Row = dict[str, Any]
"""`sn`, `index`, `group`, `state`, `since`, `heartbeat` (epoch s or None), `waiting`, `reconnects`, `violations`."""


def rows(devices: Devices, indexes: Iterable[int], query: Query) -> Generator[None, None, dict[str, Any]]:
    """The rows of one process, in slices: whoever drives it may do something else at each `yield`.

    Returns:
        `matching`: how many devices of `indexes` match; `rows`: the first of them, `query.needed` at most.
    """
    key = _key_of(devices, query.sort)
    matching = 0
    runs: list[list[tuple[Any, int]]] = []
    for some in _sliced(indexes):
        found = [(key(index), index) for index in some if _matches(devices, index, query)]
        matching += len(found)
        # Sorting is stable, also in reverse: equal ones stay in the order of the plan. All at once would take long.
        found.sort(key=_first, reverse=query.descending)
        runs.append(found[: query.needed])
        yield
    made: list[Row] = []
    ordered = islice(merge(*runs, key=_first, reverse=query.descending), query.needed)
    for chosen in _sliced(ordered):
        made.extend(_row(devices, index) for _, index in chosen)
        yield
    return {"matching": matching, "rows": made}


def merged(answers: Mapping[str, Mapping[str, Any]], query: Query) -> dict[str, Any]:
    """One page of all processes' answers.

    Args:
        answers: by the process' name.

    Returns:
        `matching`, `page` (the last one, where there is none so far) and `rows`, each with its `worker`.
    """
    matching = sum(answer["matching"] for answer in answers.values())
    page = min(query.page, max(matching - 1, 0) // query.size)
    every = [{**row, "worker": name} for name, answer in answers.items() for row in answer["rows"]]
    ordered = sorted(every, key=lambda row: row["index"])
    ordered.sort(key=lambda row: _sortable(row[query.sort.value]), reverse=query.descending)
    first = page * query.size
    return {"matching": matching, "page": page, "rows": ordered[first : first + query.size]}


def _matches(devices: Devices, index: int, query: Query) -> bool:
    return (
        (not query.state or devices.state(index) == query.state)
        and (not query.group or devices.group(index) == query.group)
        and (not query.search or query.search in devices.sn(index).lower())
    )


def _key_of(devices: Devices, sort: Sort) -> Callable[[int], Any]:
    value: Callable[[int], Any] = getattr(devices, sort.value)
    if sort in (Sort.SINCE, Sort.HEARTBEAT):
        return lambda index: _sortable(value(index))
    return value


def _sortable(value: Any) -> Any:
    """What is not known comes first."""
    return -1.0 if value is None else value


def _row(devices: Devices, index: int) -> Row:
    return {
        "sn": devices.sn(index),
        "index": index,
        "group": devices.group(index),
        "state": devices.state(index),
        "since": devices.since(index),
        "heartbeat": devices.heartbeat(index),
        "waiting": devices.waiting(index),
        "reconnects": devices.reconnects(index),
        "violations": devices.violations(index),
    }


def _sliced(items: Iterable[T]) -> Iterator[Sequence[T]]:
    left = iter(items)
    while some := list(islice(left, SLICE)):
        yield some


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default


class NotThere:
    """Devices that no process has: not started yet, or gone with the worker that had them.

    Args:
        sn: the serial number of an index.
        group: the name of its group.
        gone: whether a worker that is gone had it.
    """

    def __init__(self, sn: Callable[[int], str], group: Callable[[int], str], gone: bool) -> None:
        self.sn = sn
        self.group = group
        self._state: str = (DeviceState.LOST if gone else DeviceState.OFFLINE).value

    def state(self, index: int) -> str:
        return self._state

    def since(self, index: int) -> float | None:
        return None

    def heartbeat(self, index: int) -> float | None:
        return None

    def waiting(self, index: int) -> int:
        return 0

    def reconnects(self, index: int) -> int:
        return 0

    def violations(self, index: int) -> int:
        return 0
