"""`python -m benchmarks.mqtt`: measure all candidates, interleaved, and print a table of ratios.

The libraries are no dependencies of the project. Install them beside it, in a directory of their own:

    python -m pip install --target DIR gmqtt zmqtt mqttium aio-mqtt-mod aiomqtt paho-mqtt amqtt awscrt

What is missing there is left out, and told.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.children import BenchmarkError, Child
from benchmarks.cores import Cores, choose_cores
from benchmarks.figures import Spread, ratio, spread
from benchmarks.mqtt.candidates import BASE, CANDIDATES

LIMIT_S = 240.0
"""For one candidate in one round."""
Found = dict[str, list[dict[str, Any]]]
"""What each candidate measured, one entry a round."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    console = Console(stderr=True, highlight=False)
    versions = installed(options.libraries)
    names = []
    for name in options.only or CANDIDATES:
        distribution = CANDIDATES[name].distribution
        if distribution is None or distribution in versions:
            names.append(name)
        else:
            console.print(f"{name} is left out: {distribution} is not installed in --libraries (see --help)")
    found: Found = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="best-fleet-mqtt-") as directory:
        for number in range(1, options.rounds + 1):
            for name in names:
                try:
                    one = measure(name, options, choose_cores(), Path(directory))
                except BenchmarkError as error:
                    console.print(f"round {number}, {name}: [red]{error}[/red]")
                    continue
                found[name].append(one)
                console.print(f"round {number}, {name}: {_line(one)}", soft_wrap=True)
    if options.output is not None:
        options.output.write_text(json.dumps({"versions": versions, "rounds": found}, indent=1) + "\n")
    Console().print(_table(found, versions))
    return 0


def installed(libraries: Path | None) -> dict[str, str]:
    """The versions of what is installed in that directory, by name."""
    if libraries is None:
        return {}
    return {one.metadata["Name"]: one.version for one in distributions(path=[str(libraries)])}


def measure(name: str, options: argparse.Namespace, cores: Cores, directory: Path) -> dict[str, Any]:
    """One candidate against a fresh server.

    Raises:
        BenchmarkError: If it ends early or takes too long.
    """
    ready, result = directory / "ready.json", directory / "result.json"
    ready.unlink(missing_ok=True)
    result.unlink(missing_ok=True)
    server = Child(
        "server",
        ["-m", "benchmarks.mqtt.server"],
        core=cores.server,
        directory=directory,
        limit_s=LIMIT_S,
        order={"ready": str(ready), "limit_s": LIMIT_S},
    )
    with server:
        order = {
            **server.wait_for_file(ready),
            "candidate": name,
            "libraries": str(options.libraries.resolve()) if options.libraries is not None else "",
            "few": max(1, options.connections // 5),
            "connections": options.connections,
            "under_way": options.under_way,
            "settle_s": min(1.0, options.window),
            "window_s": options.window,
            "result": str(result),
            "limit_s": LIMIT_S,
        }
        client = Child(
            f"client-{name}",
            ["-m", "benchmarks.mqtt.client"],
            core=cores.client,
            directory=directory,
            limit_s=LIMIT_S,
            order=order,
        )
        with client:
            measured: dict[str, Any] = client.wait_for_file(result)
    return measured


def _line(one: dict[str, Any]) -> str:
    kb = f"{one['kb']:.1f} KB" if "kb" in one else "no memory figure"
    costs = ", ".join(
        f"QoS {qos} {one[f'qos{qos}']['cpu_us'] or float('nan'):.1f} us at {one[f'qos{qos}']['rate']:.0f}/s"
        for qos in (0, 1)
        if f"qos{qos}" in one
    )
    connects = f"{one['connects']['rate']:.0f}" if one["connects"]["messages"] > 0 else "no figure for"
    stopped = f"; stopped at {one['opened']}: {one['why']}" if one["why"] else ""
    return f"{one['opened']} connections, {connects} connects/s, {kb}, {costs}{stopped}"


def _table(found: Found, versions: dict[str, str]) -> Table:
    table = Table(title=f"Medians; ratios to {BASE} are of the same round (min-max)", title_justify="left")
    for number, column in enumerate(
        ("", "connections", "KB each", "connects/CPU s", "QoS 0 us", f"/ {BASE}", "QoS 1 us", f"/ {BASE}")
    ):
        table.add_column(column, justify="left" if number == 0 else "right", no_wrap=True)
    for name, rounds in found.items():
        if not rounds:
            continue
        distribution = CANDIDATES[name].distribution
        cells = [f"{name} {versions[distribution]}" if distribution else name]
        cells.append(f"{min(one['opened'] for one in rounds):,}")
        cells.append(_shown([one["kb"] for one in rounds if "kb" in one], 1))
        cells.append(_shown([1e6 / one["connects"]["cpu_us"] for one in rounds if one["connects"]["messages"] > 0], 0))
        for qos in ("qos0", "qos1"):
            if qos not in rounds[0]:
                cells += ["", ""]
                continue
            costs = [one[qos]["cpu_us"] for one in rounds]
            if None in costs:
                cells += ["none came back", ""]
                continue
            cells.append(_shown(costs, 1))
            base = [one[qos]["cpu_us"] for one in found.get(BASE, [])]
            cells.append(_ratio(ratio(costs, base)) if len(base) == len(costs) else "")
        table.add_row(*cells)
    return table


def _shown(values: list[float], digits: int) -> str:
    return f"{spread(values).median:,.{digits}f}" if values else "-"


def _ratio(found: Spread) -> str:
    return f"{found.median:.2f} ({found.low:.2f}-{found.high:.2f})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mqtt", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--libraries", type=Path, metavar="DIR", help="where the libraries are installed")
    parser.add_argument("--only", action="append", choices=list(CANDIDATES), help="this one alone (may be repeated)")
    parser.add_argument("--connections", type=int, default=5_000, help="how many in one process (5000)")
    parser.add_argument("--under-way", type=int, default=200, help="messages under way at a time (200)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=float, default=4.0, metavar="SECONDS", help="length of each look (4)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="all figures as JSON")
    return parser


if __name__ == "__main__":
    # Whoever ends us ends our children too: this unwinds the `with` blocks that they live in.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
