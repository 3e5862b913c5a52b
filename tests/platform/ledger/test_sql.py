"""No module of the platform outside its ledger's room speaks SQL or knows the database."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PLATFORM = Path(__file__).resolve().parents[3] / "simulator" / "platform"
ROOM = PLATFORM / "ledger"
STATEMENT = re.compile(
    r"\b(SELECT\b.+\bFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|(CREATE|DROP|ALTER)\s+TABLE|PRAGMA)\b",
    re.DOTALL,
)


def sql_in(source: str) -> Iterator[str]:
    """Each statement, or part of one, in a string, and each import of the database."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.search(node.value):
            yield f"{node.lineno}: {node.value[:60]!r}"
        elif isinstance(node, ast.Import) and any(alias.name == "sqlite3" for alias in node.names):
            yield f"{node.lineno}: import sqlite3"
        elif isinstance(node, ast.ImportFrom) and node.module == "sqlite3":
            yield f"{node.lineno}: from sqlite3"


def test_no_sql_outside_the_ledger() -> None:
    outside = [path for path in PLATFORM.rglob("*.py") if ROOM not in path.parents]
    assert [f"{path.name}:{place}" for path in outside for place in sql_in(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("x = 'SELECT sn FROM devices'", True),
        ("x = f'INSERT INTO {table} VALUES (?)'", True),
        ("x = 'UPDATE devices SET secret = NULL'", True),
        ("x = 'DELETE FROM files'", True),
        ("import sqlite3", True),
        ("from sqlite3 import Error", True),
        ("x = 'update the user from the platform'", False),
        ("from simulator.platform.ledger.devices import DeviceTable", False),
    ],
)
def test_sql_is_noticed(source: str, found: bool) -> None:
    assert bool(list(sql_in(source))) is found


def test_the_room_has_some() -> None:
    assert all(list(sql_in((ROOM / f"{name}.py").read_text())) for name in ("devices", "uploads", "commands"))
