"""A value that cannot be is quoted as it was written, once, with what would be right."""

import json

import pytest

from simulator.texts.language import speaking
from tests.scenario.wrong_scenarios import GROUP, problems_of

PROCESSES = (("workers", 1000), ("platform", 64))


@pytest.mark.parametrize(("section", "most"), PROCESSES)
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("0", "'0' must be {needed}"),
        ("-1", "'-1' must be {needed}"),
        ("100000", "'100000' must be {needed}"),
        ("2.5", "'2.5' must be {needed}"),
        ("true", "'true' must be {needed}"),
        ("autoo", "'autoo' must be {needed} (did you mean auto?)"),
        ("AUTO", "'AUTO' must be {needed} (did you mean auto?)"),
        ("'2'", "'2' must be {needed}: leave out the quotes"),
        ("''", "'' must be {needed}"),
        ("[1, true]", "'[1, true]' must be {needed}"),
        ("{a: x}", '\'{{"a": "x"}}\' must be {needed}'),
        (str(10**30), "a number of 31 digits must be {needed}"),
    ],
)
def test_what_is_none_of_a_choice_is_said_once(section: str, most: int, written: str, said: str) -> None:
    needed = f"a whole number from 1 to {most}, or auto"
    assert problems_of(f"{GROUP}{section}: {{processes: {written}}}\n") == [
        f"f.yaml:4: {section}.processes: {said.format(needed=needed)}"
    ]


def test_a_choice_left_empty() -> None:
    assert problems_of(f"{GROUP}platform:\n  processes:\n") == [
        "f.yaml:5: platform.processes: is empty, and must be a whole number from 1 to 64, or auto"
    ]


@pytest.mark.parametrize("where", ["groups[0]", "defaults"])
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("5", "5 has no unit: write 5s, 5ms, 5min or 5h"),
        ("long", "'long' is no duration: write one like 500ms, 10s, 2min, 1h, 1h30min"),
        ("true", "'true' must be a duration or a range of durations like 500ms, 10s, 2min, 1h, 1h30min, 5s..10s"),
        ("2h", "'2h' is out of range: it must be at most 1h"),
        ("[1s]", "'[\"1s\"]' must be a mapping: `key: value` lines"),
    ],
)
def test_a_section_written_as_one_value_is_wrong_as_a_whole(where: str, written: str, said: str) -> None:
    failures = f"command_failures: {{slow: {written}}}"
    text = f"{GROUP}    {failures}\n" if where != "defaults" else f"{GROUP}defaults: {{{failures}}}\n"
    assert problems_of(text) == [f"f.yaml:4: {where}.command_failures.slow: {said}"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("seed: many", "seed: 'many' must be a whole number"),
        ("seed: 1.5", "seed: '1.5' must be a whole number"),
        ("seed: '1'", "seed: '1' must be a whole number: leave out the quotes"),
        ("seed: null", "seed: is empty, and must be a whole number"),
        ("seed: [7]", "seed: '[7]' must be a whole number"),
        ("report: {attendance: 'true'}", "report.attendance: 'true' must be true or false: leave out the quotes"),
        ("report: {attendance: yes}", "report.attendance: 'yes' must be true or false"),
        ("description: 8", "description: '8' must be text: put it in quotes"),
        ("name: true", "name: 'true' must be text: put it in quotes"),
        ("thresholds: failures < 1 %", "thresholds: 'failures < 1 %' must be a list: each entry begins with `- `"),
        ("ramp: 5/s", "ramp: '5/s' must be a mapping: `key: value` lines"),
        ("ramp:", "ramp: is empty, and must be a mapping: `key: value` lines"),
        ("duration: true", "duration: 'true' must be a duration like 500ms, 10s, 2min, 1h, 1h30min"),
        ("ramp: {rate: [1/s]}", "ramp.rate: '[\"1/s\"]' must be a rate like 6/min, 0.5/s, 120/h"),
        ("limits: {cpu: {a: 1}}", "limits.cpu: '{\"a\": 1}' must be a share like 5%, 0.05"),
        (
            "target: [5]",
            "target: '[5]' must be `embedded`, the URL of a dispatch server, or a list of such URLs",
        ),
        (
            "network: {source_ips: 10}",
            "network.source_ips: '10' must be local addresses or networks, like 10.0.0.5 or 10.0.0.0/28",
        ),
        (
            "login: {register_again_on: 5}",
            "login.register_again_on: '5' must be a list of codes like [E0010004], in quotes where one is all digits, "
            "or any",
        ),
        (
            "platform: {mqtt: {broker: 1883}}",
            "platform.mqtt.broker: '1883' must be the address of a broker, like mqtt://127.0.0.1:1883",
        ),
        (
            "downloads: {hosts: [5]}",
            "downloads.hosts: '[5]' must be host names, addresses or networks, like files.example.com or 10.0.0.0/24",
        ),
        (
            "defaults: {clock: {start_at: soon}}",
            "defaults.clock.start_at: 'soon' must be a year or a time, like 1970 or 2000-01-01T00:00:00+08:00",
        ),
        (
            "defaults: {clock: {drift: fast}}",
            "defaults.clock.drift: 'fast' must be how fast a clock runs away, like 50ppm, -20ppm, -50ppm..50ppm",
        ),
        (
            "defaults: {clock: {offset: ..5s}}",
            "defaults.clock.offset: '..5s' must be a duration or a range of durations like -4min, 30s, -3min..3min",
        ),
        (
            "defaults: {report: {fields: {site: 5}}}",
            "defaults.report.fields.site: '5' must be text, as every value on the wire, or a list or mapping of texts: "
            "put numbers in quotes",
        ),
    ],
)
def test_what_was_written_stands_before_what_it_must_be(line: str, problem: str) -> None:
    assert problems_of(f"{GROUP}{line}\n") == [f"f.yaml:4: {problem}"]


