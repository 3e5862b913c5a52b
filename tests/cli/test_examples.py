"""Every example in help texts, documents and scenario files is a command line that works for who has no clone.

Each is parsed, its scenario is one that comes along or a file of the reader's own, and the cheap ones are run.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import simulator.cli
from simulator.cli import build_parser, main
from simulator.cli.commands import COMMANDS, command_module
from simulator.scenario.shipped import SHIPPED, directory
from simulator.texts.language import speaking
from simulator.texts.translation import _

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("README.*.md"))]
STARTERS = sorted((ROOT / "simulator" / "cli" / "starter").rglob("*.*"))
SCENARIOS = sorted((ROOT / "scenarios").glob("*.yaml"))
CHEAP = ("scenarios", "completion", "schema", "check")
OWN = re.compile(r"(\./)?[\w.*-]+\.ya?ml|own/[\w.-]+\.yaml|/fleet/own/[\w.-]+\.yaml|[A-Z]+")
"""A file of the reader's, or what stands for one."""


def helps() -> Iterator[tuple[str, str]]:
    """The examples of all help texts, in both languages."""
    for language in ("en", "zh"):
        with speaking(language):
            for name, text in (("", simulator.cli.EPILOG), *((name, command_module(name).EPILOG) for name in COMMANDS)):
                for line in _(text).splitlines():
                    if found := re.match(r"\s*(best-fleet [a-z].*)", line):
                        yield f"help {name} {language}", re.split(r"\s{3,}|\s>\s|\s\|\s", found[1])[0]


def written() -> Iterator[tuple[str, str]]:
    """The examples of documents' and files' lines of their own."""
    for path in (*DOCUMENTS, *STARTERS, *SCENARIOS):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        if path.suffix == ".md":
            text = "\n".join(re.findall(r"^ *```sh\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL))
        for line in text.splitlines():
            for part in re.split(r"\s&&\s|\s&$", re.sub(r"\s#.*", "", line.strip().removeprefix("# ").strip())):
                if found := re.fullmatch(r"(?:- |- run: )?(best-fleet [a-z].*)", part):
                    example = re.split(r"\s{3,}|\s>\s|\s\|\s", found[1])[0]
                    if "…" not in example and "`" not in example:
                        yield str(path.relative_to(ROOT)), example


PLACES = sorted({*helps(), *written()})
EXAMPLES = {example: place for place, example in PLACES}


def blocks() -> Iterator[tuple[str, str]]:
    """The documents' blocks of commands."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        for block in re.findall(r"^ *```sh\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL):
            yield str(path.relative_to(ROOT)), block


@cache
def locusts_options() -> frozenset[str]:
    """What `run` may hand on: Locust's options, and those that the locustfile adds."""
    program = (
        "from locust.argument_parser import get_empty_argument_parser as made, setup_parser_arguments as filled; "
        "parser = made(add_help=False); filled(parser); print(*parser._option_string_actions)"
    )  # in a process of its own: Locust patches the one that imports it
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    own = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "simulator" / "swarm").rglob("*.py"))
    return frozenset([*done.stdout.split(), *re.findall(r'"(--[a-z-]+)"', own)])


def test_there_are_examples_everywhere() -> None:
    places = {place.split(" ")[0] for place, _example in PLACES}
    assert places >= {
        "help",
        "README.md",
        "docs/installing.md",
        "docs/scaling.md",
        "scenarios/staging.yaml",
        "simulator/cli/starter/zh/README.md",
    }
    assert {place.split(" ")[1] for place, _example in PLACES if place.startswith("help ")} == {"", *COMMANDS}


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{place}: {example}" for example, place in EXAMPLES.items()])
def test_the_example_works(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(example)[1:]
    assert words[0] in COMMANDS
    options, rest = build_parser(only=words[0]).parse_known_args(words)
    given = [word.partition("=")[0] for word in rest if word.startswith("-")]
    assert set(given) <= (locusts_options() if command_module(words[0]).PASSES_OPTIONS_ON else set())
    named = getattr(options, "scenario", None) or getattr(options, "scenarios", None) or []
    for scenario in [named] if isinstance(named, str | Path) else named:
        shipped = str(scenario) in SHIPPED or Path(scenario).parent == directory()
        assert shipped or OWN.fullmatch(str(scenario)), "nobody without a clone has this file"
    if words[0] in CHEAP and all(Path(each).exists() for each in getattr(options, "scenarios", [])):
        monkeypatch.chdir(tmp_path)
        assert main(words) == 0
        assert capsys.readouterr().out


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_workers_are_not_started_by_what_wants_a_locustfile(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if re.match(r"[\s$]*locust .*--(worker|master)\b", line)] == []


MANY_MACHINES = [(place, block) for place, block in blocks() if "--master-host MASTER" in block]


@pytest.mark.parametrize(("place", "block"), MANY_MACHINES, ids=[place for place, _block in MANY_MACHINES])
def test_machines_find_each_other(place: str, block: str) -> None:
    """In the order in which the commands are to be given: the token, the master where others reach it, its workers."""
    lines = [line.partition("#")[0] for line in block.splitlines()]
    token, master, worker = (
        next(number for number, line in enumerate(lines) if word in line)
        for word in ("BEST_FLEET_TOKEN=", "--master ", "--worker ")
    )
    assert token < master < worker
    assert "--master-bind-host" in lines[master]
    assert "--expect-workers" in lines[master]


def test_the_places_that_tell_of_many_machines_are_known() -> None:
    assert {place for place, _block in MANY_MACHINES} >= {"README.md", "README.zh-CN.md", "docs/scaling.md"}
