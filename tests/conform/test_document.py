"""The verdict of a run, its exit code, and conformance.json's shape."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.clock import SystemClock
from simulator.conform.case import Case, Outcome, Result
from simulator.conform.document import Finished
from simulator.conform.judging import Target, site_of
from simulator.conform.output import report_on_terminal, write
from simulator.conform.runner import Judged, Verdict
from simulator.conform.site import Terms
from simulator.exit_codes import ExitCode
from simulator.protocol.channel.registry import channel_suite
from simulator.scenario.scenario import SYSTEM_TRUST
from tests.conform.harness import READING, credentials

TRACE = b'{"at_ms":1.0,"direction":">","kind":"note","text":"hello"}\n'


async def _nothing(bench: object) -> Outcome:
    raise AssertionError("not run here")


def finished(*results: Result, reason: str = "", strict: bool = False, interrupted: bool = False) -> Finished:
    target = Target(
        dispatch_url="http://h",
        identities=credentials(),
        suite=channel_suite("plain"),
        terms=Terms(request_timeout=1, wait=1, broker_type="best-w", device_type="meet", reading=READING),
        tls=SYSTEM_TRUST,
        device_key_bits=1024,
    )
    texts = dict.fromkeys(("section", "title", "sends", "expects", "why"), "text")
    cases = [Case(id=f"lookup.n{number}", run=_nothing, **texts) for number in range(len(results))]  # type: ignore[arg-type]
    pairs = zip(cases, results, strict=True)
    verdicts = {case.id: Verdict(case, Outcome(result, "seen"), 1.0, TRACE) for case, result in pairs}
    return Finished(
        judged=Judged(verdicts, reason),
        site=site_of(target, SystemClock()),
        started=1_700_000_000.0,
        seconds=1.0,
        strict=strict,
        interrupted=interrupted,
    )


@pytest.mark.parametrize(
    ("run", "verdict", "code"),
    [
        (finished(Result.OK, Result.NON_STRICT), "conforming", ExitCode.PASSED),
        (finished(Result.OK, Result.NON_STRICT, strict=True), "failing", ExitCode.THRESHOLD_CROSSED),
        (finished(Result.OK, Result.INFORMATIONAL, strict=True), "conforming", ExitCode.PASSED),
        (finished(Result.OK, Result.FAILED), "failing", ExitCode.THRESHOLD_CROSSED),
        (finished(Result.OK, Result.FAILED, reason="it went away"), "inconclusive", ExitCode.INVALID),
        (finished(Result.OK, reason="stopped", interrupted=True), "inconclusive", ExitCode.INTERRUPTED),
    ],
)
def test_the_verdict_and_the_exit_code(run: Finished, verdict: str, code: ExitCode) -> None:
    assert run.verdict == verdict
    assert run.exit_code == code
    assert run.document()["verdict"] == verdict
    assert report_on_terminal(run, Path("dir")).startswith(f"{verdict}: ")


def test_every_verdict_is_counted_also_those_that_did_not_occur() -> None:
    assert finished(Result.OK, Result.OK, Result.FAILED).document()["counts"] == {
        "OK": 2,
        "NON-STRICT": 0,
        "INFORMATIONAL": 0,
        "FAILED": 1,
        "NOT-RUN": 0,
    }


def test_a_file_that_cannot_be_written_is_told_and_the_others_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(document: object) -> str:
        raise KeyError("oops")

    monkeypatch.setattr("reports.conformance.writer.render_markdown", broken)
    problems = write(finished(Result.OK), tmp_path)
    assert len(problems) == 1
    assert "conformance.md cannot be made, an error of best-fleet itself: KeyError" in problems[0]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"cases", "conformance.html", "conformance.json", "junit.xml"}
