"""What a ledger adds up to: per device and in total, as JSON for programs and as text for people."""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from simulator.platform.ledger.errors import DAMAGE, LedgerError
from simulator.platform.ledger.file import read_only
from simulator.platform.ledger.shares import merged, shares_of
from simulator.protocol.catalogue import PROTOCOL_ORDER
from simulator.shown import label, printable
from simulator.texts.cells import cells, padded
from simulator.texts.translation import _

_COUNTS = {
    "records": "SELECT sn, count(*) FROM records GROUP BY sn",
    "duplicates": "SELECT sn, sum(received - 1) FROM records GROUP BY sn",
    "photos": "SELECT sn, count(*) FROM photos GROUP BY sn",
    "users": "SELECT sn, count(*) FROM users GROUP BY sn",
    "userPhotos": "SELECT sn, count(*) FROM user_photos GROUP BY sn",
    "bioPhotos": "SELECT sn, count(*) FROM bio_photos GROUP BY sn",
    "cards": "SELECT sn, count(*) FROM cards GROUP BY sn",
    "commands": "SELECT sn, count(*) FROM commands GROUP BY sn",
    "answered": "SELECT sn, count(*) FROM commands WHERE answered IS NOT NULL GROUP BY sn",
    "doubleLogins": "SELECT sn, count(*) FROM double_logins GROUP BY sn",
}
_MOST_CODES = 8
_PENDING = "pending"
"""Stands for the code of a command that has no answer yet."""


def summary_of(db: sqlite3.Connection, online: Collection[str] = ()) -> dict[str, Any]:
    """Everything in a ledger, counted: the JSON of `GET /ledger`.

    Args:
        online: Serial numbers of the devices that are online now.
    """
    devices: dict[str, dict[str, Any]] = {}
    for sn, registrations, logins, reports, last_seen in db.execute(
        "SELECT sn, registrations, logins, reports, last_seen FROM devices ORDER BY sn"
    ):
        devices[sn] = {
            "registered": registrations,
            "logins": logins,
            "reports": reports,
            "lastSeen": last_seen,
            "online": sn in online,
            **dict.fromkeys(_COUNTS, 0),
        }
    for name, query in _COUNTS.items():
        for sn, count in db.execute(query):
            if sn in devices:
                devices[sn][name] = count
    totals: dict[str, int] = {"devices": len(devices), "online": sum(device["online"] for device in devices.values())}
    for name in ("registered", "logins", "reports", *_COUNTS):
        totals[name] = sum(device[name] for device in devices.values())
    return {
        "devices": devices,
        "totals": totals,
        "messages": _by_name(db.execute("SELECT func_id, code, count FROM messages")),
        "commands": _by_name(
            db.execute("SELECT func_id, coalesce(code, ?) AS result, count(*) FROM commands GROUP BY 1, 2", (_PENDING,))
        ),
        "queries": {
            "answered": _count(db, "uploads IS NOT NULL AND answered IS NOT NULL"),
            "fulfilled": _count(db, "uploads > 0"),
            "unfulfilled": _count(db, "uploads < 0"),
        },
        "events": dict(db.execute("SELECT name, count FROM events ORDER BY name")),
    }


def kept_of(db: sqlite3.Connection) -> dict[str, int]:
    """What a ledger keeps in all, in two looks at it: records and photos of them, and how many records came again."""
    records, received = db.execute("SELECT count(*), coalesce(sum(received), 0) FROM records").fetchone()
    (photos,) = db.execute("SELECT count(*) FROM photos").fetchone()
    return {"records": records, "photos": photos, "duplicates": received - records}


def records_of(db: sqlite3.Connection, sn: str) -> list[dict[str, Any]]:
    """The verification records of one device, in order of their logId."""
    names = ("logId", "pin", "meetCode", "verifyTime", "status", "recodeType", "received")
    rows = db.execute(
        "SELECT log_id, pin, meet_code, verify_time, status, recode_type, received FROM records WHERE sn = ? "
        "ORDER BY length(log_id), log_id",
        (sn,),
    )
    return [dict(zip(names, row, strict=True)) for row in rows]


def has_record(db: sqlite3.Connection, sn: str, log_id: str) -> bool:
    """Whether the ledger holds a device's verification record."""
    return db.execute("SELECT 1 FROM records WHERE sn = ? AND log_id = ?", (sn, log_id)).fetchone() is not None


