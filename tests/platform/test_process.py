"""The platform as a process: ready line, signals, a kill and a restart, and what its log says."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from simulator.platform.ledger.inspection import inspect, summary
from simulator.platform.options import PlatformOptions
from simulator.platform.process import log, run_platform
from simulator.platform.server import Platform, ReadyInfo
from tests.platform.harness import IDENTITIES, OK, Running, ShiftedClock, record, report_params
from tests.platform.parts import ListedDirectory, platform_settings

ONE = IDENTITIES[0]
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from pathlib import Path
from simulator.platform.options import PlatformOptions
from simulator.platform.process import run
from tests.platform.harness import IDENTITIES
from tests.platform.parts import ListedDirectory, platform_settings
values = dict(argument.split("=", 1) for argument in sys.argv[1:])
sys.exit(run(PlatformOptions(
    settings=platform_settings(users=3),
    directory=ListedDirectory(IDENTITIES),
    broker_port=int(values.get("port", "0")),
    ledger=Path(values["ledger"]) if "ledger" in values else None,
    ready_file=Path(values["ready"]) if "ready" in values else None,
    stop_with_stdin="stdin" in values,
    verbose="verbose" in values,
)))
"""


class Process:
    """A platform in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    @property
    def info(self) -> ReadyInfo:
        return ReadyInfo(**json.loads(self.line))

    def end(self, number: int | None = None) -> tuple[int, str]:
        """Send a signal and wait; exit code and standard error."""
        if number is not None:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=10)
        return self.process.returncode, errors


@contextmanager
def process(*arguments: str) -> Iterator[Process]:
    one = Process(*arguments)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_ready_and_an_end_in_order(tmp_path: Path, number: int) -> None:
    ready, ledger = tmp_path / "ready.json", tmp_path / "l.db"
    with process(f"ready={ready}", f"ledger={ledger}") as one:
        assert json.loads(ready.read_text()) == json.loads(one.line)
        info = one.info
        assert info.pid == one.process.pid
        assert info.dispatch.startswith("http://127.0.0.1:")
        assert info.broker.startswith("ws://127.0.0.1:")
        async with aiohttp.ClientSession() as http:
            platform = Running(info, http, ShiftedClock())
            device = await platform.online(ONE)
            assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record(1)]}) == OK
            one.process.send_signal(number)
            assert await device.close_code() == 1001
        assert one.end() == (0, "")
    assert summary(ledger)["messages"]["dev.data.upload.verifyLog"] == {OK: 1}
    assert ONE.sn in inspect(ledger)
    assert not ledger.with_name("l.db-wal").exists()


async def test_killed_and_restarted(tmp_path: Path) -> None:
    """Whatever was acknowledged before a kill -9 is there afterwards, once."""
    ledger = tmp_path / "l.db"
    acknowledged: dict[str, set[int]] = {identity.sn: set() for identity in IDENTITIES[:5]}
    with process(f"ledger={ledger}") as one:
        async with aiohttp.ClientSession() as http:
            platform = Running(one.info, http, ShiftedClock())
            devices = [await platform.online(identity) for identity in IDENTITIES[:5]]
            command = await devices[0].command()
            assert (await platform.look_up(ONE, nonce="used"))["code"] == OK

            async def keep_sending(device: Any) -> None:
                for number in range(1, 10_000):
                    batch = {"verifyLog": [record(number)]}
                    if await device.code("dev.data.upload.verifyLog", batch) == OK:
                        acknowledged[device.identity.sn].add(number)
                    if number == 200 and device is devices[0]:
                        os.kill(one.process.pid, signal.SIGKILL)

            senders = [asyncio.create_task(keep_sending(device)) for device in devices]
            await asyncio.wait_for(devices[0].socket.wait_closed(), 20)
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)
            credentials = devices[0].credentials
        assert one.end()[0] == -signal.SIGKILL
    assert all(len(numbers) > 50 for numbers in acknowledged.values())
    with process(f"ledger={ledger}") as one:
        async with aiohttp.ClientSession() as http:
            platform = Running(one.info, http, ShiftedClock())
            for sn, numbers in acknowledged.items():
                held = [int(row["logId"]) for row in await platform.records(sn)]
                assert numbers <= set(held)
                assert len(held) == len(set(held)) <= len(numbers) + 1
            assert (await platform.look_up(ONE, nonce="used"))["code"] == "E0000003"
            device = await platform.connect(ONE)
            await device.log_in(credentials)
            assert (await device.request("dev.report", report_params(), sn=ONE.sn))["code"] == OK
            again = await device.command()
            assert again["payload"] == command["payload"]
            assert again["mid"] != command["mid"]
            assert await device.code("dev.data.upload.verifyLog", {"verifyLog": [record(1)]}) == OK
            assert (await platform.ledger())["devices"][ONE.sn]["duplicates"] == 1
            await device.close()
        assert one.end(signal.SIGTERM)[0] == 0


async def test_the_end_of_standard_input() -> None:
    with process("stdin=1") as one:
        assert one.process.stdin is not None
        one.process.stdin.close()
        assert one.process.wait(timeout=10) == 0


def test_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with process(f"port={port}") as one:
            code, errors = one.end()
    assert code == 2
    assert errors.startswith(f"platform: cannot listen at 127.0.0.1:{port}: ")
    assert errors.endswith("address already in use\n")
    assert len(errors.splitlines()) == 1
    assert one.line == ""


def test_a_ledger_that_is_none(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no database" * 100)
    with process(f"ledger={text}") as one:
        code, errors = one.end()
    assert code == 2
    assert errors.startswith(f"platform: {text}: ")
    assert len(errors.splitlines()) == 1


async def test_no_secrets_in_the_log(tmp_path: Path) -> None:
    with process("verbose=1") as one:
        async with aiohttp.ClientSession() as http:
            platform = Running(one.info, http, ShiftedClock())
            await platform.look_up(ONE)
            device = await platform.online(ONE)
            await device.answer(await device.command())
            await device.socket.send("no json")
            await device.close_code()
        code, errors = one.end(signal.SIGTERM)
    assert code == 0
    lines = errors.splitlines()
    assert f"{ONE.sn} < getBrokerServer {OK}" in lines
    assert f"{ONE.sn} < dev.login {OK}" in lines
    assert f"{ONE.sn} > cmd.data.update.user" in lines
    for secret in (*device.credentials.values(), ONE.digest, ONE.secret_key + ONE.sn, ONE.dev_key):
        assert secret not in errors


def test_a_line_of_the_log_stays_one_whatever_a_device_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    log("A\n2026 INFO all is well\x1b[2J: logged in")
    log("x" * 10_000)
    first, second = capsys.readouterr().err.splitlines()
    assert first == "A\\n2026 INFO all is well\\x1b[2J: logged in"
    assert len(second) <= 600


# --- The account of its ledger ---


def damaged(platform: Platform) -> dict[str, int]:
    raise sqlite3.DatabaseError("database disk image is malformed")


async def accounts_of_one_that_is_told_to_stop() -> list[dict[str, int]]:
    accounts: list[dict[str, int]] = []
    stop = asyncio.Event()
    options = PlatformOptions(settings=platform_settings(users=3), directory=ListedDirectory(IDENTITIES))
    await run_platform(options, stop=stop, ready=lambda info: stop.set(), account=accounts.append)
    return accounts


async def test_it_gives_one_account_of_its_ledger() -> None:
    assert await accounts_of_one_that_is_told_to_stop() == [{"records": 0, "photos": 0, "duplicates": 0}]


async def test_of_a_ledger_that_cannot_be_read_it_gives_none_and_ends_in_order(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Platform, "kept", damaged)
    assert await accounts_of_one_that_is_told_to_stop() == []
    assert "platform: no account of the ledger: database disk image is malformed" in capsys.readouterr().err
