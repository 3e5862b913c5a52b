"""A platform in several processes, as processes: one to whoever looks at it, and none where a part has died."""

from __future__ import annotations

import json
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from simulator.platform.ledger.inspection import summary
from simulator.platform.ledger.shares import claim
from simulator.platform.split import BREAK_OFF, owner_of
from tests.platform.harness import IDENTITIES, OK, Running, ShiftedClock, record
from tests.platform.several import several
from tests.ports import free_port
from tests.swarm.processes import alive

PROCESSES = 3


async def test_one_platform_to_whoever_looks_at_it(tmp_path: Path) -> None:
    ledger, account = tmp_path / "l.db", tmp_path / "account.json"
    # Deeper than a Unix socket's name may be long.
    deep = tmp_path / ("deep" * 25)
    deep.mkdir()
    used = IDENTITIES[:6]
    owners = {owner_of(identity.sn, PROCESSES) for identity in used}
    assert len(owners) > 1
    with several(f"ledger={ledger}", f"account={account}", f"processes={PROCESSES}", temporary=deep) as platform:
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


def test_nobody_is_let_in_before_all_processes_are_there() -> None:
    """A device would be told that its own process does not answer, though the platform has but begun."""
    late = """
import socket, time
if number == 1:
    for _attempt in range(100):
        time.sleep(0.01)
        try:
            socket.create_connection(("127.0.0.1", PORT)).close()
        except ConnectionRefusedError:
            continue
        os.write(2, b"let in")
        break
"""
    port = free_port()
    with several(f"port={port}", "child=" + late.replace("PORT", str(port))) as platform:
        assert platform.line, platform.end()
        assert platform.told["dispatch"].endswith(f":{port}")
        os.kill(platform.process.pid, signal.SIGTERM)
        assert platform.end() == (0, "")


# --- Deaths ---


def test_half_a_platform_is_none(tmp_path: Path) -> None:
    account = tmp_path / "account.json"
    with several(f"account={account}") as platform:
        child = platform.pids[1]
        os.kill(child, signal.SIGKILL)
        code, errors = platform.end()
        assert platform.left == []
    assert code == 4
    assert f"process 2 of 2 (pid {child}) ended by itself: signal SIGKILL" in errors
    # It would not be the whole platform's.
    assert not account.exists()


@pytest.mark.parametrize("beginning", [False, True])
def test_with_their_parent_the_others_end_and_leave_nothing(beginning: bool) -> None:
    """Neither the place where they meet nor the key of their certificate, whenever it is killed."""
    child = "child=if number == 1: os.kill(os.getppid(), signal.SIGKILL)" if beginning else "child="
    with several(child, "tls=1") as platform:
        if beginning:
            assert platform.line == ""
        else:
            assert len(platform.left) == 1
            platform.process.kill()
        assert platform.end()[0] == -signal.SIGKILL
        assert platform.left == []


def test_broken_off_it_is_gone_as_a_whole_and_leaves_nothing() -> None:
    with several() as platform:
        assert len(platform.left) == 1
        platform.process.send_signal(BREAK_OFF)
        assert platform.process.wait(timeout=20) == -signal.SIGKILL
        # At once: who starts it again needs its ports and its ledger.
        assert not any(map(alive, platform.pids))
        assert platform.left == []
        assert platform.end()[1] == ""


def test_a_death_before_it_was_broken_off_is_told() -> None:
    with several() as platform:
        first, second = platform.pids
        # It cannot end in order, so that the platform is still there.
        os.kill(first, signal.SIGSTOP)
        os.kill(second, signal.SIGKILL)
        assert platform.process.stderr is not None
        assert "ended by itself" in platform.process.stderr.readline()
        assert platform.end(BREAK_OFF) == (4, "")


# --- One that does not end ---

SOON = "parent=supervisor.end_timeout_s = lambda processes: 0.5"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_one_that_does_not_end_is_killed_after_a_while(tmp_path: Path, number: signal.Signals) -> None:
    account = tmp_path / "account.json"
    with several(SOON, f"account={account}") as platform:
        stopped = platform.pids[1]
        stop(stopped)
        code, errors = platform.end(number)
        assert platform.left == []
    assert code == 4
    assert f"process 2 of 2 (pid {stopped}) had not ended 0.5 s after it was told to: killed with SIGKILL" in errors
    # The other one has ended in order.
    assert errors.count("SIGKILL") == 1
    assert "by itself" not in errors
    assert "the figures of process 2 of 2 are missing" in errors
    assert not account.exists()


def test_one_that_does_not_end_is_killed_when_its_parents_starter_is_gone() -> None:
    with several(SOON) as platform:
        stop(platform.pids[0])
        assert platform.process.stdin is not None
        platform.process.stdin.close()
        assert platform.process.wait(timeout=30) == 4
        assert platform.left == []


