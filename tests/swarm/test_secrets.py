"""No secret of a fleet is in anything that a run leaves, whichever of its processes heard it from the platform."""

from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.exit_codes import ExitCode
from simulator.fleet.platform_process import EmbeddedPlatform
from tests.ports import free_port
from tests.swarm.processes import SCENARIO, LocustProcess

CODES = {"dev.heartbeat": "hushKey1", "dev.data.upload.verifyLog": "hushKey2", "dev.login": "hushCode3"}
"""What the platform refuses these with: the devices' own secretKey, devKey and authCode."""


@pytest.mark.parametrize("processes", [1, 2])
def test_a_platform_that_repeats_secrets_makes_nobody_show_them(
    locust: Callable[..., LocustProcess], tmp_path: Path, processes: int
) -> None:
    devices = tmp_path / "devices.csv"
    rows = [f"SECRET{number},hushKey1,product1,hushKey2,hushCode3,hushSecret4" for number in range(6)]
    devices.write_text("\n".join(["sn,secretKey,productId,devKey,authCode,secret", *rows]) + "\n")
    document = SCENARIO.format(duration="6s", thresholds="[]")
    answers = ", ".join(f"{{func_id: {name}, errors: {{share: 40%, code: {code}}}}}" for name, code in CODES.items())
    (tmp_path / "platform.yaml").write_text(document.replace("  users: 2\n", f"  users: 2\n  answers: [{answers}]\n"))
    (tmp_path / "fleet.yaml").write_text(document.replace("target: embedded", "target: http://127.0.0.1:1"))
    kept = tmp_path / "platform"
    platform = EmbeddedPlatform(["--scenario", str(tmp_path / "platform.yaml"), "--identities", str(devices)], kept)
    host = platform.start().dispatch_url
    arguments = ["--scenario", "fleet.yaml", "--host", host, "--identities", "devices.csv", "--headless"]
    arguments += ["--report", "report", "--csv", "locust", "--html", "locust.html", "-L", "DEBUG", "--csv-full-history"]
    if processes > 1:
        port = str(free_port())
        arguments += ["--processes", str(processes), "--master-bind-port", port, "--master-port", port]
    run = locust(*arguments)
    try:
        assert run.end(90) in (ExitCode.FAILED, ExitCode.INVALID), run.output
    finally:
        platform.stop()
    heard = run.summary()["requests"]
    assert heard["dev.heartbeat"]["codes"]["***"] > 0
    assert heard["dev.data.upload.verifyLog"]["codes"]["***"] > 0
    shown = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for name in ("devices.csv", "platform.yaml"):
        del shown[name]
    left = {
        name for name, content in shown.items() if b"hush" in content and name not in {p.name for p in kept.iterdir()}
    }
    assert left == set()
    assert {"report.out", "summary.json", "report.html", "report.md", "locust_failures.csv", "locust.html"} <= set(
        shown
    )
