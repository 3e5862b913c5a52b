"""All cases, collected from the files of `simulator/conform/cases` in the order of the protocol's sections."""

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from simulator.conform import cases
from simulator.conform.case import Case

FAMILIES: Final = (
    *(
        "lookup",
        "certificate",
        "channel",
        "register",
        "accredit",
        "login",
        "order",
        "report",
        "heartbeat",
        "time",
        "upload",
        "file",
    ),
    *("envelope", "ws", "mqtt", "command", "form"),
)
"""Families in the order in which they run; others follow in alphabetical order."""


@lru_cache(maxsize=1)
def all_cases() -> tuple[Case, ...]:
    """Every case, in the order in which they run and are listed.

    Raises:
        ValueError: If two have the same id, or one needs another that there is not.
    """
    found: list[Case] = []
    for module in sorted(pkgutil.iter_modules(cases.__path__), key=lambda each: each.name):
        found += importlib.import_module(f"{cases.__name__}.{module.name}").CASES
    return in_order(found)


def in_order(found: Iterable[Case]) -> tuple[Case, ...]:
    """`found` by family, as they were declared within one; what a case needs stands before it.

    Raises:
        ValueError: As `all_cases`, and if cases need each other.
    """
    by_family = sorted(found, key=lambda case: _place(case.family))
    known: dict[str, Case] = {}
    for case in by_family:
        if case.id in known:
            raise ValueError(f"two cases have the id {case.id}")
        known[case.id] = case
    ordered: dict[str, Case] = {}

    def put(case: Case, on_the_way: tuple[str, ...]) -> None:
        if case.id in on_the_way:
            raise ValueError(f"cases need each other: {', '.join(on_the_way)}")
        for name in case.needs:
            if name not in known:
                raise ValueError(f"{case.id} needs {name}, which is no case")
            put(known[name], (*on_the_way, case.id))
        ordered.setdefault(case.id, case)

    for case in by_family:
        put(case, ())
    return tuple(ordered.values())


def over(cases: Iterable[Case], *, mqtt: bool) -> tuple[Case, ...]:
    """The cases as they are over MQTT, or over WebSocket: all of them, some not applicable."""
    return tuple(case.over(mqtt=mqtt) for case in cases)


def chosen(cases: Sequence[Case], only: Sequence[str], skip: Sequence[str]) -> tuple[Case, ...]:
    """Those that a glob of `only` names (all, where there is none) and none of `skip` does, with what they need.

    A name without a wildcard stands for itself and for all below it: `lookup` is `lookup.*` as well.
    """
    named = {case.id for case in cases if (not only or _any(case.id, only)) and not _any(case.id, skip)}
    by_id = {case.id: case for case in cases}
    waiting = list(named)
    while waiting:
        for name in by_id[waiting.pop()].needs:
            if name not in named:
                named.add(name)
                waiting.append(name)
    return tuple(case for case in cases if case.id in named)


def _any(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) or fnmatchcase(name, f"{glob}.*") for glob in globs)


def _place(family: str) -> tuple[int, str]:
    return (FAMILIES.index(family), "") if family in FAMILIES else (len(FAMILIES), family)
