"""A platform in several processes, as processes: one to whoever looks at it, and none where a part has died."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from simulator.platform.ledger.inspection import summary
from simulator.platform.server import ReadyInfo
from simulator.platform.split import owner_of
from tests.platform.harness import IDENTITIES, OK, Running, ShiftedClock, record

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 3
PROGRAM = """
import sys
from pathlib import Path
from simulator.platform.options import PlatformOptions
from simulator.platform.supervisor import run_several
from tests.platform.harness import IDENTITIES
from tests.platform.parts import ListedDirectory, platform_settings
values = dict(argument.split("=", 1) for argument in sys.argv[1:])
sys.exit(run_several(PlatformOptions(
    settings=platform_settings(users=3),
    directory=ListedDirectory(IDENTITIES),
    dispatch_port=int(values.get("port", "0")),
    ledger=Path(values["ledger"]) if "ledger" in values else None,
    account_file=Path(values["account"]) if "account" in values else None,
    stop_with_stdin=True,
), int(values.get("processes", "3"))))
"""


class Several:
    """A platform in several processes."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    @property
    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.line)
        return told

    def running(self, http: aiohttp.ClientSession) -> Running:
        told = self.told
        del told["processes"]
        return Running(ReadyInfo(**told), http, ShiftedClock())

    def end(self) -> tuple[int, str]:
        # Its standard input stays open until it has ended: else nobody would be there to read its account.
        self.process.wait(timeout=20)
        _, errors = self.process.communicate()
        return self.process.returncode, errors


@contextmanager
def several(*arguments: str) -> Iterator[Several]:
    one = Several(*arguments)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            os.killpg(one.process.pid, signal.SIGKILL)
            one.process.communicate()


async def test_one_platform_to_whoever_looks_at_it(tmp_path: Path) -> None:
    ledger, account = tmp_path / "l.db", tmp_path / "account.json"
    used = IDENTITIES[:6]
    owners = {owner_of(identity.sn, PROCESSES) for identity in used}
    assert len(owners) > 1
    with several(f"ledger={ledger}", f"account={account}") as platform:
        told = platform.told
        brokers = [each["broker"] for each in told["processes"]]
        assert (len(set(brokers)), told["pid"]) == (PROCESSES, platform.process.pid)
        async with aiohttp.ClientSession() as http:
            running = platform.running(http)
            for identity in used:
                # Each with a connection of its own to the dispatch, which some other process may take.
                async with aiohttp.ClientSession() as own:
                    answer = await Running(running.info, own, ShiftedClock()).look_up(identity, nonce="once")
                    assert answer["payload"]["results"]["url"] == brokers[owner_of(identity.sn, PROCESSES)]
                async with aiohttp.ClientSession() as own:
                    answer = await Running(running.info, own, ShiftedClock()).look_up(identity, nonce="once")
                    assert answer["code"] != OK, "a nonce is used up wherever it is presented"
            devices = []
            for identity in used:
                info = replace(running.info, broker=brokers[owner_of(identity.sn, PROCESSES)])
                devices.append(await Running(info, http, ShiftedClock()).online(identity))
            for device in devices:
                assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record(1)]}) == OK
            async with http.get(f"{told['dispatch']}/ledger") as response:
                held = await response.json()
            assert sorted(held["devices"]) == sorted(identity.sn for identity in used)
            assert (held["totals"]["online"], held["totals"]["records"]) == (len(used), len(used))
            for identity in used:
                async with http.get(f"{told['dispatch']}/ledger/records", params={"sn": identity.sn}) as response:
                    assert len((await response.json())["records"]) == 1
            # As a terminal does: to all of them at once.
            os.killpg(platform.process.pid, signal.SIGINT)
            assert platform.end() == (0, "")
    assert json.loads(account.read_text()) == {"records": len(used), "photos": 0, "duplicates": 0}
    assert summary(ledger)["totals"] == {**held["totals"], "online": 0}
    with several(f"ledger={ledger}", "processes=2") as other:
        code, errors = other.end()
    assert code == 2
    assert "in 3 processes" in errors


async def test_half_a_platform_is_none() -> None:
    with several() as platform:
        child = platform.told["processes"][1]["pid"]
        os.kill(child, signal.SIGKILL)
        code, errors = platform.end()
    assert code == 4
    assert f"process 2 of 3 (pid {child}) ended by itself: signal SIGKILL" in errors


def test_the_children_end_with_their_parent() -> None:
    with several() as platform:
        platform.process.kill()
        # Its standard error is open as long as one of them lives.
        platform.process.communicate(timeout=20)


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with several(f"port={other.getsockname()[1]}") as platform:
            code, errors = platform.end()
    assert code == 2
    assert "cannot listen at" in errors
