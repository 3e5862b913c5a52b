"""`best-fleet conform`: what it asks for, what it leaves, and its exit codes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from simulator.cli import main
from simulator.exit_codes import ExitCode
from simulator.platform.wrong.modes import MODES

CSV = "sn,secretKey,productId,devKey\n"


def test_over_mqtt_the_report_says_by_which_profile(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report"
    code = main(["conform", "--type", "best-m", "--only", "lookup.url,mqtt.ping,ws.ping", "--report", str(report)])
    out = capsys.readouterr().out
    assert code == ExitCode.PASSED, out
    assert "over MQTT (type best-m), by the profile best-m" in out
    assert "assumed of the broker, because nobody has written it down: client_id, username" in out
    document = json.loads((report / "conformance.json").read_bytes())
    platform = document["platform"]
    assert (platform["type"], platform["transport"], platform["profile"]) == ("best-m", "MQTT", "best-m")
    assert platform["suite"] == "plain"
    assert platform["broker"].startswith("mqtt://")
    assert "up" in platform["assumed"]
    results = {case["id"]: (case["result"], case["observed"]) for case in document["cases"]}
    assert results["mqtt.ping"][0] == "OK"
    assert results["ws.ping"] == (
        "NOT-RUN",
        "not applicable over MQTT: it is about WebSocket; what is like it stands in the section mqtt",
    )
    assert "--type best-m" in document["again"]


def test_the_scenario_says_how_its_group_connects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = tmp_path / "mqtt.yaml"
    scenario.write_text(
        "duration: 1min\nmqtt: {qos: 0}\ngroups: [{name: rooms, count: 1, broker_type: best-m}]\n", encoding="utf-8"
    )
    report = tmp_path / "report"
    code = main(["conform", "--scenario", str(scenario), "--only", "mqtt.puback", "--report", str(report)])
    assert code == ExitCode.INVALID
    assert "the profile has quality of service 0" in capsys.readouterr().out
    platform = json.loads((report / "conformance.json").read_bytes())["platform"]
    assert platform["transport"] == "MQTT"
    assert "qos" not in platform["assumed"]


def test_the_embedded_platform_conforms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report"
    code = main(["conform", "--only", "lookup,report.accepted", "--report", str(report), "--suite", "plain"])
    out = capsys.readouterr().out
    assert code == ExitCode.PASSED, out
    assert out.startswith("conforming: none of ")
    document = json.loads((report / "conformance.json").read_bytes())
    assert document["schema"] == 1
    assert document["kind"] == "conformance"
    assert document["verdict"] == "conforming"
    assert document["reason"] == ""
    assert document["platform"]["suite"] == "plain"
    assert document["platform"]["broker"].startswith("ws://")
    assert document["counts"]["OK"] == sum(case["result"] == "OK" for case in document["cases"]) > 20
    assert document["violations"] == {"total": 0, "by_rule": {}}
    assert any("BEST000001" in sentence for sentence in document["leaves_behind"])
    for case in document["cases"]:
        for line in (report / case["trace"]).read_text().splitlines():
            assert set(json.loads(line)) == {"at_ms", "direction", "kind", "text"}


def test_no_secret_is_left(tmp_path: Path) -> None:
    report = tmp_path / "report"
    main(["conform", "--only", "report.accepted,lookup.sign.wrong", "--report", str(report)])
    written = "".join(path.read_text() for path in report.rglob("*") if path.is_file())
    for name in ("secretKey", "devKey", "authCode", "secret", "factor"):
        assert set(re.findall(rf'{name}\\?": \\?"([^"\\]*)', written)) <= {"***"}, name


def test_an_earlier_report_is_kept_aside(tmp_path: Path) -> None:
    for _ in range(2):
        assert main(["conform", "--only", "lookup.sign.wrong", "--report", str(tmp_path)]) == ExitCode.PASSED
    assert len(list(tmp_path.glob("earlier-*/conformance.json"))) == 1
    assert len(list(tmp_path.glob("earlier-*/cases/lookup.sign.wrong.jsonl"))) == 1


def test_cases_are_listed_by_section_without_a_platform(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--list", "--only", "lookup.sign.*", "--host", "http://127.0.0.1:1"]) == ExitCode.PASSED
    out = capsys.readouterr().out
    assert out.startswith("lookup:\n  lookup.sign.missing ")
    assert re.search(r"\n\d+ cases\n$", out)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--only", "lookup.sign.wrnog"], "did you mean lookup.sign.wrong?"),
        (["--skip", "nothing"], "no case is called 'nothing'"),
        (["--only", "lookup.url", "--skip", "lookup"], "leave no case"),
        (["--host", "http://127.0.0.1:1"], "--identities CSV is missing"),
        (["--host", "ftp://x", "--identities", "{csv}"], "--host"),
        (["--host", "http://127.0.0.1:1", "--identities", "{empty}"], "empty.csv"),
        (["--suite", "rsa"], "--suite"),
        (["--scenario", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_what_the_user_can_mend(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "three.csv").write_text(f"{CSV}SN1,a,b,c\n")
    (tmp_path / "empty.csv").write_text(CSV)
    places = {"csv": str(tmp_path / "three.csv"), "empty": str(tmp_path / "empty.csv")}
    filled = [word.format(**places) for word in arguments]
    assert main(["conform", "--report", str(tmp_path / "report"), *filled]) == ExitCode.USAGE
    assert told in capsys.readouterr().err
    assert not (tmp_path / "report" / "conformance.json").exists()


def test_a_report_must_go_somewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform"]) == ExitCode.USAGE
    assert "--report DIR is missing" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["-1", "soon", "2h"])
def test_the_listening_is_bounded(seconds: str, tmp_path: Path) -> None:
    assert main(["conform", f"--wait={seconds}", "--report", str(tmp_path)]) == ExitCode.USAGE


def test_a_platform_that_is_not_there_is_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.csv").write_text(f"{CSV}SN1,a,b,c\n")
    arguments = ["--host", "http://127.0.0.1:1", "--identities", str(tmp_path / "one.csv")]
    assert main(["conform", *arguments, "--report", str(tmp_path / "report")]) == ExitCode.INVALID
    assert capsys.readouterr().out.startswith("inconclusive: the very look-up of SN1 failed: nothing listens at")
    document = json.loads((tmp_path / "report" / "conformance.json").read_bytes())
    assert document["verdict"] == "inconclusive"
    assert {case["result"] for case in document["cases"]} == {"NOT-RUN"}


def test_ctrl_c_leaves_a_report(tmp_path: Path) -> None:
    """Interactive, so that the moment is known: it waits for Enter, with a case that waits still to come."""
    arguments = ["--only", "lookup.url,channel.frames", "--interactive", "--report", str(tmp_path / "report")]
    command = [sys.executable, "-m", "simulator.cli", "conform", *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        assert process.stderr.readline().startswith("Device BEST000001 is online. Trigger on the platform's console")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == ExitCode.INTERRUPTED, out
    assert out.startswith("inconclusive: stopped by SIGINT after ")
    document = json.loads((tmp_path / "report" / "conformance.json").read_bytes())
    assert document["verdict"] == "inconclusive"
    assert {case["id"]: case["result"] for case in document["cases"]}["lookup.url"] == "OK"
    assert document["counts"]["NOT-RUN"] > 0


@pytest.mark.parametrize(
    ("wrong", "only", "strict", "code"),
    [
        ("lookup.accepts-unknown-type", "lookup.type.unknown", False, ExitCode.THRESHOLD_CROSSED),
        ("lookup.code-number", "lookup.answer.form", False, ExitCode.PASSED),
        ("lookup.code-number", "lookup.answer.form", True, ExitCode.THRESHOLD_CROSSED),
    ],
)
def test_a_wrong_platform_fails(
    wrong: str, only: str, strict: bool, code: ExitCode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text(
        f"name: wrong\nduration: 1min\ngroups: [{{name: a, count: 1}}]\nplatform: {{wrong: [{wrong}]}}\n"
    )
    arguments = ["--scenario", str(scenario), "--only", only, "--report", str(tmp_path / "report")]
    assert main(["conform", *arguments, *(["--strict"] if strict else [])]) == code
    out = capsys.readouterr().out
    assert out.startswith("failing: of 1 case 1 " if code else "conforming: the one case did not fail")
    assert only in out


TEN = (
    *("lookup.accepts-stale", "channel.accepts-gap", "channel.key-of-1024", "session.keeps-older", "accepts.secret"),
    *("reply.number-for-text", "reply.message-number", "command.card-letters", "accepts.long-mid", "refuses.urgent"),
    *("accepts.file-checksum", "refuses.file-id-of-64"),
)


def test_many_mistakes_at_once_are_all_named(tmp_path: Path) -> None:
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text(f"""
name: wrong
duration: 1min
defaults: {{request_timeout: 3s}}
groups: [{{name: a, count: 3}}]
platform:
  wrong: [{", ".join(TEN)}]
  pushes: [{{command: cmd.data.update.multiCard, count: 2}}]
