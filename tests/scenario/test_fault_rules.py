"""What of `faults` contradicts the run, the groups or another fault: each at its line; and what is only noted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.fault_rules import occurrences
from simulator.scenario.scenario import parse_scenario
from simulator.scenario.sections.faults import OutageSection
from simulator.weather.schedule import draw
from tests.scenario.wrong_scenarios import problems_of

HEAD = "duration: 10min\ngroups: [{name: rooms, count: 6}, {name: halls, count: 2}, {name: none, count: 0}]\nfaults:\n"
QUICK = "defaults: {request_timeout: 5s, reconnect: {first: 1s, max: 10s}}\n"
RESTART = "what: platform_restart"
BAD_SIGN = "what: misbehave, at: 1s, ways: [bad_sign]"


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("what: outage, for: 2s", ": does not say when it comes: give `at`, `every` or both"),
        ("what: clock_jump, by: 1s", ": does not say when it comes: give `at`, `every` or both"),
        ("what: clock_jump, by: 0s, at: 1s", ".by: sets no clock wrong: give a time, or leave the fault out"),
        ("what: clock_jump, by: -0min, at: 1s", ".by: sets no clock wrong: give a time, or leave the fault out"),
        (
            "what: outage, at: 1s, for: 2s, how: [reset]",
            ".how: must be one of reset, close, silent, dns, refused, not a list (did you mean reset?)",
        ),
        (
            "what: outage, at: 1s, for: 2s, how: [reset, dns]",
            ".how: must be one of reset, close, silent, dns, refused, not a list",
        ),
        (
            "what: outage, at: 1s, for: 2s, how: {a: b}",
            ".how: must be one of reset, close, silent, dns, refused, not a mapping",
        ),
        ("what: outage, at: 10min, for: 2s", ".at: begins at 10min, and the run is over at 10min"),
        ("what: outage, at: 1h, every: 1min, for: 2s", ".at: begins at 1h, and the run is over at 10min"),
        ("what: outage, every: 15min, for: 2s", ".every: begins at 15min, and the run is over at 10min"),
        (
            "what: outage, every: 1min, for: 10s..61s",
            ".every: comes again after 1min, before it is over: `for` is up to 1min1s",
        ),
        (
            "what: reboot_wave, every: 1min, over: 2min",
            ".every: comes again after 1min, before it is over: `over` is up to 2min",
        ),
        (
            f"{RESTART}, every: 1min, down: 2min",
            ".every: comes again after 1min, before it is over: `down` is up to 2min",
        ),
        (
            "what: flapping, every: 1min, for: 2min, up: 1s, down: 1s",
            ".every: comes again after 1min, before it is over: `for` is up to 2min",
        ),
        (
            "what: outage, at: 1s, for: 2s, groups: [hals]",
            ".groups[0]: there is no group 'hals' (did you mean halls?)",
        ),
        (
            "what: outage, at: 1s, for: 2s, groups: [rooms, cellar]",
            ".groups[1]: there is no group 'cellar'; there are: rooms, halls, none",
        ),
        ("what: outage, at: 1s, for: 2s, groups: [halls, rooms, halls]", ".groups[2]: 'halls' is named twice"),
        ("what: outage, at: 1s, for: 2s, groups: [none]", ".groups: hits nobody: none has no devices"),
        ("what: outage, at: 1s, for: 2s, share: 0%", ".share: hits nobody: give more than 0, or leave the fault out"),
        (f"{BAD_SIGN}, for: 9s, rate: 6/min", ".rate: at 6/min nothing is sent within 9s (`for`)"),
        (f"{BAD_SIGN}, for: 1s..9s, rate: 6/min", ".rate: at 6/min nothing is sent within 9s (`for`)"),
        (
            "what: misbehave, at: 1s, for: 9s, rate: 1/s, ways: [bad_sign, oversize, bad_sign]",
            ".ways: 'bad_sign' is named twice",
        ),
    ],
)
def test_a_fault_that_cannot_be_meant(fault: str, problem: str) -> None:
    assert problems_of(f"{HEAD}  - {{{fault}}}\n") == [f"f.yaml:4: faults[0]{problem}"]


@pytest.mark.parametrize(
    "fault",
    [
        "what: outage, at: 9min59s, for: 2s",
        "what: outage, every: 9min59s, for: 2s",
        "what: outage, every: 1min, for: 10s..60s",
        "what: power_cut, every: 10s, back_after: 1min, share: 1%",
        "what: outage, at: 1s, for: 2s, groups: [halls, none]",
        "what: outage, at: 1s, for: 2s, share: 0.1%",
        f"{BAD_SIGN}, for: 10s, rate: 6/min",
        f"{BAD_SIGN}, for: 1s..10s, rate: 6/min",
        f"{RESTART}, every: 1min, down: 1min",
    ],
)
def test_a_fault_that_can(fault: str) -> None:
    assert len(parse_scenario(f"{HEAD}  - {{{fault}}}\n").fault_entries()) == 1


def test_faults_are_few_enough_to_be_read() -> None:
    long = HEAD.replace("10min", "2h")
    one = "  - {what: clock_jump, by: 1s, at: 0s, every: 7s}\n"
    assert problems_of(f"{long}{one}") == [
        "f.yaml:4: faults[0].every: comes 1,029 times in a run of 2h; at most 1,000 can be"
    ]
    some = "  - {what: clock_jump, by: 1s, at: 0s, every: 18s}\n"
    assert problems_of(long + some * 4) == [
        "f.yaml:6: faults[2].every: the entries up to here make 1,200 faults of a run; at most 1,000 can be"
    ]
    assert len(parse_scenario(long + some * 2).fault_entries()) == 2


def test_faults_hit_no_more_devices_than_processes_can_keep() -> None:
    big = "duration: 10min\ngroups: [{name: rooms, count: 500000}]\nfaults:\n"
    assert problems_of(f"{big}  - {{what: outage, every: 1s, for: 1s, share: 2%}}\n") == [
        "f.yaml:4: faults[0].every: hits 599 times 10,000 devices, which is more than 3,000,000: no process keeps so "
        "many"
    ]
    # All devices of the fleet are no list.
    assert parse_scenario(f"{big}  - {{what: outage, every: 1s, for: 1s}}\n").fault_entries()


# --- the platform's restarts ---


def test_a_platform_of_others_is_not_restarted() -> None:
    found = problems_of(f"target: https://dispatch.example.com\n{HEAD}  - {{{RESTART}, at: 1s, down: 1s}}\n")
    assert found == [
        "f.yaml:5: faults[0].what: restarts the embedded platform, and `target` names another one: leave it out"
    ]


def test_a_wrong_target_says_nothing_of_restarts() -> None:
    found = problems_of(f"target: ftp://dispatch.example.com\n{HEAD}  - {{{RESTART}, at: 1s, down: 1s}}\n")
    assert [problem.split(": ")[1] for problem in found] == ["target"]


@pytest.mark.parametrize(
    ("one", "other", "problem"),
    [
        (
            "at: 1min, down: 5s..20s",
            "at: 65s, down: 1s",
            "f.yaml:5: faults[1].at: restarts the platform at 1min5s, while faults[0] has it away, from 1min to "
            "1min20s",
        ),
        (
            "at: 65s, down: 1s",
            "at: 1min, down: 20s",
            "f.yaml:4: faults[0].at: restarts the platform at 1min5s, while faults[1] has it away, from 1min to "
            "1min20s",
        ),
        (
            "every: 1min, down: 5s",
            "every: 62s, down: 5s",
            "f.yaml:5: faults[1].every: restarts the platform at 1min2s, while faults[0] has it away, from 1min to "
            "1min5s",
        ),
    ],
)
def test_a_platform_that_is_away_is_not_restarted(one: str, other: str, problem: str) -> None:
    assert problems_of(f"{HEAD}  - {{{RESTART}, {one}}}\n  - {{{RESTART}, {other}}}\n") == [problem]


def test_restarts_one_after_the_other_are_fine() -> None:
    text = f"{HEAD}  - {{{RESTART}, at: 1min, down: 5s}}\n  - {{{RESTART}, at: 65s, down: 5s}}\n"
    assert len(parse_scenario(text).fault_entries()) == 2


# --- thresholds ---


@pytest.mark.parametrize(
    ("threshold", "problem"),
    [
        ("recovery.p99 < 60 s", "the scenario has no `faults`"),
        ("never_back==0", "the scenario has no `faults`"),
        ("backlog.delivered < 3min", "the scenario has no `faults`"),
        ("requests_cut < 9", "the scenario has no `faults`"),
        ("misbehaviour.accepted == 0", "no fault has devices misbehave"),
    ],
)
def test_without_faults_nothing_can_be_demanded_of_them(threshold: str, problem: str) -> None:
    text = f"groups: [{{name: rooms, count: 6}}]\nthresholds:\n  - failures == 0\n  - {threshold}\n"
    assert problems_of(text) == [
        f"f.yaml:4: thresholds[1]: {problem} that this could be said of: give one, or leave this out"
    ]


@pytest.mark.parametrize(
    ("threshold", "problem"),
    [
        ("recovery.outage.p99 < 60 s", None),
        ("recovery.p99 < 60 s", None),
        ("never_back.outage == 0", None),
        ("misbehaviour.bad_sign.accepted == 0", None),
        ("misbehaviour.accepted == 0", None),
        ("failures == 0", None),
        ("recovery.power_cut.p99 < 60 s", "no fault of the scenario is `power_cut`"),
        ("never_back.power_cut == 0", "no fault of the scenario is `power_cut`"),
        ("misbehaviour.oversize.accepted == 0", "no fault of the scenario has the way `oversize`"),
    ],
)
def test_of_a_kind_only_where_there_is_one(threshold: str, problem: str | None) -> None:
    text = f"{HEAD}  - {{what: outage, at: 1s, for: 1s}}\n  - {{{BAD_SIGN}, for: 9s, rate: 1/s}}\n"
    text += f"thresholds: ['{threshold}']\n"
    if problem is None:
        assert parse_scenario(text).thresholds == (threshold,)
    else:
        assert problems_of(text) == [
            f"f.yaml:6: thresholds[0]: {problem} that this could be said of: give one, or leave this out"
        ]


def test_of_faults_that_cannot_be_read_nothing_is_said() -> None:
    text = f"{HEAD}  - {{what: outge, at: 1s}}\nthresholds: [recovery.outage.p99 < 1 s]\n"
    assert [problem.split(": ")[1] for problem in problems_of(text)] == ["faults[0].what"]


# --- what follows from another mistake ---


@pytest.mark.parametrize(
    ("head", "fault", "told"),
    [
        ("duration: 10", "what: outage, at: 5min, for: 1s", ["duration"]),
        ("seed: 1", "what: outage, every: 1, for: 1s", ["faults[0].every"]),
        ("seed: 1", "what: outage, at: 1, every: 1h, for: 1s", ["faults[0].at"]),
        ("seed: 1", "what: outage, every: 1s, for: 9", ["faults[0].for"]),
        ("seed: 1", "what: misbehave, at: 1s, for: 9, ways: [bad_sign], rate: 1/h", ["faults[0].for"]),
        ("seed: 1", "what: misbehave, at: 1s, for: 9s, ways: [bad_sign], rate: 1", ["faults[0].rate"]),
        ("seed: 1", "what: outage, at: 1s, for: 1s, groups: [5]", ["faults[0].groups[0]"]),
        ("seed: 1", "what: outage, at: 1s, for: 1s, share: 2", ["faults[0].share"]),
    ],
)
def test_a_wrong_part_causes_no_problems_that_follow_from_it(head: str, fault: str, told: list[str]) -> None:
    found = problems_of(f"{head}\ngroups: [{{name: rooms, count: 6}}]\nfaults:\n  - {{{fault}}}\n")
    assert [problem.split(": ")[1] for problem in found] == told


# --- notes ---


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        (["what: outage, at: 9min, for: 44s"], []),
        (
            ["what: outage, at: 9min, for: 30s..46s"],
            [
                "faults[0] (outage) may end 14s before devices stop: too late to see all of them back, which takes "
                "those of rooms up to 15s (`reconnect.max` and `request_timeout`)"
            ],
        ),
        (["what: outage, at: 9min, for: 2min"], ["faults[0] (outage) may not end before devices stop"]),
        (["what: power_cut, at: 9min, back_after: 44s"], []),
        (["what: power_cut, at: 9min, back_after: 10s..50s"], ["faults[0] (power_cut) may end 10s before"]),
        (["what: reboot_wave, at: 9min, over: 50s"], ["faults[0] (reboot_wave) may end 10s before"]),
        ([f"{RESTART}, at: 9min, down: 50s"], ["faults[0] (platform_restart) may end 10s before"]),
        (
            ["what: clock_jump, at: 1s, by: 1s", "what: outage, every: 1min, for: 50s"],
            ["faults[1] (outage) may end for the last time 10s before"],
        ),
        (["what: clock_jump, at: 9min59s, by: 1s"], []),
        (["what: misbehave, at: 9min, for: 1min, ways: [bad_sign], rate: 1/s"], []),
    ],
)
def test_a_fault_whose_end_nobody_sees_is_noted(faults: list[str], told: list[str]) -> None:
    lines = "".join(f"  - {{{fault}}}\n" for fault in faults)
    notes = parse_scenario(f"{QUICK}{HEAD}{lines}").notes()
    assert [note[: len(start)] for note, start in zip(notes, told, strict=True)] == told


def test_the_slowest_of_the_groups_that_it_hits_counts() -> None:
    groups = (
        "duration: 10min\n"
        "groups:\n"
        "  - {name: quick, count: 1, request_timeout: 1s, reconnect: {first: 1s, max: 2s}}\n"
        "  - {name: slow, count: 1, request_timeout: 10s, reconnect: {first: 1s, max: 50s}}\n"
        "  - {name: nobody, count: 0}\n"
    )
    fault = "faults: [{what: outage, at: 9min, for: 30s%s}]\n"
    [note] = parse_scenario(groups + fault % "").notes()
    assert "those of slow up to 1min" in note
    assert parse_scenario(groups + fault % ", groups: [quick]").notes() == []


def test_devices_that_stop_within_a_time_begin_before_the_end() -> None:
    text = f"{QUICK}ramp: {{down: 1min}}\n{HEAD}  - {{what: outage, at: 8min, for: 50s}}\n"
    [note] = parse_scenario(text).notes()
    assert note.startswith("faults[0] (outage) may end 10s before devices begin to stop: ")


# --- how often ---

moments = st.integers(0, 4_000).map(lambda tenths: tenths / 10)


@given(st.none() | moments, st.none() | moments.filter(lambda every: every >= 1), moments.filter(bool))
def test_a_fault_comes_as_often_as_the_schedule_has_it(at: float | None, every: float | None, run: float) -> None:
    times = {"at": at, "every": every}
    section = OutageSection.model_validate(
        {"what": "outage", "for": "1s", **{key: f"{value}s" for key, value in times.items() if value is not None}}
    )
    assert occurrences(section, run) == len(draw([section.entry({})], [0], run, 1))
