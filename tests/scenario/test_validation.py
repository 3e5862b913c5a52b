"""Every kind of wrong scenario: the line, the field, what is wrong, what would be right; all of it in one go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.scenario.checks import check
from simulator.scenario.validation import validate
from simulator.scenario.yaml_source import YamlSource
from tests.scenario.wrong_scenarios import GROUP, problems_of


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        # keys
        (GROUP + "durration: 10s\n", "f.yaml:4: durration: is not a key here (did you mean duration?)"),
        (GROUP + "    heartbet: 10s\n", "f.yaml:4: groups[0].heartbet: is not a key here (did you mean heartbeat?)"),
        (
            GROUP + "    visitor_share: 5%\n",
            "f.yaml:4: groups[0].visitor_share: is not a key here; it belongs in "
            "`defaults.verifications` or `groups.verifications`",
        ),
        (
            GROUP + "tls: {zzz: 1}\n",
            "f.yaml:4: tls.zzz: is not a key here; known: ca, client_cert, client_key, verify, resume",
        ),
        ("name: x\n", "f.yaml:1: groups: is missing"),
        ("groups:\n  - name: a\n    count: 1\n  - count: 2\n", "f.yaml:4: groups[1].name: is missing"),
        ("groups:\n  - name: a\n", "f.yaml:2: groups[0].count: is missing"),
        ("groups: []\n", "f.yaml:1: groups: must not be empty"),
        # types
        ("- a\n", "f.yaml:1: must be a mapping: `key: value` lines"),
        ("groups: 5\n", "f.yaml:1: groups: '5' must be a list: each entry begins with `- `"),
        ("groups:\n  - rooms\n", "f.yaml:2: groups[0]: 'rooms' must be a mapping: `key: value` lines"),
        (
            "groups:\n  - {name: a, count: '5'}\n",
            "f.yaml:2: groups[0].count: '5' must be a whole number: leave out the quotes",
        ),
        ("groups:\n  - {name: a, count: 5.5}\n", "f.yaml:2: groups[0].count: '5.5' must be a whole number"),
        ("groups:\n  - {name: a, count: }\n", "f.yaml:2: groups[0].count: is empty, and must be a whole number"),
        (
            GROUP + "    attendance: true\n",
            "f.yaml:4: groups[0].attendance: 'true' must be a mapping: write {} for the usual ones",
        ),
        (GROUP + "    model: 8\n", "f.yaml:4: groups[0].model: '8' must be text: put it in quotes"),
        (GROUP + "tls: {verify: no}\n", "f.yaml:4: tls.verify: 'no' must be true or false"),
        (
            'groups:\n  - {name: "a\\nb", count: 5}\n',
            "f.yaml:2: groups[0].name: holds U+000A (character 2), which cannot be seen: take it out",
        ),
        # units
        (GROUP + "duration: 10\n", "f.yaml:4: duration: 10 has no unit: write 10s, 10ms, 10min or 10h"),
        (GROUP + "duration: 0s\n", "f.yaml:4: duration: '0s' is out of range: it must be more than 0"),
        (
            GROUP + "    verifications:\n      - rate: 6\n",
            "f.yaml:5: groups[0].verifications[0].rate: 6 has no unit: write 6/s, 6/min or 6/h",
        ),
        (
            GROUP + "    verifications:\n      - rate: 6/min\n        photo_size: 14\n",
            "f.yaml:6: groups[0].verifications[0].photo_size: 14 has no unit: write 14B or 14KB (1,024 bytes)",
        ),
        (
            GROUP + "    verifications:\n      - rate: 6/min\n        photo_share: 5\n",
            "f.yaml:6: groups[0].verifications[0].photo_share: 5 is no share: write 5% or a number from 0 to 1",
        ),
        # impossible values
        (
            "groups:\n  - {name: a, count: -1}\n",
            "f.yaml:2: groups[0].count: '-1' is out of range: it must be at least 0",
        ),
        (
            GROUP + "    verifications:\n      - rate: 1/s\n        photo_size: 10KB..300KB\n",
            "f.yaml:6: groups[0].verifications[0].photo_size: a photo is between 1KB and 255KB",
        ),
        (
            GROUP + "    verifications:\n      - rate: 1/s\n        styles: [15, 99]\n",
            "f.yaml:6: groups[0].verifications[0].styles: [99]: a verifyStyle is 0 to 29, or 200",
        ),
        (
            GROUP + "    verifications:\n      - {rate: 1/s, arrival: fixed, wave: {at: 1s, width: 1s, peak: 2/s}}\n",
            "f.yaml:5: groups[0].verifications[0]: a wave needs `arrival: poisson`",
        ),
        (
            GROUP + "    verifications:\n      - {rate: 3/s, wave: {at: 1s, width: 1s, peak: 2/s}}\n",
            "f.yaml:5: groups[0].verifications[0]: the wave's peak is below the steady rate",
        ),
        (
            GROUP + "    max_package: 100B\n",
            "f.yaml:4: groups[0].max_package: '100B' must be whole KB (1,024 bytes) from 4KB to 1024KB",
        ),
        (GROUP + "    reconnect: {first: 10s, max: 5s}\n", "f.yaml:4: groups[0].reconnect: `max` is below `first`"),
        (
            GROUP + "    meetings:\n      - {id: '1', starts: 5s, ends: 5s}\n",
            "f.yaml:5: groups[0].meetings[0]: the meeting ends before it starts",
        ),
        (
            GROUP + "    meetings:\n      - {id: '1', starts: 5s, ends: 9s, sign_in_opens: 3s, sign_in_closes: 1s}\n",
            "f.yaml:5: groups[0].meetings[0]: the sign-in window closes before it opens",
        ),
        # words
        (
            GROUP + "    start: wram\n",
            "f.yaml:4: groups[0].start: 'wram' is none of as listed, cold, warm (did you mean warm?)",
        ),
        (
            GROUP + "    broker_type: best-x\n",
            "f.yaml:4: groups[0].broker_type: 'best-x' is none of push, best-w, best-t, best-m, best-a "
            "(did you mean best-w?)",
        ),
        (
            GROUP + "channel: {suite: rsa-aess}\n",
            "f.yaml:4: channel.suite: 'rsa-aess' is no channel suite (did you mean rsa-aes?)",
        ),
        (
            GROUP + "channel: {device_key_bits: 512}\n",
            "f.yaml:4: channel.device_key_bits: '512' is none of 1024, 2048",
        ),
        (
            GROUP + "    user_locale: zh_CM\n",
            "f.yaml:4: groups[0].user_locale: 'zh_CM' is no locale of faker (did you mean zh_CN?)",
        ),
        (
            GROUP + "    handling: {cmd.data.updat: 1s}\n",
            "f.yaml:4: groups[0].handling.cmd.data.updat: 'cmd.data.updat' is no cmd.* funcId or a prefix of one "
            "(did you mean cmd.data.update?)",
        ),
        (
            GROUP + "    options: {volum: '1'}\n",
            "f.yaml:4: groups[0].options.volum: 'volum' is no parameter of dev.report (did you mean volume?)",
        ),
        (GROUP + "    options: {devModel: x}\n", "f.yaml:4: groups[0].options.devModel: devModel is set by `model`"),
        (
            GROUP + "    options: {volume: '101'}\n",
            "f.yaml:4: groups[0].options.volume: is not a whole number, 0 to 100",
        ),
        (
            GROUP + "platform:\n  answers:\n    - func_id: dev.heartbaet\n",
            "f.yaml:6: platform.answers[0].func_id: 'dev.heartbaet' is no funcId that the platform answers, "
            "nor a glob that matches one (did you mean dev.heartbeat?)",
        ),
        (
            GROUP + "platform: {func_ids: [dev.heartbeet]}\n",
            "f.yaml:4: platform.func_ids: 'dev.heartbeet' is no funcId of the protocol (did you mean dev.heartbeat?)",
        ),
        (
            GROUP + "platform: {timezone: CET}\n",
            "f.yaml:4: platform.timezone: 'CET' is not an offset ±HH:mm",
        ),
        (
            GROUP + "platform: {heartbeat: {interval: 1500ms}}\n",
            "f.yaml:4: platform.heartbeat.interval: the protocol counts the interval in whole seconds, 1s or more",
        ),
        (
            GROUP + "platform: {answers: [{func_id: '*', errors: {share: 1%, code: '00000000'}}]}\n",
            "f.yaml:4: platform.answers[0].errors.code: 00000000 is success, not an error",
        ),
        (
            GROUP + "platform: {answers: [{func_id: '*', delay: {fixed: 1s, exponential: 1s}}]}\n",
            "f.yaml:4: platform.answers[0].delay: give exactly one of fixed, uniform, exponential and lognormal",
        ),
        (
            GROUP + "platform: {answers: [{func_id: '*', delay: {lognormal: {median: 2s, p99: 1s}}}]}\n",
            "f.yaml:4: platform.answers[0].delay.lognormal: `p99` must be above `median`",
        ),
        (
            GROUP + "platform:\n  pushes:\n    - {command: cmd.data.query.user, every: 1s, at: 2s}\n",
            "f.yaml:6: platform.pushes[0]: give one of `every`, `at`, not 2 of them",
        ),
        (
            GROUP + "platform:\n  pushes:\n    - {command: cmd.data.query.user, every: 1s, after: 2s}\n",
            "f.yaml:6: platform.pushes[0]: `after` goes with `on: online`, not with `every`",
        ),
        (GROUP + "platform: {tls: {key: k.pem}}\n", "f.yaml:4: platform.tls: `certificate` and `key` go together"),
        # target, identities, tls, network, ramp
        (
            GROUP + "target: embeded\n",
            "f.yaml:4: target: 'embeded' is neither `embedded` nor a URL like https://dispatch.example.com "
            "(did you mean embedded?)",
        ),
        (
            GROUP + "target: wss://x\n",
            "f.yaml:4: target: 'wss://x' is a broker's scheme; the dispatch service is asked first: https://x",
        ),
        (
            GROUP + "target: https://x.example/a/v3/device/getBrokerServer?sn=1\n",
            "f.yaml:4: target: give what precedes /v3/device/getBrokerServer: https://x.example/a",
        ),
        (
            GROUP + "target: http://x:99999\n",
            "f.yaml:4: target: 'http://x:99999' has a port that is no number from 1 to 65535",
        ),
        (
            GROUP + "target: http://me:secret@x\n",
            "f.yaml:4: target: must carry no user name or password: addresses stand in logs, pages and reports",
        ),
        (
            GROUP + "target: []\n",
            "f.yaml:4: target: '[]' must be `embedded`, the URL of a dispatch server, or a list of such URLs",
        ),
        (
            GROUP + "identities: {sn: BEST}\n",
            "f.yaml:4: identities.sn: 'BEST' must be letters, digits and . _ - round one {index} or {index:06d}, "
            "like BEST{index:06d}",
        ),
        (
            GROUP + "identities: {csv: a.csv, first: 3}\n",
            "f.yaml:4: identities: with `csv` the file says everything: leave out `first`",
        ),
        (GROUP + "tls: {client_cert: c.pem}\n", "f.yaml:4: tls: `client_cert` and `client_key` go together"),
        (
            GROUP + "tls: {ca: c.pem, verify: false}\n",
            "f.yaml:4: tls: `verify: false` makes `ca` useless: leave one out",
        ),
        (
            GROUP + "network: {source_ips: 10.0.0}\n",
            "f.yaml:4: network.source_ips: '10.0.0' is neither an address nor a network like 10.0.0.5, 10.0.0.0/28 "
            "or 127.0.1.0/28",
        ),
        (
            GROUP + "network: {source_ips: 127.0.0.0/8}\n",
            "f.yaml:4: network.source_ips: '127.0.0.0/8' holds 16777216 addresses; at most 4096 are used",
        ),
        (
            GROUP + "network: {connect_rate: 0/s}\n",
            "f.yaml:4: network.connect_rate: '0/s' is out of range: it must be more than 0",
        ),
        (
            GROUP + "ramp: {rate: 1/s, steps: [{devices: 5, over: 5s}]}\n",
            "f.yaml:4: ramp: give `rate` or `steps`, not both",
        ),
        (
            GROUP + "ramp:\n  steps:\n    - devices: 5\n",
            "f.yaml:6: ramp.steps[0]: the step takes no time: give `over`, `hold` or both",
        ),
        # what only the whole shows
        (
            "groups:\n  - {name: a, count: 1}\n  - {name: a, count: 1}\n",
            "f.yaml:3: groups[1].name: 'a' is the name of groups[0] too",
        ),
        ("groups:\n  - {name: a, count: 0}\n", "f.yaml:1: groups: the groups hold no device at all: give `count`"),
        (
            GROUP + "    users: 50\n    capacities: {users: 10}\n",
            "f.yaml:4: groups[0].users: 50 users are more than the 10 that `capacities.users` allows",
        ),
        (
            GROUP + "defaults: {start: warm}\n",
            "f.yaml:4: defaults.start: a warm start takes logins from `state_file` or from the CSV of `identities`: "
            "give one",
        ),
        (
            GROUP + "    meetings: [{id: '1', starts: 0s, ends: 1s}, {id: '1', starts: 2s, ends: 3s}]\n",
            "f.yaml:4: groups[0].meetings: two meetings have the same id",
        ),
        (
            GROUP + "report:\n  attendance: true\n",
            "f.yaml:5: report.attendance: no group has an `attendance`, so that there would be no row: give one, or "
            "leave this out",
        ),
        (
            GROUP + "report:\n  attendance: true\ndefaults:\n  attendance: 5\n",
            "f.yaml:7: defaults.attendance: '5' must be a mapping: `key: value` lines",
        ),
        (
            GROUP + "    attendance: {absent: 300%}\nreport: {attendance: true}\nthresholds: [attendance.came > 1]\n",
            "f.yaml:4: groups[0].attendance.absent: 300% is more than 100%",
        ),
        (
            GROUP + "thresholds:\n  - attendance.came > 1\n",
            "f.yaml:5: thresholds[0]: no group has an `attendance` that this could be said of: give one, or leave this "
            "out",
        ),
        (
            GROUP + "thresholds:\n  - failures < 1 %\n  - disconnects == 0\n  - failures<1%\n",
            "f.yaml:7: thresholds[2]: is thresholds[0] once more: take it out",
        ),
        (
            GROUP + "ramp:\n  steps:\n    - {devices: 6, over: 5s}\n",
            "f.yaml:6: ramp.steps[0].devices: 6 devices are more than the 5 of all groups",
        ),
        (
            GROUP + "ramp:\n  steps:\n    - {devices: 0, hold: 5s}\n",
            "f.yaml:5: ramp.steps: no step starts any device",
        ),
        (
            GROUP + "duration: 5s\nramp:\n  steps: [{devices: 5, hold: 6s}]\n",
            "f.yaml:4: duration: the ramp's steps take 6s, longer than the run (5s)",
        ),
        (GROUP + "ramp: {down: 60s}\n", "f.yaml:4: ramp.down: stopping takes as long as the run (1min)"),
        (
            GROUP + "ramp: {rate: 2/min}\n",
            "f.yaml:4: ramp.rate: 5 devices at 2/min need 2min30s, longer than the run (1min)",
        ),
        (
            GROUP + "    verifications:\n      - {rate: 0/s, wave: {at: 2min, width: 1s, peak: 2/s}}\n",
            "f.yaml:5: groups[0].verifications[0].wave.at: the wave comes after the end of the run (1min)",
        ),
        (
            GROUP + "platform: {pushes: [{command: cmd.data.clear.all, meeting: 1}]}\n",
            "f.yaml:4: platform.pushes[0]: `meeting` goes with cmd.data.update.meeting, cmd.data.delete.meeting, "
            "cmd.data.update.meetingMember, cmd.data.delete.meetingMember, not with cmd.data.clear.all",
        ),
        (
            GROUP + "platform: {pushes: [{command: cmd.data.delete.meeting, meeting: 1, moved: 5min}]}\n",
            "f.yaml:4: platform.pushes[0]: `moved` and `longer` go with `meeting` of cmd.data.update.meeting",
        ),
        (
            GROUP + "platform: {pushes: [{command: cmd.data.delete.meeting, meeting: 2}]}\n",
            "f.yaml:4: platform.pushes[0].meeting: there is no meeting 2: `platform.meetings.count` is 1",
        ),
        (
            GROUP + "platform: {pushes: [{command: cmd.data.update.meeting, meeting: 1, longer: -1h}]}\n",
            "f.yaml:4: platform.pushes[0].longer: a meeting of 1h cannot be shorter by that",
        ),
        (
            GROUP + "platform: {pushes: [{command: cmd.data.query.user, at: 60s}]}\n",
            "f.yaml:4: platform.pushes[0].at: never comes in the run (1min)",
        ),
        (
            GROUP + "platform: {pushes: [{command: cmd.data.query.usr}]}\n",
            "f.yaml:4: platform.pushes[0].command: 'cmd.data.query.usr' is no command of the protocol; "
            "to push it all the same, add `unknown: true` (did you mean cmd.data.query.user?)",
        ),
        (
            GROUP + "platform: {pushes: [{command: cmd.data.query.user, unknown: true}]}\n",
            "f.yaml:4: platform.pushes[0].command: 'cmd.data.query.user' is a command of the protocol: "
            "leave out `unknown: true`",
        ),
        (
            GROUP + "platform: {users: 5, members: 6}\n",
            "f.yaml:4: platform.members: 6 members are more than the 5 users that the platform gives",
        ),
        (GROUP + "thresholds:\n  - fine\n  - nonsense\n", "f.yaml:6: thresholds[1]: is nonsense"),
    ],
)
def test_one_mistake_gives_one_problem(text: str, problem: str) -> None:
    assert problems_of(text) == [problem]


def test_all_mistakes_are_listed_at_once_in_the_files_order() -> None:
    problems = problems_of(
        "name: x\n"
        "durration: 10s\n"
        "seed: -1\n"
        "groups:\n"
        "  - name: a\n"
        "    count: two\n"
        "    heartbet: 10s\n"
        "    verifications:\n"
        "      - rate: 6\n"
        "  - name: a\n"
        "    count: 3\n"
        "    users: 40000\n"
        "  - nonsense\n"
        "ramp: {down: 2min}\n"
        "platform:\n"
        "  pushes:\n"
        "    - {command: cmd.data.query.usr}\n"
        "thresholds: [nonsense]\n"
    )
    assert [(problem.split(":")[1], problem.split(": ")[1]) for problem in problems] == [
        ("2", "durration"),
        ("3", "seed"),
        ("6", "groups[0].count"),
        ("7", "groups[0].heartbet"),
        ("9", "groups[0].verifications[0].rate"),
        ("10", "groups[1].name"),
        ("12", "groups[1].users"),
        ("13", "groups[2]"),
        ("14", "ramp.down"),
        ("17", "platform.pushes[0].command"),
        ("18", "thresholds[0]"),
    ]


def test_all_wrong_options_are_told_at_once() -> None:
    options = "options: {cameraOn: '2', verifyStyles: abc, volum: '1'}"
    found = problems_of(f"{GROUP}    {options}\ndefaults:\n  {options}\n")
    assert [problem.split(": ")[:2] for problem in found] == [
        [f"f.yaml:{line}", f"{place}.options.{name}"]
        for line, place in ((4, "groups[0]"), (6, "defaults"))
        for name in ("volum", "cameraOn", "verifyStyles")
    ]


def test_all_wrong_ways_to_fail_are_told_at_once() -> None:
    found = problems_of(
        GROUP
        + "    command_failures:\n"
        + "      bussy: 1%\n"
        + "      cmd.data.update.bioFoto: {busy: 1%}\n"
        + "      slow: {share: 3%}\n"
        + "      silent: 300%\n"
        + "      cmd.data:\n"
        + "        sillent: 1%\n"
        + "        buzy: 2%\n"
    )
    at = "groups[0].command_failures"
    assert found == [
        f"f.yaml:5: {at}.bussy: 'bussy' is no way to fail and no cmd.* funcId (did you mean busy?)",
        f"f.yaml:6: {at}.cmd.data.update.bioFoto: 'cmd.data.update.bioFoto' is no way to fail and no cmd.* funcId "
        "(did you mean cmd.data.update.bioPhoto?)",
        f"f.yaml:7: {at}.slow.time: is missing",
        f"f.yaml:8: {at}.silent: 300% is more than 100%",
        f"f.yaml:10: {at}.cmd.data.sillent: is not a key here (did you mean silent?)",
        f"f.yaml:11: {at}.cmd.data.buzy: is not a key here (did you mean busy?)",
    ]


def test_failures_without_effect_are_told_at_once() -> None:
    found = problems_of(GROUP + "    command_failures: {cmd.system: {store_full: 1%, download: 1%}}\n")
    assert len(found) == 1
    assert "`store_full` has no effect" in found[0]
    assert "`download` has no effect" in found[0]


def test_a_mistake_in_defaults_is_said_once_and_there() -> None:
    text = "defaults:\n  users: 99999\ngroups:\n  - {name: a, count: 1}\n  - {name: b, count: 1}\n"
    assert problems_of(text) == [
        "f.yaml:2: defaults.users: 99999 users are more than the 30000 that `capacities.users` allows"
    ]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (GROUP + "duration: 10\nramp: {steps: [{devices: 5, hold: 5s}]}\n", ["duration"]),
        (GROUP + "duration: 10\nramp: {down: 60s}\n", ["duration"]),
        (GROUP + "duration: 10\nramp: {rate: 1/min}\n", ["duration"]),
        (GROUP + "duration: 10\nplatform: {pushes: [{command: cmd.data.query.user, at: 60s}]}\n", ["duration"]),
        (
            GROUP + "    verifications: [{rate: 0/s, wave: {at: 2min, width: 1s, peak: 2/s}}]\nduration: 10\n",
            ["duration"],
        ),
        # counts
        (
            "groups:\n  - {name: a, lots: 300}\nramp: {steps: [{devices: 300, over: 5s}]}\n",
            ["groups[0].count", "groups[0].lots"],
        ),
        (
            "groups:\n  - {name: a, count: 2}\n  - {name: b, count: many}\nramp: {steps: [{devices: 300, over: 5s}]}\n",
            ["groups[1].count"],
        ),
        ("groups:\n  - {name: a, count: -1}\nramp: {rate: 1/h}\n", ["groups[0].count"]),
        ("groups: [{name: a, count: 5}, b]\nramp: {steps: [{devices: 7, over: 5s}]}\n", ["groups[1]"]),
        # the platform's meetings and people
        (GROUP + "platform: {users: many, members: 30}\n", ["platform.users"]),
        (GROUP + "platform: {meetings: {count: no}, users: 5, members: 6}\n", ["platform.meetings.count"]),
        (
            GROUP + "platform: {meetings: {count: two}, pushes: [{command: cmd.data.delete.meeting, meeting: 2}]}\n",
            ["platform.meetings.count"],
        ),
        (
            GROUP + "platform: {meetings: {duration: 2}, pushes: [{command: cmd.data.update.meeting, meeting: 1, "
            "longer: -1h}]}\n",
            ["platform.meetings.duration"],
        ),
        # what devices are
        (GROUP + "    users: 40000\n    capacities: {users: many}\n", ["groups[0].capacities.users"]),
        (GROUP + "    users: 40000\ndefaults: {capacities: {users: many}}\n", ["defaults.capacities.users"]),
        (GROUP + "    start: warm\nidentities: {csv: 5}\n", ["identities.csv"]),
        (GROUP + "    start: warm\nstate_file: 5\n", ["state_file"]),
        (GROUP + "    broker_type: best-mm\n    mqtt: {qos: 1}\n", ["groups[0].broker_type"]),
        (GROUP + "defaults: {broker_type: best-mm, mqtt: {qos: 1}}\n", ["defaults.broker_type"]),
        (GROUP + "channel: {suite: configurable, derive: md5, cipher: aes-128-gmc}\n", ["channel.cipher"]),
        (
            GROUP + "    max_package: 100\n    functions: {without: [dev.file.upload]}\n"
            "    verifications: [{rate: 1/s, photo_size: 100KB}]\n",
            ["groups[0].max_package"],
        ),
        (
            GROUP + "    verifications: [{rate: 1/s, styles: [1]}]\n    options: {volume: 5, verifyStyles: '00'}\n",
            ["groups[0].options.volume"],
        ),
    ],
)
def test_a_wrong_part_causes_no_problems_that_follow_from_it(text: str, fields: list[str]) -> None:
    assert sorted(problem.split(": ")[1] for problem in problems_of(text)) == fields


KEYS = (
    "name seed duration target identities channel tls network defaults groups ramp thresholds platform users count "
    "rate steps pushes answers delay fixed wave at verifications options handling command on csv sn x "
    "faults what for ways share every down workers processes command_failures slow login register_again_on"
)
keys = st.sampled_from(KEYS.split())
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 10**20)
    | st.floats()
    | st.sampled_from(["10s", "6/min", "5%", "9KB", "embedded", "cold", "cmd.data.query.user", "", "online", "é"])
    | st.sampled_from(["outage", "misbehave", "platform_restart", "bad_sign"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=25,
)


@given(st.dictionaries(keys, values, min_size=1))
def test_any_data_is_a_scenario_or_a_list_of_problems(data: dict[str, object]) -> None:
    document, problems, _ = validate(YamlSource(file="f", data=data, positions={(): (1, 1)}))
    assert document is not None or problems
    assert all(str(problem) for problem in problems)
    if document is not None:
        list(check(document, None, None))
