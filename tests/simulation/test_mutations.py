"""Deliberate bugs, and the seed that finds each: what the simulation is worth. A long test.

Where a source is written anew its entry here has to be, too: a bug that cannot be made any more fails the test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.simulation.scenarios import DAYS, SMALL

ROOT = Path(__file__).resolve().parents[2]


class Mutation(NamedTuple):
    """One bug: in which file what is written instead of what, and with which scenario and seed it is found."""

    name: str
    path: str
    right: str
    wrong: str
    scenario: str
    seed: int


MUTATIONS: Final = (
    Mutation(
        "acknowledged before commit",
        "simulator/platform/ledger/transactions.py",
        ("        if self._open:\n            self._waiting.append(call)\n        else:\n            call(True)"),
        "        call(True)",
        "small",
        0,
    ),
    Mutation(
        "forgets to resend",
        "simulator/device/outbox.py",
        ("        for record in reversed(batch):\n            self._fresh.appendleft(record)"),
        "        pass",
        "small",
        5,
    ),
    Mutation(
        "a repeated cmdId is applied",
        "simulator/device/commands/queue.py",
        "    def _repeated(self, read: ReadCommand, mark: int, now: float) -> bool:\n",
        ("    def _repeated(self, read: ReadCommand, mark: int, now: float) -> bool:\n        return False\n"),
        "small",
        9,
    ),
    Mutation(
        "logIds begin anew",
        "simulator/device/device.py",
        "count(max(int(env.clock.wall() * 1000), self.delivery.restore()) + 1)",
        "count(1 + 0 * self.delivery.restore())",
        "small",
        7,
    ),
    Mutation(
        "outbox dropped at a reboot",
        "simulator/device/device.py",
        "        asyncio.get_running_loop().call_soon(self._stopping.reboot)",
        ("        self.delivery.outbox.clear()\n        asyncio.get_running_loop().call_soon(self._stopping.reboot)"),
        "small",
        42,
    ),
    Mutation(
        "store forgotten at a power cut",
        "simulator/device/delivery.py",
        ("        if not unsent_lost:\n            return 0"),
        ("        if not unsent_lost:\n            self.outbox.clear()\n            return 0"),
        "small",
        5,
    ),
    Mutation(
        "store not taken back by a new process",
        "simulator/device/stock.py",
        "        self.outbox.restore(records)\n",
        "",
        "small",
        180,
    ),
    Mutation(
        "a failed commit counts",
        "simulator/platform/ledger/transactions.py",
        ("            durable = False\n            if self._db.in_tr"),
        "            if self._db.in_tr",
        "small",
        21,
    ),
    Mutation(
        "a refusal counts as an acknowledgement",
        "simulator/device/delivery.py",
        ("        if reply.ok:\n            self._uploads.extend("),
        ("        if reply.answered:\n            self._uploads.extend("),
        "small",
        25,
    ),
    Mutation(
        "silence counts as an acknowledgement",
        "simulator/device/delivery.py",
        ("        if reply.ok:\n            self._uploads.extend("),
        ("        if reply.ok or not reply.answered:\n            self._uploads.extend("),
        "small",
        5,
    ),
    Mutation(
        "resent behind newer records",
        "simulator/device/outbox.py",
        ("        for record in reversed(batch):\n            self._fresh.appendleft(record)"),
        ("        for record in batch:\n            self._fresh.append(record)"),
        "small",
        6,
    ),
    Mutation(
        "resent with the time of the resending",
        "simulator/device/delivery.py",
        ("        for record in batch:\n            record.sent = True\n"),
        (
            "        for record in batch:\n"
            "            if record.sent:\n"
            "                record.fields = {**record.fields, 'verifyTime': str(env.clock.wall())}\n"
            "            record.sent = True\n"
        ),
        "small",
        5,
    ),
    Mutation(
        "acknowledged records stay in the store",
        "simulator/device/stock.py",
        "        self.fates.acknowledged(batch, at)\n",
        "",
        "small",
        0,
    ),
    Mutation(
        "the platform forgets commands at a restart",
        "simulator/platform/device_commands.py",
        "        for cmd_id, func_id, params, urgent in self._table.unanswered(sn):",
        "        for cmd_id, func_id, params, urgent in ():",
        "small",
        0,
    ),
    Mutation(
        "no delivery after a reconnect",
        "simulator/device/delivery.py",
        ("            upload.due = 0.0\n        self.kick()"),
        "            upload.due = 0.0",
        "small",
        147,
    ),
    Mutation(
        "commands in flight are forgotten at a cut",
        "simulator/platform/device_commands.py",
        (
            "            (self._urgent if command.urgent else self._waiting).appendleft(command)\n"
            "        self._in_flight.clear()"
        ),
        ("            pass\n        self._in_flight.clear()"),
        "small",
        7,
    ),
    Mutation(
        "a time-out does not end a half-open connection",
        "simulator/device/accounts.py",
        "        if self._reconnect_on_timeout and self.usable:\n",
        "        if False:\n",
        "small",
        9,
    ),
    Mutation(
        "packet ids reused in flight (device)",
        "simulator/mqtt/login.py",
        ("            packet_id = packet_id % MOST_IN_FLIGHT + 1\n            if packet_id not in self.in_flight:"),
        ("            packet_id = packet_id % 2 + 1\n            if True:"),
        "mqtt",
        13,
    ),
    Mutation(
        "packet ids reused in flight (broker)",
        "simulator/mqtt/broker/session.py",
        (
            "        packet_id = self._last_id % MOST_IN_FLIGHT + 1\n"
            "        while packet_id in self._in_flight:\n"
            "            packet_id = packet_id % MOST_IN_FLIGHT + 1"
        ),
        "        packet_id = self._last_id % 3 + 1",
        "mqtt",
        0,
    ),
    Mutation(
        "no DUP (device)",
        "simulator/mqtt/connection.py",
        "self._write(with_dup(waiting.packet))",
        "self._write(waiting.packet)",
        "mqtt",
        6,
    ),
    Mutation(
        "no DUP (broker)",
        "simulator/mqtt/broker/session.py",
        "sent.payload, 1, packet_id, True, sent.retain",
        "sent.payload, 1, packet_id, False, sent.retain",
        "mqtt",
        6,
    ),
    Mutation(
        "the broker forgets a session at the disconnect",
        "simulator/mqtt/broker/broker.py",
        ("        if session.clean:\n            self._discard(session)\n            return"),
        ("        if True:\n            self._discard(session)\n            return"),
        "mqtt",
        0,
    ),
    Mutation(
        "sent again out of order (device)",
        "simulator/mqtt/connection.py",
        "for waiting in self._state.in_flight.values():",
        "for waiting in reversed(self._state.in_flight.values()):",
        "mqtt",
        13,
    ),
    Mutation(
        "sent again out of order (broker)",
        "simulator/mqtt/broker/session.py",
        "in tuple(self._in_flight.items()):",
        "in reversed(tuple(self._in_flight.items())):",
        "mqtt",
        12,
    ),
    Mutation(
        "nothing is sent again (device)",
        "simulator/mqtt/connection.py",
        "for waiting in self._state.in_flight.values():",
        "for waiting in ():",
        "mqtt",
        6,
    ),
    Mutation(
        "what is lost with a session is not counted",
        "simulator/mqtt/login.py",
        "            self.on_published(each.sent, False)",
        "            pass",
        "mqtt",
        25,
    ),
    Mutation(
        "a PUBACK is forgotten (device)",
        "simulator/mqtt/connection.py",
        "self._state.in_flight.pop(packet_id, None)",
        "self._state.in_flight.get(packet_id)",
        "mqtt",
        0,
    ),
    Mutation(
        "the subscription is taken for granted after a lost CONNACK",
        "simulator/mqtt/connection.py",
        "            self._opening.subscribed, self._state.subscribed = self._state.subscribed, None",
        "            self._opening.subscribed = self._state.subscribed",
        "mqtt",
        119,
    ),
    Mutation(
        "a second login does not end the first connection",
        "simulator/platform/online.py",
        "            older.close(POLICY_VIOLATION, SECOND_LOGIN)\n",
        "",
        "small",
        2,
    ),
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources, to be spoilt."""
    folder = tmp_path_factory.mktemp("mutated")
    for name in ("simulator", "reports"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.long
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_bug_is_found_by_its_seed(mutation: Mutation, copy: Path) -> None:
    source = copy / mutation.path
    text = source.read_text()
    assert text.count(mutation.right) == 1, f"{mutation.path} does not have this once any more:\n{mutation.right}"
    source.write_text(text.replace(mutation.right, mutation.wrong))
    try:
        path = SMALL.with_name(f"{mutation.scenario}.yaml")
        arguments = ["simulate", str(path), "--days", str(DAYS), "--seed", str(mutation.seed)]
        compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        # The folder that it runs in goes before the installed sources.
        command = [sys.executable, "-m", "simulator.cli", *arguments]
        ended = subprocess.run(command, cwd=copy, env=compiled, capture_output=True, text=True, check=False)
        assert ended.returncode == 1, ended.stdout[-500:] + ended.stderr[-500:]
        assert "FAILED: " in ended.stdout
    finally:
        source.write_text(text)
