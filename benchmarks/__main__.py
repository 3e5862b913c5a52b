"""`python -m benchmarks`: measure, print tables, and write `benchmarks/results.json`."""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from benchmarks.attendance import measure_attendance
from benchmarks.children import BenchmarkError
from benchmarks.cores import Cores, choose_cores
from benchmarks.document import RESULTS
from benchmarks.fleet import measure_fleet
from benchmarks.handshakes import measure_sessions
from benchmarks.instructions import measure_instructions
from benchmarks.judge import measure_judge
from benchmarks.latency import measure_latency
from benchmarks.machine import describe_machine
from benchmarks.master import measure_master
from benchmarks.round_trip import measure_round_trips
from benchmarks.scale import measure_scale
from benchmarks.sizes import FULL, SIZES, Sizes
from benchmarks.tables import Results, print_results
from benchmarks.transports import measure_transports

NAMES = ("round-trip", "latency", "scale", "master", "judge", "attendance", "transports", "handshakes")
FLEET = "fleet"
"""Takes longer than all the others together: measured where it is asked for."""
INSTRUCTIONS = "instructions"
"""Measured where it is asked for: it needs valgrind, and says nothing of how fast a machine is."""
LIMIT_S = 3600.0
"""Longer than any benchmark takes; servers end then, whatever happens to this process."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 1 if a benchmark could not be measured; a target that is not reached is told, not punished."""
    options = _parser().parse_args(arguments)
    sizes = SIZES[options.size]
    cores = choose_cores()
    console = Console(stderr=True, highlight=False)
    if not cores.apart:
        console.print("Only one core: clients and servers share it, and the figures are worth little.")
    results = Results()
    failed = False
    with tempfile.TemporaryDirectory(prefix="best-fleet-benchmarks-") as directory:
        for name in options.only or NAMES:
            try:
                _measure(name, results, sizes, cores, Path(directory), console)
            except BenchmarkError as error:
                console.print(f"[red]{error}[/red]")
                failed = True
            # After each part: the whole takes long, and what was measured is not to be lost.
            _save(options.output, results, sizes)
    # Into a file or a pipe no column is to be cut.
    print_results(results, Console(width=None if sys.stdout.isatty() else 160))
    return 1 if failed else 0


def _save(path: Path, results: Results, sizes: Sizes) -> None:
    document = {
        "schema": 1,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "size": sizes.name,
        "machine": describe_machine(),
        **results.to_json(),
        "targets": [target.to_json() for target in results.targets()],
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _measure(name: str, results: Results, sizes: Sizes, cores: Cores, directory: Path, console: Console) -> None:
    def note(line: str) -> None:
        console.print(line, soft_wrap=True)

    if name == "round-trip":
        results.round_trips = measure_round_trips(sizes.round_trip, cores, directory, note, LIMIT_S)
    elif name == "latency":
        results.latency = measure_latency(sizes.latency, cores, directory, note, LIMIT_S)
    elif name == "scale":
        results.scale = measure_scale(sizes.scale, cores, directory, note, LIMIT_S)
    elif name == "master":
        results.master = measure_master(sizes.master, cores, directory, note)
    elif name == "attendance":
        results.attendance = measure_attendance(sizes.attendance, cores, directory, note, LIMIT_S)
    elif name == INSTRUCTIONS:
        results.instructions = measure_instructions(sizes.instructions, directory, note)
    elif name == "transports":
        results.transports = measure_transports(sizes.transports, cores, directory, note, LIMIT_S)
    elif name == "handshakes":
        results.handshakes = measure_sessions(sizes.handshakes, cores, directory, note, LIMIT_S)
    elif name == FLEET:
        results.fleet = measure_fleet(sizes.fleet, directory, note)
    else:
        results.judge = measure_judge(sizes.judge)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--size", choices=sorted(SIZES), default=FULL.name, help="how much is measured")
    size.add_argument("--quick", dest="size", action="store_const", const="quick", help="a look in a few minutes")
    parser.add_argument(
        "--only",
        action="append",
        choices=(*NAMES, FLEET, INSTRUCTIONS),
        help="measure this part alone (may be repeated)",
    )
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FILE", help="where the figures go")
    return parser


if __name__ == "__main__":
    # Whoever ends us ends our children too: this unwinds the `with` blocks that they live in.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
