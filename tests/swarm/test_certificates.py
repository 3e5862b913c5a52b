"""Security mode "certificate" in whole runs: by the scenario of the project, and by a platform with a mistake."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.swarm.processes import ROOT, UNTIL_TOLD, LocustProcess

Start = Callable[..., LocustProcess]
SCENARIO = ROOT / "scenarios" / "smoke-certificates.yaml"


@pytest.mark.timeout(300)
def test_the_scenario_passes_and_leaves_no_key(locust: Start, tmp_path: Path) -> None:
    run = locust("--scenario", str(SCENARIO), "--headless", "--report", "report")
    assert run.end(100) == 0
    summary = run.summary()
    assert summary["fleet"]["came_online"] == 20
    assert summary["requests"]["getBrokerServer"]["count"] == 20
    # Half of them come back after a reboot, by the same certificate.
    assert summary["requests"]["connect"]["count"] == summary["requests"]["dev.login"]["count"] > 20
    assert summary["violations"]["total"] == summary["observations"]["total"] == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("mistake", "request_name", "code", "words"),
    [
        pytest.param(
            *("certificate.key-other", "connect", "bad certificate", "does not belong to the certificate"),
            marks=pytest.mark.long,
        ),
        ("certificate.other-device", "dev.register", "E0010004", "one for another-device"),
    ],
)
def test_a_certificate_of_no_use_is_in_the_summary_with_code_and_reason(
    locust: Start, tmp_path: Path, mistake: str, request_name: str, code: str, words: str
) -> None:
    text = SCENARIO.read_text().replace("platform:\n", f"platform:\n  wrong: [{mistake}]\n")
    text = text.partition("thresholds:")[0]
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text(text)
    run = locust("--scenario", str(scenario), "--headless", "--report", "report", *UNTIL_TOLD)
    run.ends_after(lambda: run.totals()["online"] > 0 and run.failed(request_name, "flow:init"))
    summary = run.summary()
    assert summary["requests"][request_name]["codes"][code] > 0
    assert summary["flows"]["init"]["codes"][code] > 0
    assert words in run.report.joinpath("report.md").read_text()
    # By the other answers.
    assert summary["fleet"]["came_online"] > 0
    assert summary["internal_errors"]["total"] == 0
