"""The ledger of a platform in several processes: a file each, and one view of all.

The first process has the file that was named, the others have numbered ones beside it. The first says how many there
are: devices are split by that number, so that it stays as it is as long as the files live. All files are made at once:
one that is not there later was lost, and with it all that the platform knew of its devices.
"""

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from simulator.platform.ledger.errors import DAMAGE, LedgerError
from simulator.platform.ledger.file import connect, lock, read_only
from simulator.platform.ledger.schema import PROCESSES
from simulator.platform.split import MOST_PROCESSES
from simulator.protocol.catalogue import PROTOCOL_ORDER
from simulator.texts.translation import _, listed

_MAGIC = b"SQLite format 3\0"
"""A database begins with it."""


def share_path(path: Path, number: int) -> Path:
    """The file of process `number`, from 0, of the ledger `path`."""
    return path if number == 0 else path.with_name(f"{path.name}.{number}")


def claim(path: Path, processes: int) -> None:
    """Make sure that the ledger is one of so many processes and whole; a new one becomes it.

    Raises:
        LedgerError: If it is that of another number of processes, lacks a file, or cannot be used.
    """
    if _is_missing(path):
        _refuse_without_first(path)
    if processes == 1 and not path.exists():
        return
    descriptor = lock(path)
    try:
        with closing(connect(path)) as db:
            known = db.execute("SELECT value FROM meta WHERE name = ?", (PROCESSES,)).fetchone()
            used = known is not None or db.execute("SELECT count(*) FROM devices").fetchone()[0] > 0
            held = int(known[0]) if known is not None else 1
            if used and held != processes:
                raise LedgerError(
                    _(
                        "{path}: the ledger of a platform in {held} processes, which split its devices; "
                        "start it with --processes {held}, or take another file",
                        path=path,
                        held=held,
                    )
                )
            if used:
                _refuse_without_others(path, held)
            elif processes > 1:
                # The number last: a ledger that says how many files it has was given them all.
                for number in range(1, processes):
                    _make(share_path(path, number))
                db.execute("INSERT INTO meta VALUES (?, ?)", (PROCESSES, str(processes)))
    except (*DAMAGE, ValueError) as error:
        raise LedgerError(f"{path}: {error}") from None
    finally:
        os.close(descriptor)


def _is_missing(path: Path) -> bool:
    # What an open ledger has written is never nothing, not even before its first device.
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


def _refuse_without_first(path: Path) -> None:
    others = [share for number in range(1, MOST_PROCESSES) if _is_database(share := share_path(path, number))]
    if others:
        raise LedgerError(
            _(
                "{path}: missing or empty, and what belongs to it is there ({others}): a share of the devices would be "
                "forgotten; bring it back, or take another file",
                path=path,
                others=listed(other.name for other in others),
            )
        )


def _refuse_without_others(path: Path, held: int) -> None:
    missing = [share for number in range(1, held) if _is_missing(share := share_path(path, number))]
    if missing:
        raise LedgerError(
            _(
                "{path}: the ledger of a platform in {held} processes, of which {missing} is missing or empty: a "
                "share of the devices would be forgotten; bring it back, or take another file",
                path=path,
                held=held,
                missing=listed(map(str, missing)),
            )
        )


def _is_database(path: Path) -> bool:
    """Whether there is a file as SQLite makes them; with any other, a number behind the name is by chance."""
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def _make(path: Path) -> None:
    descriptor = lock(path)
    try:
        connect(path).close()
    finally:
        os.close(descriptor)


def shares_of(path: Path) -> list[Path]:
    """The files of a ledger, in order of the processes.

    Raises:
        LedgerError: If `path` is no ledger.
    """
    try:
        with closing(read_only(path)) as db:
            known = db.execute("SELECT value FROM meta WHERE name = ?", (PROCESSES,)).fetchone()
            return [share_path(path, number) for number in range(1 if known is None else int(known[0]))]
    except (*DAMAGE, ValueError) as error:
        raise LedgerError(f"{path}: {error}") from None


def merged(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What several processes hold (`inspection.summary_of` each), as if they were one."""
    if len(parts) == 1:
        return parts[0]
    devices = {sn: device for part in parts for sn, device in part["devices"].items()}
    return {
        "devices": dict(sorted(devices.items())),
        "totals": _sums([part["totals"] for part in parts]),
        "messages": _sums_by_name([part["messages"] for part in parts]),
        "commands": _sums_by_name([part["commands"] for part in parts]),
        "queries": _sums([part["queries"] for part in parts]),
        "events": dict(sorted(_sums([part["events"] for part in parts]).items())),
    }


def _sums(parts: Sequence[dict[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for part in parts:
        for name, count in part.items():
            sums[name] = sums.get(name, 0) + count
    return sums


def _sums_by_name(parts: Sequence[dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    places = {name: place for place, name in enumerate(PROTOCOL_ORDER)}
    names = {name for part in parts for name in part}
    return {
        name: dict(sorted(_sums([part[name] for part in parts if name in part]).items()))
        for name in sorted(names, key=lambda name: (places.get(name, len(places)), name))
    }
