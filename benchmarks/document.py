"""`python -m benchmarks.document`: write the figures of `results.json` into docs/performance.md, between two marks."""

import json
import sys
from pathlib import Path
from typing import Any

BEGIN = "<!-- figures: written by python -m benchmarks.document -->"
END = "<!-- end of figures -->"
DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
RESULTS = Path(__file__).with_name("results.json")


def markdown(results: dict[str, Any]) -> str:
    """All figures of a results file as Markdown tables."""
    machine = results["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    parts = [
        f"Measured {results['measured'][:10]} ({results['size']}) on {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['memory_gb']} GB, {machine['system']}, Python {machine['python']}; {libraries}. "
        "Each figure is the median of the rounds, with the least and the greatest in brackets."
    ]
    if "targets" in results:
        parts.append(_targets(results["targets"]))
    if "round_trip" in results:
        parts += [_round_trips(load, found) for load, found in results["round_trip"].items()]
    if "scale" in results:
        parts += _scale(results["scale"], machine["open_files_limit"])
    if "latency" in results:
        parts.append(_latency(results["latency"]))
    if "master" in results:
        parts.append(_master(results["master"]))
    if "judge" in results:
        parts.append(_judge(results["judge"]))
    if "attendance" in results:
        parts.append(_attendance(results["attendance"]))
    if "transports" in results:
        parts += [_transports(under, found) for under, found in results["transports"].items()]
        parts.append(_secure(results["transports"]))
    if "handshakes" in results:
        parts.append(_handshakes(results["handshakes"]))
    if "fleet" in results:
        parts.append(_fleet(results["fleet"]))
    return "\n\n".join(parts)


