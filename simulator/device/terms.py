"""What the platform told the device in the reply to `dev.report`, and what follows from it (section 设备上报)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from simulator.protocol.catalogue import ALWAYS_SUPPORTED
from simulator.protocol.catalogue.formats import BIO_TYPES
from simulator.protocol.times import parse_offset

_DEFAULT_INTERVAL = 60.0
_ALL_TYPES = frozenset(range(BIO_TYPES))
_FLAGS = re.compile(r"[01](?::[01]){0,31}")


@dataclass(frozen=True, slots=True)
class Terms:
    """The platform's wishes; the defaults are the document's."""

    offset_minutes: int | None = None
    """The platform's time zone, where it said one."""
    heartbeat: bool = True
    heartbeat_interval: float = _DEFAULT_INTERVAL
    """Seconds."""
    template_types: frozenset[int] = _ALL_TYPES
    """Biometric types whose templates the platform takes."""
    photo_types: frozenset[int] = _ALL_TYPES
    """Biometric types whose photos the platform takes."""
    func_ids: frozenset[str] | None = None
    """What the platform supports; None means everything."""

    def allows(self, func_id: str) -> bool:
        """Whether the device may send `func_id`. The heartbeat is governed by `supportHeartbeat` alone."""
        return self.func_ids is None or func_id in self.func_ids or func_id == "dev.heartbeat"


def parse_terms(results: Mapping[str, Any]) -> Terms:
    """Read the reply's results, as the judge gives them; what is absent or unreadable keeps its default."""
    func_ids = results.get("funcIds")
    return _terms(
        results.get("timezone", ""),
        results.get("supportHeartbeat", ""),
        results.get("heartbeatInterval", ""),
        results.get("multiBioDataSupport", ""),
        results.get("multiBioPhotoSupport", ""),
        None if func_ids is None else tuple(func_ids),
    )


@lru_cache(maxsize=64)  # a platform tells all its devices much the same, and 20,000 of them share one object
def _terms(
    timezone: str, heartbeat: str, interval: str, templates: str, photos: str, func_ids: tuple[str, ...] | None
) -> Terms:
    try:
        offset: int | None = parse_offset(timezone)
    except ValueError:
        offset = None
    seconds = int(interval) if interval.isascii() and interval.isdigit() and len(interval) < 10 else 0
    return Terms(
        offset_minutes=offset,
        heartbeat=heartbeat != "0",
        heartbeat_interval=float(seconds) if seconds > 0 else _DEFAULT_INTERVAL,
        template_types=_types(templates),
        photo_types=_types(photos),
        func_ids=None if func_ids is None else frozenset(func_ids).union(ALWAYS_SUPPORTED),
    )


def _types(flags: str) -> frozenset[int]:
    # Ten positions are right; the document's own example has nine, and newer platforms know of more.
    if _FLAGS.fullmatch(flags) is None:
        return _ALL_TYPES
    return frozenset(kind for kind, flag in enumerate(flags.split(":")) if flag == "1")
