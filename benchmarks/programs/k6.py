"""Runs k6 with `k6.js` and measures it from outside: CPU by /proc, round trips by k6's own counters.

k6 is a program of its own. It takes the core that this process is kept on, and ends with it.
"""

import ctypes
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.programs.orders import leave, read_order
from benchmarks.programs.window import Reading, as_dict, between
from simulator.device.memory import Memory
from simulator.device.people import People
from simulator.device.reporting import report_params
from simulator.fleet.plan import FleetPlan
from simulator.protocol import credentials
from simulator.scenario.scenario import load_scenario

SCRIPT = Path(__file__).with_suffix(".js")
POLL_S = 0.2
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PR_SET_PDEATHSIG = 1


class K6:
    """One k6 process."""

    def __init__(self, order: dict[str, Any]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._api = f"127.0.0.1:{free.getsockname()[1]}"
        directory = Path(order["result"]).parent
        devices = directory / "k6-devices.json"
        devices.write_text(json.dumps(_devices(order)))
        told = directory / "k6-order.json"
        told.write_text(json.dumps({**order, "devices_file": str(devices)}))
        libc = ctypes.CDLL(None)
        self._process = subprocess.Popen(
            [
                *(order["k6"], "run", "--quiet", "--no-usage-report", "--no-summary", "--address", self._api),
                *("--env", f"BENCHMARK_K6={told}", str(SCRIPT)),
            ],
            # However this process ends, k6 ends with it.
            preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),
        )

    def read(self) -> tuple[Reading, int]:
        """The process now, and how many devices have come online."""
        counts = self._counts()
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        user, system, pages = int(fields[11]) / _TICKS, int(fields[12]) / _TICKS, int(fields[21])
        reading = Reading(
            at=time.monotonic(),
            cpu=user + system,
            system=system,
            rss=pages * _PAGE,
            messages=counts.get("round_trips", 0),
            failures=counts.get("wrong", 0),
        )
        return reading, counts.get("online", 0)

    def _counts(self) -> dict[str, int]:
        try:
            with urllib.request.urlopen(f"http://{self._api}/v1/metrics", timeout=10) as answer:
                metrics = json.loads(answer.read())["data"]
        except (urllib.error.URLError, ConnectionError):
            if self._process.poll() is not None:
                raise SystemExit(f"k6 ended with exit code {self._process.returncode}") from None
            return {}
        return {
            metric["id"]: int(metric["attributes"]["sample"]["count"])
            for metric in metrics
            if metric["attributes"]["type"] == "counter"
        }

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def _devices(order: dict[str, Any]) -> list[dict[str, Any]]:
    """What the script cannot compute by itself: PBKDF2 is none of k6's; the parameters of dev.report are ours."""
    plan = FleetPlan(load_scenario(Path(order["scenario"])))
    people = People()
    found = []
    for index in range(order["devices"]):
        spec = plan.spec(index)
        identity, settings = spec.credentials, spec.settings
        proof = {
            "productId": identity.product_id,
            "devKey": credentials.device_key_digest(identity.dev_key, identity.product_id),
        }
        memory = Memory(people, spec.seed, users=0, locale="zh_CN", max_users=1, max_bio_photos=1)
        found.append(
            {
                "sn": identity.sn,
                "secretKey": identity.secret_key,
                "type": str(settings.broker_type),
                "proof": proof,
                "register": {
                    "protType": settings.broker_type,
                    "protVer": settings.reading.protocol_version,
                    "devType": settings.device_type,
                    **proof,
                },
                "report": report_params(settings, identity.sn, memory, 0),
            }
        )
    return found


def measure(order: dict[str, Any]) -> None:
    """Wait until all devices are online, settle, look at a window, leave the result."""
    k6 = K6(order)
    try:
        opened, online = k6.read()
        while online < order["devices"]:
            time.sleep(POLL_S)
            all_online, online = k6.read()
        time.sleep(order["settle_s"])
        first, _ = k6.read()
        leave(order["began"], {})
        time.sleep(order["window_s"])
        last, _ = k6.read()
    finally:
        k6.stop()
    leave(
        order["result"],
        {
            "opened": as_dict(opened),
            "online": as_dict(all_online),
            "settled": as_dict(first),
            "start_up": between(opened, all_online),
            "window": between(first, last),
        },
    )


if __name__ == "__main__":
    measure(read_order())
