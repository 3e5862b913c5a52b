"""The sections of `faults`: what each kind says, and everything that can be wrong in one, at its line, all at once."""

import pytest

from simulator.fields.range import Range
from simulator.measurements.misbehaviours import MISBEHAVIOURS
from simulator.scenario.scenario import parse_scenario
from simulator.weather.kinds import (
    ClockJump,
    Flapping,
    How,
    Kind,
    Misbehave,
    Outage,
    PlatformRestart,
    PowerCut,
    RebootWave,
    SlowLink,
    Store,
)
from simulator.weather.schedule import Entry
from tests.scenario.wrong_scenarios import problems_of

HEAD = "duration: 1h\ngroups: [{name: rooms, count: 5}, {name: halls, count: 2}]\nfaults:\n"
KINDS = "outage, flapping, slow_link, power_cut, clock_jump, reboot_wave, platform_restart, misbehave"
OUTAGE = "what: outage, at: 1s, for: 2s"


def entry_of(fault: str) -> Entry:
    [entry] = parse_scenario(f"{HEAD}  - {{{fault}}}\n").fault_entries()
    return entry


def span(low: float, high: float | None = None) -> Range:
    return Range(low=low, high=low if high is None else high)


@pytest.mark.parametrize(
    ("fault", "kind", "lasts"),
    [
        ("what: outage, at: 0s, for: 90s", Outage(how=How.RESET), span(90)),
        ("what: outage, at: 0s, for: 5s..30s, how: silent", Outage(how=How.SILENT), span(5, 30)),
        ("what: outage, at: 0s, for: 5-30s, how: close", Outage(how=How.CLOSE), span(5, 30)),
        ("what: outage, at: 0s, for: 1s, how: dns", Outage(how=How.DNS), span(1)),
        ("what: outage, at: 0s, for: 1s, how: refused", Outage(how=How.REFUSED), span(1)),
        (
            "what: flapping, at: 0s, for: 2min, up: 5s..20s, down: 1s..10s",
            Flapping(up=span(5, 20), down=span(1, 10)),
            span(120),
        ),
        (
            "what: flapping, at: 0s, for: 2min, up: 5s, down: 1s, how: silent",
            Flapping(up=span(5), down=span(1), how=How.SILENT),
            span(120),
        ),
        ("what: slow_link, at: 0s, for: 1min, latency: 200ms", SlowLink(latency=span(0.2)), span(60)),
        (
            "what: slow_link, at: 0s, for: 1min, latency: 200ms..800ms, bandwidth: 64KB/s, stall: 2%",
            SlowLink(latency=span(0.2, 0.8), bandwidth=65_536, stall=0.02),
            span(60),
        ),
        ("what: power_cut, at: 0s, back_after: 10s..60s", PowerCut(back_after=span(10, 60)), span(0)),
        (
            "what: power_cut, at: 0s, back_after: 1s, store: unsent lost",
            PowerCut(back_after=span(1), store=Store.LOST),
            span(0),
        ),
        ("what: clock_jump, at: 0s, by: -10min", ClockJump(by=-600), span(0)),
        ("what: clock_jump, at: 0s, by: +1d", ClockJump(by=86_400), span(0)),
        ("what: reboot_wave, at: 0s, over: 5min", RebootWave(), span(300)),
        ("what: platform_restart, at: 0s, down: 5s", PlatformRestart(), span(5)),
        (
            "what: misbehave, at: 0s, for: 1min, ways: [bad_sign, oversize], rate: 6/min",
            Misbehave(ways=("bad_sign", "oversize"), rate=0.1),
            span(60),
        ),
        (
            "what: misbehave, at: 0s, for: 1min, ways: [bad_sign], rate: 1/s, expect: any",
            Misbehave(ways=("bad_sign",), rate=1, refused=False),
            span(60),
        ),
    ],
)
def test_a_fault_is_read_as_written(fault: str, kind: Kind, lasts: Range) -> None:
    assert entry_of(fault) == Entry(kind=kind, at=0.0, lasts=lasts)


