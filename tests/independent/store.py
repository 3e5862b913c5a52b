"""Everything the platform remembers, in memory."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .checks import key_digest

if TYPE_CHECKING:
    import asyncio

    from .session import Session


@dataclass(frozen=True)
class Identity:
    sn: str
    secret_key: str
    product_id: str
    dev_key: str

    @property
    def digest(self) -> str:
        return key_digest(self.dev_key, self.product_id.encode())


def read_identities(path: Path | str) -> list[Identity]:
    """The CSV with the header sn,secretKey,productId,devKey."""
    with open(path, newline="", encoding="utf-8-sig") as lines:
        return [Identity(row["sn"], row["secretKey"], row["productId"], row["devKey"]) for row in csv.DictReader(lines)]


@dataclass
class File:
    size: int
    checksum: str
    data: bytearray = field(default_factory=bytearray)
    complete: bool = False

    def whole(self, any_checksum: bool) -> bool:
        right = any_checksum or self.checksum in ("", hashlib.md5(self.data).hexdigest())
        return len(self.data) == self.size and right


@dataclass(eq=False)
class Command:
    """A command on its way: it keeps its cmdId, and takes a new mid each time it is sent."""

    func_id: str
    cmd_id: str
    params: dict[str, Any]
    answer: asyncio.Future[str]
    tries: int = 0
    again: int = 0
    """How often it is sent once more although it was answered, as if its answer had been lost."""
    codes: list[str] = field(default_factory=list)


@dataclass
class Device:
    identity: Identity
    digest: str
    auth_code: str = ""
    secret: str = ""
    session: Session | None = None
    report: dict[str, Any] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    queue: deque[Command] = field(default_factory=deque)
    connections: int = 0
    rebooted: bool = False
    told: datetime | None = None
    """When it first heard the platform's time zone."""

    @property
    def most_pending(self) -> int:
        return int(self.report.get("maxPendingCmdCount") or "1")


@dataclass
class Store:
    devices: dict[str, Device]
    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By sn and logId."""
    users: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By sn and pin."""
    cards: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By sn and card."""
    photos: list[tuple[str, str, dict[str, Any], bytes]] = field(default_factory=list)
    """(sn, kind, fields, bytes); the kind is userPhoto, bioPhoto or verifyPhoto."""
    files: dict[tuple[str, str], File] = field(default_factory=dict)
    """By sn and fileId."""
    used_files: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    refusals: list[tuple[str, str, str, str]] = field(default_factory=list)
    """(sn, funcId, code, reason)"""
    observations: list[str] = field(default_factory=list)
    """What no rule refuses, and yet looks wrong."""
    counts: Counter[str] = field(default_factory=Counter)
    closed: list[tuple[str, int, str]] = field(default_factory=list)
    """(sn, code, reason) of each connection that the platform closed."""
