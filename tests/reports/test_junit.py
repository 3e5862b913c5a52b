from collections.abc import Callable
from importlib.resources import files

import pytest
import xmlschema
from junitparser import JUnitXml

from reports.junit import render_junit
from reports.run_info import RunInfo
from reports.summary import build_summary
from reports.verdict import headline
from simulator.measurements.run import RunMeasurements

Info = Callable[..., RunInfo]


@pytest.mark.parametrize("thresholds", [(), ("dev.heartbeat p99 < 500 ms", "failures == 0", "dev.login p1 > 9 s")])
@pytest.mark.parametrize("complete", [True, False])
def test_follows_its_schema(busy: RunMeasurements, info: Info, thresholds: tuple[str, ...], complete: bool) -> None:
    content = render_junit(build_summary(busy, info(thresholds=thresholds, complete=complete)))
    schema = xmlschema.XMLSchema(files("reports").joinpath("schema/junit.xsd").read_text())
    schema.validate(content.decode().split("\n", 1)[1])


def test_a_case_a_threshold_and_a_funcid(busy: RunMeasurements, info: Info) -> None:
    thresholds = ("dev.heartbeat p99 < 500 ms", "failures == 0")
    report = JUnitXml.fromstring(render_junit(build_summary(busy, info(thresholds=thresholds))))
    (suite,) = list(report)
    cases = {case.name: case for case in suite}
    assert suite.tests == len(cases)
    assert suite.failures == 2
    assert cases["verdict"].result[0].message == headline(build_summary(busy, info(thresholds=thresholds)))
    assert cases["dev.heartbeat p99 < 500 ms"].is_passed
    assert "measured 12" in cases["failures == 0"].result[0].message
    assert cases["dev.data.upload.verifyPhoto"].is_passed
    assert cases["dev.heartbeat"].time > 0
    assert "init" in cases


def test_without_thresholds_failed_requests_fail(busy: RunMeasurements, info: Info) -> None:
    report = JUnitXml.fromstring(render_junit(build_summary(busy, info(thresholds=()))))
    failed = [case.name for suite in report for case in suite if not case.is_passed]
    assert failed == ["verdict", "dev.data.upload.verifyPhoto"]


def test_broken_off_run_is_an_error(busy: RunMeasurements, info: Info) -> None:
    report = JUnitXml.fromstring(render_junit(build_summary(busy, info(complete=False))))
    assert report.errors == 1


def test_control_characters_do_not_break_it(busy: RunMeasurements, info: Info) -> None:
    busy.apply([(0, "dev.\x00<odd>", 1_700_000_010.0, 0.1, "E\x1b&", 1, 1, 0.0, "")])
    report = JUnitXml.fromstring(render_junit(build_summary(busy, info())))
    assert any(case.name == r"dev.\x00<odd>" for suite in report for case in suite)
