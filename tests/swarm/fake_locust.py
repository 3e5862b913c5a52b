"""Locust's environment and runner as far as a role of ours touches them, without processes and sockets."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from locust.dispatch import UsersDispatcher
from locust.event import Events
from locust.runners import STATE_INIT, STATE_RUNNING
from locust.stats import RequestStats

from simulator.scenario.scenario import Scenario, parse_scenario
from simulator.swarm.locust.options import Choice

SCENARIO = """\
name: tiny
duration: 60s
target: http://127.0.0.1:9
groups: [{name: rooms, count: 3}]
"""


@dataclass
class WorkerNode:
    """What a master's runner knows of a worker."""

    id: str
    state: str = STATE_INIT
    user_count: int = 0
    heartbeat: int = 3


class FakeRunner:
    """A runner that sends nowhere: what is sent is kept, and `hear` hands in what the other side sends."""

    def __init__(self, client_id: str = "") -> None:
        self.client_id = client_id
        self.state = STATE_RUNNING
        self.spawning_completed = True
        self.target_user_count = 3
        self.spawn_rate = 1.0
        self._users_dispatcher: Any = None
        self.user_count = 0
        self.clients = SimpleNamespace(all=[], ready=[])
        self.handlers: dict[str, Callable[..., Any]] = {}
        self.concurrent: set[str] = set()
        self.sent: list[tuple[str, dict[str, Any], str | None]] = []
        self.done: list[str] = []
        """What it was told to do: `stop`, `quit`, `start`, `report`."""

    @property
    def worker_count(self) -> int:
        return len(self.clients.all)

    def register_message(self, kind: str, listener: Callable[..., Any], concurrent: bool = False) -> None:
        self.handlers[kind] = listener
        if concurrent:
            self.concurrent.add(kind)

    def send_message(self, kind: str, data: Mapping[str, Any], client_id: str | None = None) -> None:
        self.sent.append((kind, dict(data), client_id))

    def hear(self, kind: str, data: Mapping[str, Any], sender: str = "") -> None:
        self.handlers[kind](msg=SimpleNamespace(data=dict(data), node_id=sender), environment=None)

    def messages(self, kind: str) -> list[dict[str, Any]]:
        """The data of what was sent under `kind`."""
        return [data for name, data, _ in self.sent if name == kind]

    def start(self, user_count: int, spawn_rate: float) -> None:
        self.done.append("start")

    def stop(self) -> None:
        self.done.append("stop")

    def quit(self) -> None:
        self.done.append("quit")

    def _send_stats(self) -> None:
        self.done.append("report")


@dataclass
class FakeEnvironment:
    """Locust's `Environment`."""

    runner: FakeRunner
    parsed_options: Namespace
    events: Events = field(default_factory=Events)
    stats: RequestStats = field(default_factory=RequestStats)
    web_ui: Any = None
    shape_class: Any = None
    host: str | None = None
    stop_timeout: float = 0.0
    process_exit_code: int | None = None
    user_classes: list[Any] = field(default_factory=list)
    dispatcher_class: Any = UsersDispatcher


def environment(directory: Path, runner: FakeRunner | None = None, **options: Any) -> FakeEnvironment:
    """A headless run's, whose report goes to `directory`."""
    said = {
        "report": str(directory),
        "overwrite": False,
        "identities": None,
        "processes": None,
        "num_users": 3,
        "spawn_rate": 1.0,
        "run_time": None,
        "headless": True,
        "autostart": False,
        "expect_workers": 1,
        "expect_workers_max_wait": 0,
        "exit_code_on_error": 1,
        "csv_prefix": None,
        "html_file": None,
        "json": False,
        "json_file": None,
        "web_base_path": None,
        "metrics_port": None,
        "otel": False,
    }
    return FakeEnvironment(runner or FakeRunner(), Namespace(**said | options))


def choice(text: str = SCENARIO, **given: Any) -> Choice:
    """What the command line said: this scenario, and numbers of its own."""
    scenario: Scenario = parse_scenario(text, "tiny.yaml")
    return Choice(**{"scenario": scenario, "shaped": False} | given)
