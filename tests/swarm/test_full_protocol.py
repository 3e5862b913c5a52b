"""Everything at once: every funcId of the document in a run whose platform is killed in the middle and comes back."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulator.device.commands.handlers import HANDLERS
from simulator.measurements.names import FLOWS, PUBACK, RECORD_EVENTS, TLS_HANDSHAKE, TLS_RESUMPTION
from simulator.platform.ledger.inspection import summary as ledger_of
from simulator.protocol.catalogue import CATALOGUE, COMMAND_FUNC_IDS, DEVICE_FUNC_IDS, EXTENSION_FUNC_IDS
from tests.ports import free_port
from tests.swarm.processes import ROOT, LocustProcess, fetch

Start = Callable[..., LocustProcess]
SCENARIO = ROOT / "scenarios" / "full-protocol.yaml"

# As the document's headings and examples have them.
REQUESTS = [
    "getBrokerServer",
    "device.exchange.publicKey",
    "device.exchange.factor",
    "dev.register",
    "dev.accredit",
    "dev.login",
    "dev.report",
    "dev.heartbeat",
    "dev.file.upload.start",
    "dev.file.upload.package",
    "dev.file.upload.end",
    "dev.data.upload.user",
    "dev.data.upload.userPhoto",
    "dev.data.upload.bioPhoto",
    "dev.data.upload.multiCard",
    "dev.data.upload.verifyLog",
    "dev.data.upload.verifyPhoto",
    "dev.system.sync.time",
]
COMMANDS = [
    "cmd.data.update.user",
    "cmd.data.update.meeting",
    "cmd.data.update.meetingMember",
    "cmd.data.update.multiCard",
    "cmd.data.update.bioPhoto",
    "cmd.data.delete.user",
    "cmd.data.delete.bioPhoto",
    "cmd.data.delete.multiCard",
    "cmd.data.delete.meeting",
    "cmd.data.delete.meetingMember",
    "cmd.data.delete.userPhoto",
    "cmd.data.query.user",
    "cmd.data.clear.user",
    "cmd.data.clear.multiCard",
    "cmd.data.clear.all",
    "cmd.option.set",
    "cmd.control.reboot",
    "cmd.system.sync.time",
]


def hastened(text: str) -> str:
    """The scenario with the commands until the reboots in half the time, and more of it between these and the next.

    What comes in the time without a platform goes nowhere: 23 s are left for its end, its new start and the reboots.
    """
    places = [int(found) for found in re.findall(r" at: (\d+)s", text)]
    assert places == sorted(places)
    text = re.sub(r" at: (\d+)s", lambda at: f" at: {int(at[1]) / 2 if int(at[1]) <= 30 else int(at[1]) - 4:g}s", text)
    assert "duration: 75s" in text
    return text.replace("duration: 75s", "duration: 71s")


class Platform:
    """The embedded platform on fixed ports and with a ledger, so that it can be killed and started again."""

    def __init__(self, directory: Path) -> None:
        self.scenario = directory / SCENARIO.name
        self.scenario.write_text(hastened(SCENARIO.read_text()))
        self.ledger = directory / "platform.sqlite"
        self.port = free_port()
        self._command = [
            *(sys.executable, "-m", "simulator.cli", "platform", "--scenario", str(self.scenario)),
            *("--port", str(self.port), "--broker-port", str(free_port()), "--ledger", str(self.ledger)),
        ]
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert '"dispatch"' in self.process.stdout.readline()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.communicate(timeout=10)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    one = Platform(tmp_path)
    one.start()
    yield one
    one.kill()


def test_every_func_id_is_declared_sent_and_handled() -> None:
    assert {*REQUESTS, *COMMANDS, *EXTENSION_FUNC_IDS, "dev.cmd.response"} == set(CATALOGUE)
    assert {*REQUESTS, "dev.cmd.response"} - {"getBrokerServer"} == set(DEVICE_FUNC_IDS)
    assert set(COMMANDS) == set(COMMAND_FUNC_IDS) == set(HANDLERS)


@pytest.mark.timeout(240)
def test_a_platform_killed_and_restarted_loses_no_record_and_no_func_id(locust: Start, platform: Platform) -> None:
    host = f"http://127.0.0.1:{platform.port}"
    run = locust("--scenario", str(platform.scenario), "--headless", "--report", "report", "--host", host)
    # In the middle of things: photos in pieces, enrolments, some devices away for a reboot.
    run.wait_for(lambda: fetch(f"{host}/ledger")["commands"]["cmd.control.reboot"]["00000000"] >= 3, 90)
    held = fetch(f"{host}/ledger")["totals"]["records"]
    platform.kill()
    platform.start()
    run.end(150)
    summary = run.summary()
    records = summary["records"]
    assert records["generated"] == records["acknowledged"] > held > 0
    assert summary["fleet"]["came_online"] == 12
    assert summary["fleet"]["disconnects"]["closed 1006"] >= 6
    assert [
        name
        for name in (*REQUESTS, *EXTENSION_FUNC_IDS, "connect")
        if not summary["requests"].get(name, {}).get("count")
    ] == []
    assert [name for name in COMMANDS if not summary["commands"].get(name, {}).get("count")] == []
    others = [PUBACK, TLS_HANDSHAKE, TLS_RESUMPTION]
    assert [flow for flow in FLOWS if not summary["flows"][flow.name]["count"]] == others, "none over plain WebSocket"
    assert set(summary["flows"]) == {flow.name for flow in FLOWS}
    assert set(summary["state"]["records"]) <= set(RECORD_EVENTS)
    assert summary["photos"]["generated"] > 0
    assert platform.process is not None
    platform.process.terminate()
    platform.process.communicate(timeout=20)
    totals = ledger_of(platform.ledger)["totals"]
    # The ledger's key is serial number and logId: each record is there once.
    assert totals["records"] == records["generated"]
