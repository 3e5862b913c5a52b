"""Locust's tables and remarks: left out where nobody asked for them, and as ever where somebody did."""

import logging
from collections.abc import Iterator, Sequence

import pytest
from locust import argument_parser

from simulator.swarm.locust.locust_output import REMARKS, TABLES, LocustOutput, leave_out, output_of, parsed


def output(arguments: Sequence[str]) -> LocustOutput:
    parser = argument_parser.get_empty_argument_parser(add_help=False, default_config_files=[])
    argument_parser.setup_parser_arguments(parser)
    known, level_asked, _ = parsed(parser, arguments)
    assert parser.get_default("loglevel") == "INFO"
    assert known.loglevel in ("INFO", "DEBUG"), "Locust sees what it would see"
    return output_of(known, level_asked=level_asked)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    leave_out(LocustOutput())


@pytest.mark.parametrize(
    ("arguments", "left_out"),
    [
        (["--headless"], LocustOutput(tables=True, remarks=REMARKS)),
        (["--headless", "--processes", "2"], LocustOutput(tables=True, remarks=REMARKS)),
        (["--headless", "--master"], LocustOutput(tables=True, remarks=("locust.main",))),
        (["--headless", "--print-stats"], LocustOutput(tables=False, remarks=REMARKS)),
        (["--headless", "--only-summary"], LocustOutput(tables=False, remarks=REMARKS)),
        (["--headless", "-L", "INFO"], LocustOutput(tables=True)),
        (["--headless", "-LDEBUG", "--print-stats"], LocustOutput()),
        ([], LocustOutput(tables=True)),
        (["--worker"], LocustOutput(tables=True)),
    ],
)
def test_what_is_left_out(arguments: list[str], left_out: LocustOutput) -> None:
    assert output(arguments) == left_out


def test_a_level_of_the_environment_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCUST_LOGLEVEL", "info")
    assert output(["--headless"]) == LocustOutput(tables=True)


def test_left_out_is_what_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for name in (TABLES, *REMARKS, "locust.web"):
        caplog.set_level(logging.INFO, name)
    leave_out(LocustOutput(tables=True, remarks=("locust.main",)))
    for name in (TABLES, *REMARKS, "locust.web"):
        logging.getLogger(name).propagate = True
        logging.getLogger(name).info("said by %s", name)
        logging.getLogger(name).warning("warned by %s", name)
    told = [record.getMessage() for record in caplog.records]
    assert [line for line in told if line.startswith("said")] == ["said by locust.runners", "said by locust.web"]
    assert len([line for line in told if line.startswith("warned")]) == 4
    leave_out(LocustOutput())
    logging.getLogger(TABLES).info("said again")
    assert caplog.records[-1].getMessage() == "said again"