""")
    skipped = "upload.*.number.*,upload.*.missing.*,upload.*.format.*,order"
    arguments = ["--scenario", str(scenario), "--skip", skipped, "--wait", "1", "--report", str(tmp_path / "report")]
    assert main(["conform", *arguments]) == ExitCode.THRESHOLD_CROSSED
    document = json.loads((tmp_path / "report" / "conformance.json").read_bytes())
    assert (document["verdict"], document["reason"]) == ("failing", "")
    named = {case["id"] for case in document["cases"] if case["result"] in ("FAILED", "NON-STRICT")}
    patterns = {name: MODES[name].cases for name in TEN}
    assert [
        name for name, of in patterns.items() if not any(fnmatchcase(each, one) for each in named for one in of)
    ] == []
    expected = [one for of in patterns.values() for one in of]
    assert {case for case in named if not any(fnmatchcase(case, one) for one in expected)} == set()
    assert set(document["violations"]["by_rule"]) <= {rule for name in TEN for rule in MODES[name].rules}


def test_a_platform_that_blocks_the_flow_is_judged(tmp_path: Path) -> None:
    scenario = tmp_path / "blocked.yaml"
    answers = "answers: [{func_id: dev.accredit, errors: {share: 100%}}]"
    scenario.write_text(f"name: b\nduration: 1min\ngroups: [{{name: a, count: 1}}]\nplatform: {{{answers}}}\n")
    arguments = ["--scenario", str(scenario), "--only", "login.warm-start,heartbeat.free,lookup.url"]
    assert main(["conform", *arguments, "--report", str(tmp_path / "report")]) == ExitCode.THRESHOLD_CROSSED
    document = json.loads((tmp_path / "report" / "conformance.json").read_bytes())
    assert document["verdict"] == "failing"
    results = {case["id"]: case["result"] for case in document["cases"]}
    assert results == {
        "accredit.granted": "FAILED",
        "lookup.url": "OK",
        "login.warm-start": "NOT-RUN",
        "heartbeat.free": "NOT-RUN",
    }
