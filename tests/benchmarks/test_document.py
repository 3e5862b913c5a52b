"""The figures in docs/performance.md are those of benchmarks/results.json."""

import json

import pytest

from benchmarks.document import BEGIN, DOCUMENT, END, RESULTS, markdown, refreshed

FIGURE = {"median": 2.0, "min": 1.0, "max": 3.0, "rounds": [1.0, 2.0, 3.0]}
MACHINE = {
    "cpu": "some CPU",
    "cores": 2,
    "memory_gb": 8,
    "open_files_limit": 20_000,
    "system": "Linux",
    "python": "3.11.7",
    "libraries": {"locust": "2.47.0"},
}


def test_the_document_shows_the_results_that_are_kept() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert refreshed(text, json.loads(RESULTS.read_bytes())) == text, "run: python -m benchmarks.document"


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    results = {"measured": "2026-01-02T03:04:05+00:00", "size": "full", "machine": MACHINE}
    text = refreshed(f"before\n{BEGIN}\nold\n{END}\nafter\n", results)
    assert (text[:7], text[-6:]) == ("before\n", "after\n")
    assert "old" not in text
    assert "Measured 2026-01-02 (full) on 2 cores of some CPU" in text
    assert refreshed(text, results) == text


@pytest.mark.parametrize("text", ["", BEGIN, END])
def test_a_document_without_a_place_for_figures_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lacks the line"):
        refreshed(text, {})


def test_a_fleet_that_did_not_fit_is_told() -> None:
    fleet = dict.fromkeys(("memory_kb", "cpu_us", "floor_us", "rate", "start_s"), FIGURE) | {"failures": 0}
    channel = {"devices": 200, **dict.fromkeys(("memory_kb", "flows_per_s_per_core", "base_mb"), FIGURE)}
    results = {
        "measured": "2026-01-02",
        "size": "full",
        "machine": MACHINE,
        "scale": {
            "fleets_asked": [200, 20_000],
            "fleets": {"200": fleet, "19700": fleet},
            "growth": FIGURE,
            "floor_growth": FIGURE,
            "channels": {"plain": channel},
            "usual": {"devices": 100, "memory_kb": FIGURE},
        },
    }
    text = markdown(results)
    assert "A fleet of 20,000 does not fit here: the hard limit of open files is 20,000" in text
    assert "| 19,700 | 2.0 (1.0 to 3.0) |" in text
    assert "A message of 19,700 devices takes 2.00 (1.00 to 3.00) of what one of 200 does" in text


@pytest.mark.parametrize("openssl", [FIGURE, None])
def test_what_tls_costs_is_told(openssl: dict[str, object] | None) -> None:
    way = {
        **dict.fromkeys(("cpu_us", "against_websocket", "rate", "memory_kb", "flows_per_s_per_core"), FIGURE),
        "failures": 0,
    }
    under = {"devices": 200, "quiet_devices": 4_000, "ways": {"WebSocket": way}, "full_load_cpu_us": FIGURE}
    secure = {
        **dict.fromkeys(("against_tcp", "against_tcp_full_load"), FIGURE),
        "handshakes_per_s_per_core": {"ours": FIGURE, "openssl s_time": openssl},
    }
    transports = {"TCP": under, "TLS": under | secure}
    text = markdown({"measured": "2026-01-02", "size": "full", "machine": MACHINE, "transports": transports})
    assert "| the same, full load | 2.0 (1.0 to 3.0) | 2.0 (1.0 to 3.0) | 2.00 (1.00 to 3.00) |" in text
    assert f"| the same, `openssl s_time` |  | {'' if openssl is None else '2 (1 to 3)'} |  |" in text


def test_what_handshakes_cost_is_told() -> None:
    ways = dict.fromkeys(("full", "resumed", "resumed / full"), FIGURE)
    found = {side: {"ecdsa": ways, "rsa": ways} for side in ("client", "platform")}
    text = markdown({"measured": "2026-01-02", "size": "full", "machine": MACHINE, "handshakes": found})
    assert "| platform, rsa | 2 (1 to 3) | 2 (1 to 3) | 2.00 (1.00 to 3.00) |" in text
