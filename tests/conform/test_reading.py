"""A platform that reads the document in another way is judged by a tester that does; else the setting is named."""

import pytest

from simulator.conform.case import Result
from simulator.scenario.scenario import Scenario, parse_scenario
from tests.conform.harness import Conformed, conform, embedded

GROUPS = "groups: [{name: testers, count: 3}]\nchannel: {suite: plain}\n"
OTHERWISE = """
protocol_version: 1.1.0
sync_time: {field: serverTime, form: epoch-ms}
report: {sn_in_params: true, fields: {region: cn}, without: [lockCount, scene]}
lookup: {again: each connect}
login: {register_again_on: [E0010009]}
meet_code: MEET_CODE
platform:
  users: 2
  members: 1
  heartbeat: {interval: 2s}
  meetings: {count: 1}
  pushes: [{command: cmd.option.set}]
"""
CASES = ("register.*", "accredit.*", "login.*", "order.*", "report.*", "heartbeat.free", "time.*", "upload.verifyLog.*")


def scenario_of(text: str) -> Scenario:
    return parse_scenario(GROUPS + text, "reading.yaml")


async def judged(devices: str, platform: str, *only: str) -> Conformed:
    settings = scenario_of(platform).platform_settings()
    async with embedded(
        reading=settings.reading, users=2, meetings=settings.meetings, pushes=settings.pushes
    ) as running:
        reading = scenario_of(devices).group_settings()[0].reading
        return await conform(running.info.dispatch, only=only, reading=reading, wait=0.5)


@pytest.mark.parametrize("meet_code", ["meeting", "room"])
async def test_a_tester_that_reads_as_the_platform_does_finds_nothing(meet_code: str) -> None:
    text = OTHERWISE.replace("MEET_CODE", meet_code)
    found = await judged(text, text, *CASES)
    assert found.of(Result.FAILED, Result.NON_STRICT) == {}
    assert found.judged.reason == ""
    assert found.site.violations.counts() == {}
    assert "report.without" in found.outcome("report.missing.lockCount").observed


@pytest.mark.parametrize(
    ("devices", "platform", "case", "words"),
    [
        ("", "protocol_version: 1.1.0", "register.granted", "the platform wants protVer 1.1.0, the device has 1.0.0"),
        ("", "report: {sn_in_params: true}", "report.accepted", "report.sn_in_params"),
        (
            "report: {without: [lockCount]}",
            "",
            "report.accepted",
            "settings of this step: report.fields, report.without",
        ),
        ("", "sync_time: {field: now}", "time.reply.form", "sync_time.field"),
        ("", "sync_time: {form: epoch-ms}", "time.reply.form", "sync_time.form"),
    ],
)
async def test_a_tester_that_does_not_is_told_the_setting(devices: str, platform: str, case: str, words: str) -> None:
    found = await judged(devices, platform, case)
    assert found.result(case) in (Result.FAILED, Result.NON_STRICT)
    assert words in found.outcome(case).observed
