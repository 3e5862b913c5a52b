"""Every message between master and workers is known to both sides, and none to neither."""

import inspect
from pathlib import Path

from simulator.swarm.process import master, messages, worker
from simulator.swarm.process.master import Master
from simulator.swarm.process.worker import Worker
from tests.swarm.fake_locust import FakeRunner, choice, environment

NAMES = {name: value for name, value in vars(messages).items() if name.isupper()}
KEYS_OF_REPORTS = {"DELTA", "LOGINS"}
"""Not messages of their own: they stand in Locust's reports."""


def handled(kind: type[Master] | type[Worker], directory: Path) -> set[str]:
    runner = FakeRunner("w1")
    kind(environment(directory, runner), choice())
    return set(runner.handlers)


def test_every_message_is_handled_by_the_side_that_it_goes_to(tmp_path: Path) -> None:
    to_master, to_worker = handled(Master, tmp_path), handled(Worker, tmp_path)
    assert to_master | to_worker == {NAMES[name] for name in NAMES if name not in KEYS_OF_REPORTS}
    answered = {messages.LEASE, messages.CLOCK, messages.PLATFORM}
    assert to_master & to_worker == answered, "those that are questions with answers"


def test_every_name_is_used_by_both_sides() -> None:
    for side in (master, worker):
        source = inspect.getsource(side)
        assert [name for name in NAMES if f"messages.{name}" not in source] == []


def test_no_name_is_anothers_or_locusts() -> None:
    assert len(set(NAMES.values())) == len(NAMES)
    assert all(value.startswith("best_fleet") for value in NAMES.values())
