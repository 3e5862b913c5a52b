"""Instructions of one round trip in the device's own code, by valgrind: repeatable whatever else the machine does.

The same program runs twice with different numbers of round trips; what it needs more, divided by the difference, is
what a round trip takes. No system call and nothing of Locust is in it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.children import BenchmarkError
from benchmarks.programs.conversations import CHANNELS, MESSAGES

_TOTAL: Final = re.compile(rb"^(?:summary|totals): (\d+)", re.MULTILINE)
_LINE: Final = re.compile(r"^\s*([\d,]+) \([^)]*\)\s+(\S+)")
_SHOWN: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class InstructionsSize:
    """How many round trips there are in the shorter run, and in the longer one (`conversations.MOST` at most)."""

    few: int
    many: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """What a round trip takes.

    Attributes:
        counts: instructions by channel and funcId, as `plain, dev.heartbeat`.
        shares: of each, the functions of the interpreter and of libraries that take most of them.
    """

    counts: dict[str, float]
    shares: dict[str, list[tuple[str, float]]]

    def to_json(self) -> dict[str, Any]:
        return {"a_round_trip": self.counts, "functions": self.shares}


def measure_instructions(size: InstructionsSize, directory: Path, note: Callable[[str], None]) -> Instructions:
    """Count each channel's and message's.

    Raises:
        BenchmarkError: If there is no valgrind, or the program fails.
    """
    if shutil.which("valgrind") is None:
        raise BenchmarkError("instructions: there is no valgrind on this machine (apt-get install valgrind)")
    counts: dict[str, float] = {}
    shares: dict[str, list[tuple[str, float]]] = {}
    for channel in CHANNELS:
        for message in MESSAGES:
            name = f"{channel}, {message}"
            found = [_run(directory, channel, message, round_trips) for round_trips in (size.few, size.many)]
            more = size.many - size.few
            counts[name] = (found[1][0] - found[0][0]) / more
            gained = {each: (count - found[0][1].get(each, 0)) / more for each, count in found[1][1].items()}
            shares[name] = sorted(gained.items(), key=lambda item: -item[1])[:_SHOWN]
            note(f"instructions: {name}: {counts[name]:,.0f} a round trip")
    return Instructions(counts=counts, shares=shares)


def _run(directory: Path, channel: str, message: str, round_trips: int) -> tuple[int, dict[str, int]]:
    """Instructions of a whole run, and of its functions."""
    profile = directory / f"callgrind.{channel}.{message}.{round_trips}"
    program = [sys.executable, "-m", "benchmarks.programs.conversations", channel, message, str(round_trips)]
    ran = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", *program],
        # The order of sets and dictionaries is part of what is counted.
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        check=False,
    )
    total = _TOTAL.search(profile.read_bytes()) if ran.returncode == 0 else None
    if total is None:
        raise BenchmarkError(f"instructions: {ran.stderr.decode(errors='replace')[-2000:]}")
    return int(total[1]), _functions(profile)


def _functions(profile: Path) -> dict[str, int]:
    """Instructions of each function itself; empty where there is no callgrind_annotate."""
    if shutil.which("callgrind_annotate") is None:
        return {}
    listed = subprocess.run(
        ["callgrind_annotate", "--threshold=95", str(profile)], capture_output=True, check=False, text=True
    ).stdout
    functions: dict[str, int] = {}
    for line in listed.splitlines():
        found = _LINE.match(line)
        if found is not None and ":" in found[2]:
            name = found[2].rpartition(":")[2]
            functions[name] = functions.get(name, 0) + int(found[1].replace(",", ""))
    return functions