def refreshed(text: str, results: dict[str, Any]) -> str:
    """The document's text with the figures of `results`.

    Raises:
        ValueError: If the document has no place for them.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document lacks the line {BEGIN if not begin else END}")
    return f"{before}{BEGIN}\n\n{markdown(results)}\n\n{END}{after}"


def _table(title: str, head: list[str], rows: list[list[str]]) -> str:
    lines = [f"**{title}**", "", f"| {' | '.join(head)} |", f"|{'---|' + '--:|' * (len(head) - 1)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def _shown(figure: dict[str, Any], digits: int = 1, factor: float = 1.0) -> str:
    median, low, high = (f"{figure[name] * factor:,.{digits}f}" for name in ("median", "min", "max"))
    return f"{median} ({low} to {high})"


def _targets(targets: list[dict[str, Any]]) -> str:
    rows = [
        [
            target["target"],
            f"{target['value']:.3g}",
            f"{target['bound']} {target['limit']:g}",
            "reached" if target["reached"] else "**not reached**",
        ]
        for target in targets
    ]
    return _table("Targets", ["", "measured", "asked", ""], rows)


def _round_trips(load: str, found: dict[str, Any]) -> str:
    rows = []
    for variant, figure in found["cpu_us"].items():
        windows = found["windows"][variant]
        ratios = found["ratios"]
        rows.append(
            [
                variant,
                _shown(figure),
                f"{sum(window['rate'] for window in windows) / len(windows):,.0f}",
                f"{sum(window['system_us'] for window in windows) / len(windows):.1f}",
                *(
                    _shown(ratios[f"{variant} / {base}"], 2) if f"{variant} / {base}" in ratios else ""
                    for base in ("usual", "floor", "k6", "usual, flat out", "floor, flat out")
                ),
            ]
        )
    head = [
        "",
        "CPU µs",
        "round trips/s",
        "kernel µs",
        "/ usual",
        "/ floor",
        "/ k6",
        "/ usual, flat out",
        "/ floor, flat out",
    ]
    if "k6" not in found["cpu_us"]:
        rows.append(["k6", "not installed", *[""] * (len(head) - 2)])
    return _table(f"CPU a round trip, {load}", head, rows)


def _scale(found: dict[str, Any], limit: int) -> list[str]:
    fleets = [
        [
            f"{int(fleet):,}",
            _shown(figures["memory_kb"]),
            _shown(figures["cpu_us"]),
            _shown(figures["floor_us"]),
            _shown(figures["rate"], 0),
            _shown(figures["start_s"], 1),
            str(figures["failures"]),
        ]
        for fleet, figures in found["fleets"].items()
    ]
    devices = [
        [
            f"ours, {channel}",
            f"{figures['devices']:,}",
            _shown(figures["memory_kb"]),
            _shown(figures["flows_per_s_per_core"], 0),
            _shown(figures["base_mb"], 0),
        ]
        for channel, figures in found["channels"].items()
    ]
    devices.append(["usual", f"{found['usual']['devices']:,}", _shown(found["usual"]["memory_kb"], 0), "", ""])
    head = ["devices", "KB a device", "CPU µs a message", "the floor's", "messages/s", "online in s", "failures"]
    smallest, *_, largest = found["fleets"]
    parts = [
        _table("Fleets of different sizes at the same message rate, rsa-aes", head, fleets),
        f"A message of {int(largest):,} devices takes {_shown(found['growth'], 2)} of what one of {int(smallest):,} "
        f"does, and with as many bare connections {_shown(found['floor_growth'], 2)}.",
        _table(
            "An online device",
            ["", "devices", "KB a device", "initial flows/s/core", "base of the process in MB"],
            devices,
        ),
    ]
    cut = [fleet for fleet in found["fleets_asked"] if str(fleet) not in found["fleets"]]
    if cut:
        parts.append(
            f"A fleet of {cut[-1]:,} does not fit here: the hard limit of open files is {limit:,} for each process, so "
            "the largest that it allows was measured."
        )
    return parts


def _latency(found: dict[str, Any]) -> str:
    rows = [
        [
            name,
            f"{known:.1f}",
            *(
                _shown(found[part][name], 2) if part in found else ""
                for part in ("error_ms", "platform_ms", "rest_ms", "unread_ms")
            ),
        ]
        for name, known in sorted(found["known_ms"].items())
    ]
    rows.append(["time stolen by other tenants, %", "", _shown(found["stolen"], 1, 100), "", "", ""])
    title = (
        f"Reported latency against the platform's known delay, at {found['rate']:,} of at most "
        f"{found['greatest_rate']:,} round trips/s"
    )
    head = ["", "known ms", "error ms", "the platform's", "the rest", "lay unread, ms"]
    return _table(title, head, rows)


def _master(found: dict[str, Any]) -> str:
    rows = [
        ["share of a core, %", _shown(found["busy"], 1, 100)],
        ["CPU ms a report", _shown(found["cpu_ms_per_report"], 2)],
        *([f"lag {name}, ms", _shown(figure)] for name, figure in found["lag_ms"].items()),
        *([f"lag {name} while users spawn, ms", _shown(v)] for name, v in found["lag_ms_while_users_spawn"].items()),
        ["resident memory, MB", _shown(found["rss_mb"], 0)],
    ]
    title = (
        f"A master of {found['workers']} workers with {found['devices']:,} devices that measure "
        f"{found['requests_per_s']:,.0f} requests/s"
    )
    return _table(title, ["", ""], rows)


def _fleet(found: dict[str, Any]) -> str:
    lag = found["loop_lag_ms"]
    rows = [
        ["came online, at most at the same time", f"{found['came_online']:,}, {found['peak_online']:,}"],
        ["requests, failed ones", f"{found['requests']:,}, {found['failures']:,}"],
        ["KB a device, all processes of the generator included", f"{found['kb_a_device']:.1f}"],
        ["verdict, exit code", f"{found['verdict']}, {found['exit_code']}"],
        ["seconds", f"{found['duration_s']:,.0f}"],
        ["loop lag p99, max, ms", f"{lag['p99']:,.1f}, {lag['max']:,.0f}"],
    ]
    return _table(f"{found['devices']:,} devices in {found['processes']} processes on one machine", ["", ""], rows)


def _judge(found: dict[str, Any]) -> str:
    rows = [[name, _shown(figure, 2)] for name, figure in found["cpu_us"].items()]
    return _table("What the judge costs", ["", "CPU µs"], rows)


def _attendance(found: dict[str, Any]) -> str:
    rows = [
        [kind, _shown(one["memory_kb"]), _shown(one["cpu_us"]), _shown(one["rate"], 0), str(one["failures"])]
        for kind, one in found["kinds"].items()
    ]
    rows.append(["attendance / verifications", _shown(found["more_memory"], 2), _shown(found["more_cpu"], 2), "", ""])
    title = f"People at the meetings of {found['devices']:,} rooms, at the same rate of records"
    return _table(title, ["who comes by", "KB a device", "CPU µs a message", "messages/s", "failures"], rows)


def _transports(under: str, found: dict[str, Any]) -> str:
    rows = [
        [
            way,
            _shown(one["cpu_us"]),
            _shown(one["against_websocket"], 2),
            _shown(one["rate"], 0),
            _shown(one["memory_kb"]),
            _shown(one["flows_per_s_per_core"], 0),
            str(one["failures"]),
        ]
        for way, one in found["ways"].items()
    ]
    title = (
        f"The same devices over WebSocket and over MQTT, {under}: CPU of {found['devices']:,}, memory and initial "
        f"flows of {found['quiet_devices']:,}"
    )
    head = ["", "CPU µs", "/ WebSocket", "round trips/s", "KB a device", "initial flows/s/core", "failures"]
    return _table(title, head, rows)


def _secure(found: dict[str, Any]) -> str:
    plain, secure = found["TCP"], found["TLS"]
    made = secure["handshakes_per_s_per_core"]
    floor = made["openssl s_time"]
    rows = [
        [
            "CPU µs a round trip",
            _shown(plain["ways"]["WebSocket"]["cpu_us"]),
            _shown(secure["ways"]["WebSocket"]["cpu_us"]),
            _shown(secure["against_tcp"], 2),
        ],
        [
            "the same, full load",
            _shown(plain["full_load_cpu_us"]),
            _shown(secure["full_load_cpu_us"]),
            _shown(secure["against_tcp_full_load"], 2),
        ],
        ["handshakes/s/core", "", _shown(made["ours"], 0), ""],
        ["the same, `openssl s_time`", "", "" if floor is None else _shown(floor, 0), ""],
    ]
    return _table("What TLS costs", ["", "ws", "wss", "wss / ws"], rows)


def _handshakes(found: dict[str, Any]) -> str:
    rows = [
        [f"{side}, {algorithm}", _shown(ways["full"], 0), _shown(ways["resumed"], 0), _shown(ways["resumed / full"], 2)]
        for side, algorithms in found.items()
        for algorithm, ways in algorithms.items()
    ]
    return _table("TLS handshakes a second of CPU", ["", "full", "resumed", "resumed / full"], rows)


if __name__ == "__main__":
    try:
        DOCUMENT.write_text(refreshed(DOCUMENT.read_text("utf-8"), json.loads(RESULTS.read_bytes())), "utf-8")
    except (OSError, ValueError) as error:
        sys.exit(str(error))
