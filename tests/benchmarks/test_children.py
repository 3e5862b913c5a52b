"""Children are bounded in time and leave nothing behind."""

import json
import os
from pathlib import Path

import pytest

from benchmarks.children import BenchmarkError, Child
from benchmarks.cores import choose_cores

CORE = choose_cores().client


def child(directory: Path, code: str, *, limit_s: float = 20.0, order: dict[str, object] | None = None) -> Child:
    return Child("child", ["-c", code], core=CORE, directory=directory, limit_s=limit_s, order=order)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_leaves_a_result_for_its_order_on_its_core(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    code = (
        "import os, time; from benchmarks.programs.orders import leave, read_order; order = read_order()\n"
        "while len(os.sched_getaffinity(0)) > 1: time.sleep(0.01)\n"
        "leave(order['result'], {'twice': order['number'] * 2, 'cores': list(os.sched_getaffinity(0))})"
    )
    with child(tmp_path, code, order={"number": 21, "result": str(result), "limit_s": 20}) as running:
        assert running.wait_for_file(result) == {"twice": 42, "cores": [CORE]}
        assert running.wait() == 0


def test_one_that_hangs_is_given_up_and_ended(tmp_path: Path) -> None:
    with child(tmp_path, "import time; print('stuck here', flush=True); time.sleep(600)", limit_s=1.0) as running:
        pid = running.pid
        with pytest.raises(BenchmarkError, match="no end within 1 s:\nstuck here"):
            running.wait()
    assert gone(pid)


def test_one_that_dies_is_told_with_its_last_words(tmp_path: Path) -> None:
    with (
        child(tmp_path, "raise SystemExit('no such thing')") as running,
        pytest.raises(BenchmarkError, match="exit code 1 before result:\nno such thing"),
    ):
        running.wait_for_file(tmp_path / "result.json")


def test_its_own_alarm_ends_one_whose_parent_is_gone(tmp_path: Path) -> None:
    code = "import time; from benchmarks.programs.orders import read_order; read_order(); time.sleep(600)"
    with child(tmp_path, code, order={"limit_s": 0}) as running:
        assert running.wait() != 0


def test_a_result_is_seen_whole_or_not_at_all(tmp_path: Path) -> None:
    from benchmarks.programs.orders import leave

    path = tmp_path / "result.json"
    leave(str(path), {"a": 1})
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]
