"""A real run against an embedded platform with a dozen mistakes: its files name all of them, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from simulator.exit_codes import ExitCode
from simulator.platform.wrong.modes import MODES
from tests.swarm.processes import LocustProcess

DOZEN = (
    *("lookup.created", "lookup.message-missing", "reply.number-for-text", "reply.eight-positions"),
    *("reply.message-number", "reply.func-id-other", "reply.doubled", "reply.interval-zero"),
    *("command.number-for-text", "command.card-letters", "command.unknown", "command.mid-repeated"),
)
SCENARIO = """\
name: dozen
seed: 7
duration: 6s
target: embedded
channel: {{suite: plain}}
limits: {{loop_lag: 5s, stall: 20s}}
ramp: {{rate: 50/s}}
defaults: {{users: 3}}
groups: [{{name: rooms, count: 6, verifications: [{{rate: 120/min, photo_share: 20%, photo_size: 2KB..3KB}}]}}]
platform:
  heartbeat: {{interval: 1s}}
  users: 2
  pushes: [{{command: cmd.data.update.multiCard, count: 2}}]
  wrong: [{wrong}]
thresholds: ["{threshold}"]
"""


def test_a_run_names_a_dozen_mistakes(locust: Callable[..., LocustProcess], tmp_path: Path) -> None:
    path = tmp_path / "dozen.yaml"
    path.write_text(SCENARIO.format(wrong=", ".join(DOZEN), threshold="violations == 0"))
    run = locust("--scenario", str(path), "--headless", "--report", "report")
    assert run.end(60) == ExitCode.THRESHOLD_CROSSED, run.output
    summary = run.summary()
    assert set(summary["violations"]["by_rule"]) == {rule for name in DOZEN for rule in MODES[name].rules}
    assert summary["internal_errors"]["total"] == 0
    assert sum(entry["count"] for entry in summary["violations"]["by_rule"].values()) == summary["violations"]["total"]