@pytest.mark.parametrize(
    ("keys", "entry"),
    [
        ("at: 5s", {"at": 5.0}),
        ("every: 10min", {"at": None, "every": 600.0}),
        ("at: 5s, every: 10min", {"at": 5.0, "every": 600.0}),
        ("at: 5s, share: 40%", {"at": 5.0, "share": 0.4}),
        ("at: 5s, share: 0.25", {"at": 5.0, "share": 0.25}),
        ("at: 5s, groups: [halls]", {"at": 5.0, "groups": (1,)}),
        ("at: 5s, groups: [halls, rooms], share: 1%", {"at": 5.0, "groups": (0, 1), "share": 0.01}),
    ],
)
def test_when_and_whom(keys: str, entry: dict[str, object]) -> None:
    wanted = {"kind": Outage(), "lasts": span(2), **entry}
    assert entry_of(f"what: outage, for: 2s, {keys}") == Entry(**wanted)  # type: ignore[arg-type]


def test_a_scenario_without_faults_has_none() -> None:
    assert parse_scenario(HEAD.removesuffix("faults:\n")).fault_entries() == ()
    assert parse_scenario(f"{HEAD.removesuffix(chr(10))} []\n").fault_entries() == ()


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        # what
        ("at: 1s, for: 2s", "what: is missing"),
        ("what: outge, at: 1s", f"what: 'outge' is none of {KINDS} (did you mean outage?)"),
        ("what: storm, at: 1s", f"what: 'storm' is none of {KINDS}"),
        ("what: 5", f"what: '5' is none of {KINDS}"),
        ("what: [outage]", f"what: '['outage']' is none of {KINDS} (did you mean outage?)"),
        ("what: null", f"what: 'None' is none of {KINDS}"),
        # keys
        (f"{OUTAGE}, hoow: reset", "hoow: is not a key here (did you mean how?)"),
        (f"{OUTAGE}, fro: 1s", "fro: is not a key here (did you mean for?)"),
        (f"{OUTAGE}, latency: 1s", "latency: is not a key of outage, but of slow_link"),
        (f"{OUTAGE}, down: 1s", "down: is not a key of outage, but of flapping, platform_restart"),
        (f"{OUTAGE}, zzz: 1", "zzz: is not a key here; known: at, every, share, groups, what, for, how"),
        (f"{OUTAGE}, lasts: 1s", "lasts: is not a key here; known: at, every, share, groups, what, for, how"),
        (f"{OUTAGE}, outage: 1", "outage: is not a key here; known: at, every, share, groups, what, for, how"),
        (
            "what: platform_restart, at: 1s, down: 5s, share: 5%",
            "share: is not a key of platform_restart, but of outage, flapping, slow_link, power_cut, clock_jump, "
            "reboot_wave, misbehave",
        ),
        (
            "what: platform_restart, at: 1s, down: 5s, groups: [halls]",
            "groups: is not a key of platform_restart, but of outage, flapping, slow_link, power_cut, clock_jump, "
            "reboot_wave, misbehave",
        ),
        (
            "what: reboot_wave, at: 1s, over: 5s, for: 5s",
            "for: is not a key of reboot_wave, but of outage, flapping, slow_link, misbehave",
        ),
        # missing ones
        ("what: outage, at: 1s", "for: is missing"),
        ("what: flapping, at: 1s, for: 1s, up: 1s", "down: is missing"),
        ("what: flapping, at: 1s, for: 1s, down: 1s", "up: is missing"),
        ("what: slow_link, at: 1s, for: 1s", "latency: is missing"),
        ("what: power_cut, at: 1s", "back_after: is missing"),
        ("what: clock_jump, at: 1s", "by: is missing"),
        ("what: reboot_wave, at: 1s", "over: is missing"),
        ("what: platform_restart, at: 1s", "down: is missing"),
        ("what: misbehave, at: 1s, for: 1s, rate: 1/s", "ways: is missing"),
        ("what: misbehave, at: 1s, for: 1s, ways: [bad_sign]", "rate: is missing"),
        # values
        ("what: outage, at: 1, for: 2s", "at: 1 has no unit: write 1s, 1ms, 1min or 1h"),
        (
            "what: outage, at: -1s, for: 2s",
            "at: -1s is negative: a duration like 500ms, 10s, 2min, 1h, 1h30min is needed",
        ),
        ("what: outage, at: 31d, for: 2s", "at: '31d' is out of range: it must be at most 30d"),
        ("what: outage, at: 1s, for: 2", "for: 2 has no unit: write 2s, 2ms, 2min or 2h"),
        ("what: outage, at: 1s, for: 9s..2s", "for: '9s..2s' runs backwards: write the smaller bound first"),
        ("what: outage, at: 1s, for: 0s", "for: '0s' is out of range: it must be 10ms to 30d"),
        ("what: outage, every: 1ms, for: 1s", "every: '1ms' is out of range: it must be 1s to 30d"),
        (f"{OUTAGE}, share: 5", "share: 5 is no share: write 5% or a number from 0 to 1"),
        (f"{OUTAGE}, share: 101%", "share: 101% is more than 100%"),
        (f"{OUTAGE}, groups: halls", "groups: 'halls' must be a list: each entry begins with `- `"),
        (f"{OUTAGE}, groups: []", "groups: must not be empty"),
        (f"{OUTAGE}, groups: [5]", "groups[0]: '5' must be text: put it in quotes"),
        (
            f"{OUTAGE}, how: silentt",
            "how: 'silentt' is none of reset, close, silent, dns, refused (did you mean silent?)",
        ),
        (
            "what: flapping, at: 1s, for: 9s, up: 0s, down: 1s",
            "up: '0s' is out of range: it must be 10ms to 1d",
        ),
        (
            "what: flapping, at: 1s, for: 9s, up: 1s, down: 2d",
            "down: '2d' is out of range: it must be 10ms to 1d",
        ),
        (
            "what: slow_link, at: 1s, for: 9s, latency: 11min",
            "latency: '11min' is out of range: it must be at most 10min",
        ),
        (
            "what: slow_link, at: 1s, for: 9s, latency: 1s, bandwidth: 64KB",
            "bandwidth: '64KB' is no bandwidth like 64KB/s, 1MB/s: write 64KB/s",
        ),
        (
            "what: slow_link, at: 1s, for: 9s, latency: 1s, bandwidth: 64",
            "bandwidth: '64' is no bandwidth like 64KB/s, 1MB/s",
        ),
        (
            "what: slow_link, at: 1s, for: 9s, latency: 1s, bandwidth: 64kb/s",
            "bandwidth: 'kb' is no unit of size: write 64B, 64KB (1,024 bytes) or 64MB",
        ),
        (
            "what: slow_link, at: 1s, for: 9s, latency: 1s, bandwidth: 1B/s",
            "bandwidth: '1B/s' is out of range: it must be 100B/s to 1024MB/s",
        ),
        (
            "what: slow_link, at: 1s, for: 9s, latency: 1s, stall: 2",
            "stall: 2 is no share: write 2% or a number from 0 to 1",
        ),
        (
            "what: power_cut, at: 1s, back_after: 2d",
            "back_after: '2d' is out of range: it must be 10ms to 1d",
        ),
        (
            "what: power_cut, at: 1s, back_after: 1s, store: lost",
            "store: 'lost' is none of kept, unsent lost",
        ),
        ("what: clock_jump, at: 1s, by: -10", "by: -10 has no unit: write -10s, -10ms, -10min or -10h"),
        ("what: clock_jump, at: 1s, by: -3651d", "by: '-3651d' is out of range: it must be -3650d to 3650d"),
        ("what: reboot_wave, at: 1s, over: 0s", "over: '0s' is out of range: it must be 10ms to 30d"),
        ("what: platform_restart, at: 1s, down: 2d", "down: '2d' is out of range: it must be 10ms to 1d"),
        (
            "what: misbehave, at: 1s, for: 9s, rate: 1/s, ways: [bad_sing]",
            "ways[0]: 'bad_sing' is no way to misbehave (did you mean bad_sign?)",
        ),
        ("what: misbehave, at: 1s, for: 9s, rate: 1/s, ways: []", "ways: must not be empty"),
        (
            "what: misbehave, at: 1s, for: 9s, rate: 1/s, ways: bad_sign",
            "ways: 'bad_sign' must be a list: each entry begins with `- `",
        ),
        ("what: misbehave, at: 1s, for: 9s, rate: 6, ways: [bad_sign]", "rate: 6 has no unit: write 6/s, 6/min or 6/h"),
        (
            "what: misbehave, at: 1s, for: 9s, rate: 0/s, ways: [bad_sign]",
            "rate: '0/s' is out of range: it must be more than 0",
        ),
        (
            "what: misbehave, at: 1s, for: 9s, rate: 101/s, ways: [bad_sign]",
            "rate: '101/s' is out of range: it must be at most 100/s",
        ),
        (
            "what: misbehave, at: 1s, for: 9s, rate: 1/s, ways: [bad_sign], expect: refusal",
            "expect: 'refusal' is none of refused, any (did you mean refused?)",
        ),
    ],
)
def test_one_mistake_gives_one_problem_with_its_key(fault: str, problem: str) -> None:
    # One sound fault before and one after: each mistake is told of its own entry.
    sound = f"  - {{{OUTAGE}}}\n"
    assert problems_of(f"{HEAD}{sound}  - {{{fault}}}\n{sound}") == [f"f.yaml:5: faults[1].{problem}"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("faults: {what: outage}\n", 'faults: \'{"what": "outage"}\' must be a list: each entry begins with `- `'),
        ("faults: outage\n", "faults: 'outage' must be a list: each entry begins with `- `"),
        ("faults: [outage]\n", "faults[0]: 'outage' must be a mapping: `key: value` lines"),
        ("faults: [null]\n", "faults[0]: is empty, and must be a mapping: `key: value` lines"),
        ("fault: []\n", "fault: is not a key here (did you mean faults?)"),
        ("defaults: {faults: []}\n", "defaults.faults: is not a key here; it belongs in `the top level`"),
        ("defaults: {back_after: 1s}\n", "defaults.back_after: is not a key here; it belongs in `faults`"),
    ],
)
def test_what_is_no_list_of_faults(text: str, problem: str) -> None:
    assert problems_of(f"groups: [{{name: rooms, count: 5}}]\n{text}") == [f"f.yaml:2: {problem}"]