def test_one_that_has_told_all_is_missed_in_no_account(tmp_path: Path) -> None:
    """It stops while its connections end: what its ledger keeps it has said before."""
    account = tmp_path / "account.json"
    late = """
if number == 1:
    from simulator.platform.server import Platform
    async def close(self): os.kill(os.getpid(), signal.SIGSTOP)
    Platform.close = close
"""
    with several(SOON, f"account={account}", f"child={late}") as platform:
        code, errors = platform.end(signal.SIGTERM)
    assert code == 4
    assert "killed with SIGKILL" in errors
    assert "missing" not in errors
    assert json.loads(account.read_text()) == {"records": 0, "photos": 0, "duplicates": 0}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_does_not_wait(number: signal.Signals) -> None:
    with several("parent=supervisor._ONCE_S = 0.0") as platform:
        first, second = platform.pids
        for pid in platform.pids:
            stop(pid)
        platform.process.send_signal(signal.SIGTERM)
        # Else the second could come before the first was taken, and both would be one.
        while not (pending(first, signal.SIGTERM) and pending(second, signal.SIGTERM)):
            pass
        code, errors = platform.end(number)
    assert code == 4
    for place, pid in enumerate((first, second), start=1):
        why = f"had not ended when {number.name} came as a second signal"
        assert f"process {place} of 2 (pid {pid}) {why}: killed with SIGKILL" in errors


@pytest.mark.parametrize(("once_s", "number"), [("1000.0", signal.SIGTERM), ("0.0", signal.SIGHUP)])
def test_what_comes_twice_without_anybodys_impatience_is_one_signal(once_s: str, number: signal.Signals) -> None:
    """`timeout` sends its signal to the process and to the group; a terminal's end may say so twice."""
    with several(f"parent=supervisor._ONCE_S = {once_s}") as platform:
        stopped = platform.pids[0]
        stop(stopped)
        platform.process.send_signal(number)
        while not pending(stopped, signal.SIGTERM):
            pass
        platform.process.send_signal(number)
        while pending(platform.process.pid, number):
            pass
        os.kill(stopped, signal.SIGCONT)
        assert platform.end() == (0, "")


def stop(pid: int) -> None:
    """Returns when it has stopped: a signal that comes before may still be taken."""
    os.kill(pid, signal.SIGSTOP)
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        pass


def pending(pid: int, number: signal.Signals) -> bool:
    """Whether a process has still to take a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    masks = (int(line.split()[1], 16) for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd")))
    return any(mask >> (number - 1) & 1 for mask in masks)


# --- While it starts ---


@pytest.mark.parametrize(
    ("child", "how"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended by itself: signal SIGKILL"),
        ("raise OSError('no luck')", "no luck"),
    ],
)
def test_one_that_dies_as_it_starts(child: str, how: str) -> None:
    with several(f"child=if number == 1: {child}") as platform:
        assert platform.line == ""
        code, errors = platform.end()
        assert platform.left == []
    assert code == 4
    assert how in errors
    # The other one did as it was told.
    assert errors.count("ended by itself") == 1


def test_one_that_cannot_have_its_part_of_the_ledger(tmp_path: Path) -> None:
    claim(tmp_path / "l.db", 2)
    (tmp_path / "l.db.1").write_text("no database" * 100)
    with several(f"ledger={tmp_path / 'l.db'}") as platform:
        assert platform.line == ""
        code, errors = platform.end()
    assert code == 2
    assert "l.db.1: file is not a database" in errors


@pytest.mark.parametrize("lost", ["l.db", "l.db.1"])
def test_with_a_part_of_its_ledger_missing_nothing_starts(tmp_path: Path, lost: str) -> None:
    claim(tmp_path / "l.db", 2)
    (tmp_path / lost).unlink()
    with several(f"ledger={tmp_path / 'l.db'}", "child=os.write(2, b'started')") as platform:
        assert platform.line == ""
        code, errors = platform.end()
    assert code == 2
    assert f"{tmp_path / lost}" in errors
    assert "missing" in errors
    assert "started" not in errors
    assert not (tmp_path / lost).exists()


def test_one_that_cannot_be_made() -> None:
    parent = """
fork, made = os.fork, []
def one_fork():
    if made: raise OSError(11, os.strerror(11))
    made.append(1)
    return fork()
os.fork = one_fork
"""
    with several(f"parent={parent}") as platform:
        assert platform.line == ""
        code, errors = platform.end()
        assert platform.left == []
    assert code == 4
    assert errors == f"platform: process 2 of 2 cannot be started: {os.strerror(11)}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_while_it_starts_it_ends_in_order(number: signal.Signals) -> None:
    """As a terminal does, that sends it to all of them."""
    with several(f"child=if number == 0: os.killpg(0, {number:d})") as platform:
        assert platform.line == ""
        assert platform.end() == (0, "")
        assert platform.left == []


def test_nobody_waits_for_one_that_cannot_tell_that_it_is_ready(tmp_path: Path) -> None:
    with several(f"ready={tmp_path / 'nowhere' / 'ready.json'}") as platform:
        code, errors = platform.end()
        assert platform.left == []
    assert code == 1
    assert "FileNotFoundError" in errors


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with several(f"port={other.getsockname()[1]}") as platform:
            code, errors = platform.end()
    assert code == 2
    assert "cannot listen at" in errors
