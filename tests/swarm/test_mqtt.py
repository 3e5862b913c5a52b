"""Whole runs over MQTT: master and workers, a platform that dies; every message is accounted for, no secret is told."""

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from simulator.exit_codes import ExitCode
from simulator.platform.ledger.inspection import summary as ledger_of
from simulator.protocol.credentials import device_key_digest
from tests.swarm.processes import ROOT, UNTIL_TOLD, LocustProcess, fetch
from tests.swarm.test_distributed import Swarm

Start = Callable[..., LocustProcess]
COUNT = 6
SCENARIO = """\
name: over mqtt
seed: 7
duration: 60s
target: embedded
limits: {loop_lag: 5s, stall: 20s}
ramp: {rate: 50/s}
identities: {csv: devices.csv}
defaults:
  users: 3
  drain: 2s
  verifications: [{rate: 120/min, photo_share: 20%, photo_size: 2KB..3KB}]
groups:
  - {name: rooms, count: 4, broker_type: best-m, mqtt: {profile: best-m, password: "{devKey}"}}
  - {name: halls, count: 2, broker_type: best-t}
platform:
  heartbeat: {interval: 1s}
  users: 2
thresholds: [came_online >= 100 %, failures == 0, subscribe p99 < 20 s, connect p99 < 20 s, puback p99 < 20 s]
"""
IDENTITIES = [
    (
        f"MQ{number:04}",
        f"signs-{number:06}",
        "product-1",
        f"opens-{number:06}",
        base64.b64encode(b"%032d" % number).decode(),
    )
    for number in range(1, COUNT + 1)
]
SECRETS = {
    each.encode()
    for _, key, product, dev_key, secret in IDENTITIES
    for each in (key, dev_key, secret, device_key_digest(dev_key, product))
}


@pytest.fixture
def over_mqtt(tmp_path: Path) -> Path:
    """Six devices, with the secrets of their profiles in a file of identities."""
    directory = tmp_path / "of the master alone"
    directory.mkdir()
    rows = "".join(f"{','.join(row)}\n" for row in IDENTITIES)
    (directory / "devices.csv").write_text(f"sn,secretKey,productId,devKey,deviceSecret\n{rows}")
    path = directory / "mqtt.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture
def platform(over_mqtt: Path, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The ready line of a platform in a process of its own, with a ledger that outlives it."""
    arguments = ("--scenario", str(over_mqtt), "--ledger", str(tmp_path / "ledger.sqlite"))
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator.cli", "platform", *arguments], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    yield orjson.loads(process.stdout.readline())
    process.terminate()
    process.communicate(timeout=30)


def is_accounted_for(summary: dict[str, Any], *, dropped: int = 0) -> None:
    """Each message to the broker is in `puback` once: it was acknowledged, or cut off.

    But for as many as `dropped` at most: a message for a connection that has gone and has not been told so is published
    by nobody.
    """
    requests = summary["requests"]
    sent = sum(figures["count"] for name, figures in requests.items() if name.startswith("dev."))
    answers = sum(figures["count"] for figures in summary["commands"].values())
    published = summary["flows"]["puback"]
    assert 0 <= sent + answers - published["count"] <= dropped
    assert published["count"] == sum(published["codes"].values())
    assert set(published["codes"]) <= {"00000000", "disconnected"}
    assert requests["subscribe"]["codes"] == {"00000000": requests["connect"]["codes"]["00000000"]}
    schema = orjson.loads((ROOT / "reports/schema/summary.schema.json").read_bytes())
    jsonschema.validate(summary, schema)


def tells_no_secret(directory: Path, report: Path) -> None:
    """Whatever the processes printed, and all that the report's directory holds."""
    files = [*directory.glob("*.out"), *(path for path in report.rglob("*") if path.is_file())]
    assert {"summary.json", "report.html", "report.md", "junit.xml"} <= {path.name for path in files}
    for path in files:
        held = path.read_bytes()
        assert not [secret for secret in SECRETS if secret in held], path


def test_master_and_workers_over_mqtt_pass_and_the_ledger_has_what_they_counted(
    locust: Start, over_mqtt: Path, platform: dict[str, Any], tmp_path: Path
) -> None:
    swarm = Swarm(locust, over_mqtt, "--host", platform["dispatch"], *UNTIL_TOLD)

    def enough() -> bool:
        ledger = fetch(f"{platform['dispatch']}/ledger")
        return bool(ledger["totals"]["online"] == COUNT and ledger["messages"]["dev.heartbeat"]["00000000"] > COUNT)

    swarm.master.wait_for(enough)
    swarm.master.process.send_signal(signal.SIGTERM)
    swarm.ends(ExitCode.PASSED)
    summary = swarm.master.summary()
    assert (summary["verdict"], summary["generator"]["processes"]) == ("passed", 2)
    assert summary["fleet"]["disconnects"] == {"stopped": COUNT}
    held = ledger_of(tmp_path / "ledger.sqlite")["totals"]
    assert held["records"] == summary["records"]["generated"] == summary["records"]["acknowledged"] > 0
    assert held["doubleLogins"] == 0
    is_accounted_for(summary)
    assert {note["key"] for note in summary["notes"]} == {"mqtt_assumed"}
    tells_no_secret(tmp_path, swarm.master.report)


def test_a_platform_that_dies_in_the_middle_is_told_of_and_every_message_is_accounted_for(
    locust: Start, over_mqtt: Path, tmp_path: Path
) -> None:
    run = locust("--scenario", str(over_mqtt), "--headless", "--report", "report", *UNTIL_TOLD)
    run.wait_for(lambda: run.live(COUNT, 2 * COUNT))
    os.kill(run.platform()["pid"], signal.SIGKILL)
    assert run.end() == ExitCode.INVALID, run.output
    summary = run.summary()
    assert summary["reasons"][0]["key"] == "platform_died"
    assert sum(summary["fleet"]["disconnects"].values()) == COUNT
    assert set(summary["fleet"]["disconnects"]) <= {"closed by the broker", "connection lost"}
    is_accounted_for(summary, dropped=COUNT)
    tells_no_secret(tmp_path, run.report)
