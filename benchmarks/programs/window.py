"""The measurement inside a client process: CPU, memory and messages between two moments of the steady state."""

import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

STEP_S = 0.01
"""A total that stands still for so long after it moved has taken in all that was handed over."""
STEPS = 30
"""So many of them are longer than ours lets its total stand still; one that moves in each moves with every request."""
_PAGE = resource.getpagesize()


@dataclass(frozen=True, slots=True)
class Reading:
    """The process at one moment."""

    at: float
    """Monotonic seconds."""
    cpu: float
    """Seconds of CPU of all its threads, user and system."""
    system: float
    """The part of `cpu` that the kernel took."""
    rss: int
    """Bytes."""
    messages: int
    """Round trips so far."""
    failures: int


def await_step(total: Callable[[], int], sleep: Callable[[float], object]) -> None:
    """Return when `total` has just moved and stands still again, or has moved all the time."""
    before, moved = total(), False
    for _step in range(STEPS):
        sleep(STEP_S)
        now = total()
        if now == before and moved:
            return
        moved = moved or now != before
        before = now


def read(messages: int, failures: int) -> Reading:
    """Look at this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Reading(
        at=time.monotonic(),
        cpu=usage.ru_utime + usage.ru_stime,
        system=usage.ru_stime,
        rss=int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE,
        messages=messages,
        failures=failures,
    )


def between(first: Reading, last: Reading) -> dict[str, Any]:
    """What happened between two readings, per message where that makes sense."""
    messages = last.messages - first.messages
    seconds = last.at - first.at
    return {
        "seconds": seconds,
        "messages": messages,
        "failures": last.failures - first.failures,
        "rate": messages / seconds,
        "cpu_s": last.cpu - first.cpu,
        "cpu_us": (last.cpu - first.cpu) / messages * 1e6 if messages else None,
        "system_us": (last.system - first.system) / messages * 1e6 if messages else None,
        "busy": (last.cpu - first.cpu) / seconds,
    }


def as_dict(reading: Reading) -> dict[str, Any]:
    return asdict(reading)
