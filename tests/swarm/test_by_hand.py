"""A distributed run that somebody acts on from the page: by the worker that has the device, and in the report."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulator.exit_codes import ExitCode
from tests.ports import free_port
from tests.swarm.processes import UNTIL_TOLD, LocustProcess, fetch

HURRIED = "defaults: {users: 3, reconnect: {first: 100ms, max: 300ms}}"


def test_workers_show_their_devices_and_do_what_they_are_told(
    locust: Callable[..., LocustProcess], scenario: Path
) -> None:
    scenario.write_text(scenario.read_text().replace("defaults: {users: 3}", HURRIED))
    port = free_port()
    url = f"http://127.0.0.1:{port}/fleet"
    run = locust(
        *("--scenario", str(scenario), "--web-port", str(port), "--processes", "2", "--autostart", "--autoquit", "0"),
        *("--report", "report", *UNTIL_TOLD),
    )

    def rows(asked: str = "state=online") -> list[dict[str, Any]]:
        table = fetch(f"{url}/devices?{asked}")
        assert table["matching"] == len(table["rows"])
        found: list[dict[str, Any]] = table["rows"]
        return found

    def act(path: str, **asked: Any) -> bool:
        headers = {"X-Best-Fleet": "1", "Content-Type": "application/json"}
        request = urllib.request.Request(url + path, json.dumps(asked).encode(), headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bool(json.loads(answer.read())["done"])

    run.wait_for(lambda: len(rows()) == 6)
    first, other = (next(row for row in rows() if row["worker"] == worker) for worker in {r["worker"] for r in rows()})
    assert fetch(f"{url}/devices/{first['sn']}/messages")["watching"]
    assert act(f"/devices/{first['sn']}/actions", action="verify")
    assert act(f"/devices/{other['sn']}/actions", action="stop")
    run.wait_for(lambda: [row["sn"] for row in rows("state=stopped")] == [other["sn"]])
    assert fetch(f"{url}/data")["run"]["users"] == 6
    assert act(f"/devices/{other['sn']}/actions", action="start")
    assert act("/actions", action="outage", seconds=1, group=first["group"])
    run.wait_for(lambda: fetch(f"{url}/devices/{first['sn']}")["figures"]["reconnects"] == 1)
    run.wait_for(lambda: len(rows()) == 6)
    run.wait_for(lambda: fetch(f"{url}/devices/{first['sn']}/messages")["messages"])
    # What the workers counted reaches the master with their reports.
    run.wait_for(lambda: fetch(f"{url}/data")["states"] == {"online": 6})
    run.process.terminate()
    assert run.end() in (ExitCode.INTERRUPTED, ExitCode.PASSED), run.output
    summary = run.summary()
    assert [(each["action"], each["done"]) for each in summary["actions"]] == [
        ("verify", True),
        ("stop", True),
        ("start", True),
        ("outage", True),
    ]
    assert {"key": "by_hand", "values": {"count": 4}} in summary["notes"]
    (fault,) = summary["faults"]
    assert (fault["hit"], fault["back"]) == (fault["devices"], fault["devices"])
    assert sum(figures["failures"] for figures in summary["requests"].values()) == 0
    assert summary["fleet"]["peak_online"] <= 6
    assert "Traceback" not in run.output