def unanswered_since(db: sqlite3.Connection, before: float) -> list[tuple[str, int, str]]:
    """Serial number, cmdId and funcId of the commands without an answer that were made before a moment."""
    query = "SELECT sn, cmd_id, func_id FROM commands WHERE answered IS NULL AND created < ? ORDER BY cmd_id"
    return db.execute(query, (before,)).fetchall()


def entries_of(db: sqlite3.Connection) -> Iterator[tuple[str, dict[str, str]]]:
    """Serial number and content of every verification record, as the device sent it but for `additional`."""
    names = ("pin", "logId", "meetCode", "verifyTime", "verifyStyle", "status", "recodeType", "category")
    query = "SELECT sn, pin, log_id, meet_code, verify_time, verify_style, status, recode_type, category FROM records"
    for sn, *values in db.execute(query):
        yield sn, dict(zip(names, values, strict=True))


def summary(path: Path) -> dict[str, Any]:
    """`summary_of` a ledger, of all its files where several processes keep it; a platform may be writing it.

    Raises:
        LedgerError: If it is no ledger, is damaged, or is locked.
    """
    try:
        parts = []
        for share in shares_of(path):
            with closing(read_only(share)) as db:
                parts.append(summary_of(db))
        return merged(parts)
    except DAMAGE as error:
        raise LedgerError(
            _("{path}: it cannot be read as a whole, perhaps it is damaged ({error})", path=path, error=error)
        ) from None


def inspect(path: Path) -> str:
    """What a ledger file holds, as text.

    Raises:
        LedgerError: If it is no ledger.
    """
    held = summary(path)
    try:
        return _as_text(held)
    except DAMAGE as error:
        raise LedgerError(
            _("{path}: it cannot be read as a whole, perhaps it is damaged ({error})", path=path, error=error)
        ) from None


def _as_text(held: dict[str, Any]) -> str:
    parts = [_devices_table(held["devices"], held["totals"])]
    for title, name in ((_("message"), "messages"), (_("command"), "commands")):
        if held[name]:
            rows = [
                (
                    func_id,
                    f"{sum(counts.values()):,}",
                    _by_code(counts),
                )
                for func_id, counts in held[name].items()
            ]
            parts.append(_table((title, _("count"), _("by code")), rows))
    if held["queries"]["answered"]:
        parts.append(_("user queries: ") + ", ".join(f"{count:,} {name}" for name, count in held["queries"].items()))
    parts += [f"{label(name)}: {count:,}" for name, count in held["events"].items()]
    return "\n\n".join(parts) + "\n"


def _by_code(counts: dict[str, int]) -> str:
    """What devices answered with, of which some make up a code for each message."""
    shown = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    left = shown[_MOST_CODES:]
    parts = [f"{label(code)}: {count:,}" for code, count in sorted(shown[:_MOST_CODES])]
    return ", ".join(
        [*parts, _("{count:,} of {codes:,} more codes", count=sum(count for _code, count in left), codes=len(left))]
        if left
        else parts
    )


def _devices_table(devices: dict[str, dict[str, Any]], totals: dict[str, int]) -> str:
    names = [name for name in ("registered", "logins", *_COUNTS) if totals[name]]
    rows = [(sn, *(f"{device[name]:,}" for name in names)) for sn, device in devices.items()]
    rows.append((_("{count:,} devices", count=totals["devices"]), *(f"{totals[name]:,}" for name in names)))
    return _table((_("device"), *names), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not all(isinstance(row[0], str) for row in rows):
        raise TypeError("a name is no text")
    rows = [(printable(row[0]), *row[1:]) for row in rows]
    widths = [max(map(cells, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for row in (head, *rows):
        parts = [padded(row[0], widths[0])]
        parts += [
            # Numbers line up at their right end, the last column of words at its left.
            " " * (width - cells(cell)) + cell if cell.replace(",", "").isdigit() or row is head else cell
            for cell, width in zip(row[1:], widths[1:], strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines)


def _by_name(rows: sqlite3.Cursor) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for name, code, count in rows:
        counts.setdefault(name, {})[code] = count
    places = {name: place for place, name in enumerate(PROTOCOL_ORDER)}
    return {
        name: dict(sorted(counts[name].items()))
        for name in sorted(counts, key=lambda name: (places.get(name, len(places)), name))
    }


def _count(db: sqlite3.Connection, condition: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM commands WHERE {condition}").fetchone()[0])
