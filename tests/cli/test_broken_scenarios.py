"""`best-fleet check` on files that are no scenario: never a traceback, always the file, the line and what is wrong."""

import json
import re
from pathlib import Path

import pytest

from simulator.cli import main

GROUPS = "groups: [{name: a, count: 1}]\n"
ALIAS_BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
MERGE_BOMB = "m0: &m0 {b: 1}\n" + "".join(
    f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 20)}]}}\n" for n in range(1, 9)
)

BROKEN: dict[str, tuple[str | bytes, str]] = {
    "types": ("groups: {a: 1}\nduration: [1]\nseed: x\n", r":2: duration: '\[1\]' must be a duration"),
    "aliases": (ALIAS_BOMB, r":1: a\d.* …: unfolds to more than"),
    "merges": (MERGE_BOMB, r":1: m\d\.b: unfolds to more than"),
    "itself": ("groups: &g [*g]\n", r":1: groups.*: is nested too deeply"),
    "deep": (GROUPS + "x: " + "[" * 100_000, r":2: is not valid YAML: it is nested too deeply"),
    "twice": (GROUPS + "duration: 1s\nduration: 2s\n", r":3: duration: is given twice, here and in line 2"),
    "tab": ("groups:\n\t- name: a\n", r":2: is not valid YAML: .*'\\t'"),
    "wide colon": ("groups：\n  - name：a\n", r":1: must be a mapping: .*full-width mark ： where YAML wants :"),
    "wide comma": (
        "groups: [{name: a，count: 1}]\n",
        r":1: is not valid YAML: .*full-width mark ， where YAML wants ,",
    ),
    "wide quotes": (GROUPS + "x: {a: “b: c”}\n", r":2: .*full-width mark “ where YAML wants \""),
    "wide colon of a key": (
        GROUPS + "ramp: {rate： 10/s}\n",
        r":2: ramp.rate： .*the full-width mark ： where YAML wants :",
    ),
    "wide quotes of a URL": (
        GROUPS + "target: “http://x”\n",
        r":2: target: .* the full-width mark “ where a URL has \"",
    ),
    "wide sign of a threshold": (
        GROUPS + "thresholds: [failures ＜ 1 %]\n",
        r":2: thresholds\[0\]: .*column 10: cannot read '＜' \(did you mean failures < 1 %\?\)",
    ),
    "wide digits": (GROUPS + "duration: １０s\n", r":2: duration: '１０s' has full-width characters: write 10s"),
    "digits": (
        f"groups: [{{name: a, count: {'9' * 4000}}}]\n",
        r":1: groups\[0\]\.count: a number of 4,000 digits is out",
    ),
    "more digits": (
        GROUPS + f"seed: {'9' * 5000}\n",
        r":2: seed: is not a number that can be used: it has 5,000 digits",
    ),
    "long duration": (GROUPS + f"duration: {'9' * 400}s\n", r":2: duration: has 401 characters"),
    "long share": (GROUPS + f"limits: {{cpu: {'9' * 400}}}\n", r":2: limits\.cpu: 9+… \(400 digits\) is no share"),
    "not a number": (GROUPS + "limits: {cpu: .nan, loop_lag: .inf}\n", r":2: limits\.cpu: '\.nan' is no share"),
    "infinite": (GROUPS + "limits: {cpu: 1.0e999}\n", r":2: limits\.cpu: inf is no share"),
    "date": (GROUPS + "duration: 2026-01-01\n", r":2: duration: '2026-01-01' is no duration"),
    "half a pair": (GROUPS + 'description: "\\ud83d"\n', r":2: description: holds half of a surrogate pair"),
    "half a pair in a key": (GROUPS + '"\\ud83d": 1\n', r":2: .*holds half of a surrogate pair"),
    "escape": ('groups: [{name: "a\\e[31mb", count: 1}]\n', r":1: groups\[0\]\.name: holds U\+001B \(character 2\)"),
    "turned": ('groups: [{name: "a\\u202eb", count: 1}]\n', r":1: groups\[0\]\.name: holds U\+202E"),
    "model": (GROUPS + 'defaults: {model: "a\\nb"}\n', r":2: defaults\.model: holds U\+000A"),
    "null in a file's name": (GROUPS + 'state_file: "a\\0b"\n', r":2: state_file: holds U\+0000"),
    "a file's name": (GROUPS + f"tls: {{ca: {'x' * 300}}}\n", r":2: tls\.ca: "),
    "a directory": (GROUPS + "identities: {csv: .}\n", r":2: identities\.csv: .* is a directory"),
    "raw null": (GROUPS + "name: a\0b\n", r":2: is not valid YAML: character"),
    "binary": (bytes(range(256)) * 20, r":\d+: is not UTF-8 text"),
    "utf-16": (GROUPS.encode("utf-16"), r":1: is not UTF-8 text"),
    "empty": ("", r":1: is empty"),
    "scalar": ("hello\n", r":1: must be a mapping"),
    "two documents": (GROUPS + "---\n" + GROUPS, r":2: is not valid YAML"),
    "tag": ("groups: !!python/object/apply:os.system [ls]\n", r":1: groups: the tag .* is not supported"),
    "long key": (GROUPS + f"{'k' * 900}: 1\n", r":2: k{20,64}.*is not a key here"),
    "long glob": (
        GROUPS + f"platform: {{answers: [{{func_id: '{'*a' * 2000}'}}]}}\n",
        r":2: platform\.answers\[0\]\.func_id: ",
    ),
    "huge": ("#" * 2_000_000, r":1: is longer than"),
    "number of serial numbers": (
        GROUPS + "identities: {sn: 'A{index:099d}'}\n",
        r":2: identities: .*at most 64 can be right",
    ),
    "blanks in serial numbers": (
        GROUPS + "identities: {sn: 'A{index:9d}'}\n",
        r":2: identities\.sn: fills up with blanks",
    ),
    "threshold": (GROUPS + f"thresholds: ['failures < {'9' * 400} %']\n", r":2: thresholds\[0\]: "),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_refused_with_its_line(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, says = BROKEN[kind]
    path = tmp_path / "broken.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["check", str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert any(re.match(re.escape(str(path)) + says, line) for line in lines), lines
    assert all(line.startswith(f"{path}:") for line in lines)
    assert all(line.isprintable() and len(line) < 800 for line in lines)


@pytest.mark.parametrize("command", [["check"], ["platform", "--scenario"], ["provision"]], ids=" ".join)
@pytest.mark.parametrize("section", ["workers", "platform"])
@pytest.mark.parametrize("written", ["0", "'2'", "autoo", "[]"])
def test_every_command_tells_what_is_none_of_a_choice(
    command: list[str], section: str, written: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "choice.yaml"
    path.write_text(f"{GROUPS}{section}: {{processes: {written}}}\n")
    assert main([*command, str(path)]) == 2
    [line] = capsys.readouterr().err.splitlines()
    shown = written.strip("'")
    assert line.removeprefix("best-fleet: ").startswith(
        f"{path}:2: {section}.processes: '{shown}' must be a whole number"
    )


def test_a_directory_is_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path}: cannot be read: Is a directory\n"


def test_many_problems_are_counted_and_the_first_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "many.yaml"
    path.write_text(GROUPS + "".join(f"key{number}: 1\n" for number in range(1000)))
    assert main(["check", str(path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 101
    assert lines[0].startswith(f"{path}:2: key0: is not a key here; known: ")
    assert lines[-1] == f"{path}: 900 more problems are not listed"


@pytest.mark.parametrize(
    "line",
    [
        "target: 'ftp://user:HIDDEN@host/x'",
        "target: 'https://user:HIDDEN@host:99999/v3/device'",
        "identities: {secretKey: HIDDEN}",
        "defaults: {options: {password: [HIDDEN]}}",
        "platform: {errors: 'authCode=HIDDEN'}",
        "channel: {suite: 'token: HIDDEN'}",
        "password: 'HIDDEN",
    ],
)
def test_no_problem_shows_a_secret(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text(GROUPS + line + "\n")
    assert main(["check", str(path)]) == 2
    assert "HIDDEN" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["会议室（一楼）", "🏢 East · 3/4", "👨‍👩‍👧 家庭", "Räume & Säle", "..", "con", "a: b, c"]
)
def test_a_name_may_be_of_any_script(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "name.yaml"
    path.write_text(json.dumps({"name": name, "groups": [{"name": name, "count": 1}]}, ensure_ascii=False))
    assert main(["check", str(path)]) == 0
    assert f"{name}, 1 devices" in capsys.readouterr().out