def test_each_mistake_is_at_the_line_of_its_key() -> None:
    found = problems_of(
        HEAD
        + "  - what: outage\n"
        + "    at: 5\n"
        + "    for: 0s\n"
        + "    how: silence\n"
        + "    groups: [rooms, hals]\n"
        + "    back_after: 1s\n"
        + "  - what: flaping\n"
        + "    at: 5\n"
        + "  - at: 1min\n"
        + "    what: misbehave\n"
        + "    for: 1min\n"
        + "    rate: 1/h\n"
        + "    ways:\n"
        + "      - bad_sign\n"
        + "      - oversized\n"
        + "      - what\n"
        + "  - nothing\n"
        + "  - what: platform_restart\n"
        + "    at: 2h\n"
    )
    assert [problem.split(": ")[:2] for problem in found] == [
        ["f.yaml:5", "faults[0].at"],
        ["f.yaml:6", "faults[0].for"],
        ["f.yaml:7", "faults[0].how"],
        ["f.yaml:8", "faults[0].groups[1]"],
        ["f.yaml:9", "faults[0].back_after"],
        ["f.yaml:10", "faults[1].what"],
        ["f.yaml:15", "faults[2].rate"],
        ["f.yaml:18", "faults[2].ways[1]"],
        ["f.yaml:19", "faults[2].ways[2]"],
        ["f.yaml:20", "faults[3]"],
        ["f.yaml:21", "faults[4].down"],
        ["f.yaml:22", "faults[4].at"],
    ]


def test_every_way_to_misbehave_can_be_written() -> None:
    entry = entry_of(f"what: misbehave, at: 1s, for: 9s, rate: 1/s, ways: [{', '.join(MISBEHAVIOURS)}]")
    assert isinstance(entry.kind, Misbehave)
    assert entry.kind.ways == tuple(MISBEHAVIOURS)


def test_faults_may_share_keys_by_an_anchor() -> None:
    scenario = parse_scenario(
        HEAD + "  - &o {what: outage, at: 1s, for: 2s, groups: [halls]}\n  - {<<: *o, at: 9s, how: dns}\n"
    )
    first, second = scenario.fault_entries()
    assert (first.at, second.at, second.groups, second.kind) == (1.0, 9.0, (1,), Outage(how=How.DNS))