def test_a_long_value_is_cut() -> None:
    [problem] = problems_of(f"{GROUP}seed: {json.dumps(['x' * 200])}\n")
    assert problem == f"f.yaml:4: seed: '[\"{'x' * 58}…' must be a whole number"


@pytest.mark.parametrize(
    "line",
    [
        "defaults: {report: {fields: {apiToken: 12345678}}}",
        "defaults: {report: {fields: {deviceSecret: [12345678]}}}",
        "description: {password: 12345678}",
        "target: ['mqtt://me:12345678@x', 5]",
    ],
)
def test_no_secret_is_quoted(line: str) -> None:
    [problem] = problems_of(f"{GROUP}{line}\n")
    assert "must be" in problem
    assert "***" in problem
    assert "12345678" not in problem


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("seed: -1", "seed: '-1' 超出范围：必须不小于 0"),
        ("seed: 9223372036854775808", "seed: '9223372036854775808' 超出范围：必须小于 9223372036854775808"),
        ("platform: {users: 40000}", "platform.users: '40000' 超出范围：必须不大于 30000"),
        (f"description: {'x' * 2001}", f"description: '{'x' * 60}…' 超出范围：必须是文本，字符数不多于 2000"),
        (
            "thresholds: [" + "a," * 1001 + "]",
            "thresholds: '" + '["a", ' + '"a", ' * 10 + '"a",' + "…' 超出范围：必须是列表，项数不多于 1000",
        ),
        ("duration: 31d", "duration: '31d' 超出范围：取值应在 1s 到 30d 之间"),
        ("duration: 0s", "duration: '0s' 超出范围：必须大于 0"),
        ("ramp: {rate: 1000/ms}", "ramp.rate: '1000/ms' 超出范围：取值应不超过 100000/s"),
        ("seed: many", "seed: 'many' 必须是整数"),
        ("seed: '1'", "seed: '1' 必须是整数：请去掉引号"),
        ("seed:", "seed: 为空，必须是整数"),
        ("workers: {processes: 0}", "workers.processes: '0' 必须是 1 到 1000 的整数，或 auto"),
    ],
)
def test_it_is_said_in_chinese(line: str, problem: str) -> None:
    with speaking("zh"):
        assert problems_of(f"{GROUP}{line}\n") == [f"f.yaml:4: {problem}"]
