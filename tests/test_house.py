"""House rules that no linter knows: what tracked files may hold, the lock files, file sizes, the README's tables."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from simulator.exit_codes import ExitCode
from simulator.measurements.names import KNOWN_CODES
from simulator.protocol.catalogue import COMMAND_FUNC_IDS
from simulator.protocol.codes import SUCCESS
from simulator.protocol.envelope import REPLY

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
MAX_LINES = 400
ROOMS_WITH_TESTS_BY_NAME = ("device", "swarm")
"""Of `simulator`: each module has a test module of the same name, in the same room of `tests`."""

# Written in pieces, so that this file does not find itself.
FOREIGN = re.compile(
    "|".join(
        (
            r"py" + r"pi\.org",
            r"python" + r"hosted",
            r"npm" + r"js\.(org|com)",
            r"--(extra-)?index" + r"-url",
            r"--find" + r"-links",
            r"--trusted" + r"-host",
            r"(?<![\w.})\]*])/(work|opt|root|home|Users)" + r"/[\w.]",
        )
    )
)
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
PRIVATE_KEY = re.compile(r"BEGIN (RSA |EC |ENCRYPTED )?PRIVATE " + "KEY")


def tracked_files() -> list[Path]:
    """What git tracks or would track; outside a clone, everything but the usual caches."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listing = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        paths = [ROOT / name for name in listing.split("\0") if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not any(part.startswith(".v") for part in path.parts)]
    return sorted(path for path in paths if path.is_file())


def text_of(path: Path) -> str | None:
    """A file's text; None for pictures and other binary files."""
    data = path.read_bytes()
    return None if b"\0" in data[:8192] else data.decode("utf-8", errors="replace")


def matches(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Each place where the pattern occurs, as file:line: the match."""
    found = []
    for path in paths:
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1):
            if hit := pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {hit.group(0)}")
    return found


SOURCE_ROOTS = ("simulator", "reports", "locustfile.py")


def sources() -> list[Path]:
    """The modules that ship: simulator, reports and the locustfile."""
    python = (path for path in tracked_files() if path.suffix == ".py")
    return [path for path in python if path.relative_to(ROOT).parts[0] in SOURCE_ROOTS]


def test_no_registry_and_no_path_of_one_machine() -> None:
    vendored = [path for path in tracked_files() if path.name.endswith(".min.js")]
    found = matches(FOREIGN, [path for path in tracked_files() if path not in vendored])
    assert not found, "\n".join(found)


def test_nothing_is_left_for_later() -> None:
    code = [path for path in tracked_files() if path.suffix in {".py", ".yaml", ".toml", ".md", ".html"}]
    found = matches(UNFINISHED, code)
    assert not found, "\n".join(found)


def test_no_private_key_outside_the_tests() -> None:
    found = matches(PRIVATE_KEY, [path for path in tracked_files() if "tests" not in path.relative_to(ROOT).parts])
    assert not found, "\n".join(found)


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in sources()
        if path.read_text(encoding="utf-8").strip()
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent, f"modules without a docstring: {silent}"


@pytest.mark.parametrize("room", ROOMS_WITH_TESTS_BY_NAME)
def test_every_module_has_tests_under_its_name(room: str) -> None:
    modules = (path.relative_to(ROOT / "simulator") for path in (ROOT / "simulator" / room).rglob("*.py"))
    wanted = [path.with_name(f"test_{path.name}") for path in modules if path.name != "__init__.py"]
    assert [str(path) for path in wanted if not (ROOT / "tests" / path).exists()] == []


def test_section_comments_and_errors_in_docstrings_have_one_style() -> None:
    odd = []
    for path in sources():
        lines = path.read_text(encoding="utf-8").splitlines()
        raises = None
        for number, line in enumerate(lines, start=1):
            text, indent = line.strip(), len(line) - len(line.lstrip())
            if text.startswith("# --") and not re.fullmatch(r"# --- .+ ---", text):
                odd.append(f"{path.relative_to(ROOT)}:{number}: {text}")
            if text == "Raises:":
                raises = indent + 4
            elif not text or '"""' in text:
                raises = None
            elif raises == indent and not re.match(r"[\w, .]+: [A-Z]", text):
                odd.append(f"{path.relative_to(ROOT)}:{number}: {text}")
    assert not odd, "\n".join(odd)


def test_no_file_does_too_much() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    over = {name: lines for name, lines in long.items() if lines > MAX_LINES}
    assert not over, f"longer than {MAX_LINES} lines: {over}"


def requirements_of(lock: str) -> dict[str, tuple[Requirement, str]]:
    """Name -> (pinned requirement, the entry's whole text) of a lock file."""
    text = "\n".join(line for line in (ROOT / lock).read_text().splitlines() if not line.lstrip().startswith("#"))
    entries = [entry for entry in text.replace("\\\n", " ").splitlines() if entry.strip()]
    pairs = [(Requirement(entry.split("--hash", 1)[0].strip()), entry) for entry in entries]
    return {canonicalize_name(requirement.name): (requirement, entry) for requirement, entry in pairs}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_is_pinned_hashed_and_names_no_address(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text()
    for name, (requirement, entry) in requirements_of(lock).items():
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], name
        assert requirement.url is None, name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), name


def test_locks_fit_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    run_time = project["project"]["dependencies"]
    everything = run_time + project["project"]["optional-dependencies"]["dev"] + project["build-system"]["requires"]
    for lock, wanted in (("requirements.txt", run_time), ("requirements-dev.txt", everything)):
        pinned = requirements_of(lock)
        for requirement in map(Requirement, wanted):
            name = canonicalize_name(requirement.name)
            assert name in pinned, f"{lock} lacks {name}: run make lock"
            version = next(iter(pinned[name][0].specifier)).version
            assert requirement.specifier.contains(version, prereleases=True), f"{lock}: {name} {version}: run make lock"


def test_both_locks_agree() -> None:
    dev = requirements_of("requirements-dev.txt")
    for name, (requirement, _entry) in requirements_of("requirements.txt").items():
        assert str(dev[name][0].specifier) == str(requirement.specifier), name


def deptry(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deptry", "--no-ansi", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_every_import_that_ships_is_a_declared_dependency(tmp_path: Path) -> None:
    recipe = re.search(r"^\t@\$\(DEPTRY\) (\. .*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert recipe is not None, "make check does not call deptry"
    assert (done := deptry(ROOT, *recipe.group(1).split())).returncode == 0, done.stderr
    # The check itself: without its line in pyproject.toml, flask comes along with Locust only.
    project = (ROOT / "pyproject.toml").read_text()
    (tmp_path / "pyproject.toml").write_text(re.sub(r'^    "flask.*\n', "", project, flags=re.MULTILINE))
    (tmp_path / "module.py").write_text("import flask\n")
    refused = deptry(tmp_path, ".", "--ignore", "DEP002")
    assert "'flask' imported but it is a transitive dependency" in refused.stderr


def test_commits_are_checked_by_every_part_of_make_check() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    parts = re.search(r"^check:((?: check-\w+)+) ##", makefile, flags=re.MULTILINE)
    assert parts is not None, "make check has no parts"
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert [hook["entry"] for hook in hooks] == [f"make {part}" for part in parts.group(1).split()]
    assert {repository["repo"] for repository in config["repos"]} == {"local"}, "hooks from elsewhere need the network"


def test_readme_lists_the_exit_codes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = {int(number): name for number, name in re.findall(r"^\| (\d+) \| `(\w+)` \|", readme, flags=re.MULTILINE)}
    assert table == {code.value: code.name for code in ExitCode}


def test_readme_begins_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL)
    first = [line.split("#", 1)[0].strip() for line in blocks[0].splitlines() if line.strip()]
    assert first == ["make smoke", "make test"]


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in tracked_files()
        if document.suffix == ".md"
        for target in link.findall(document.read_text(encoding="utf-8"))
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert not broken, "\n".join(broken)


def test_the_readme_tells_what_every_code_means() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("## When something goes wrong")[2]
    table = table.partition("\n## ")[0]
    own = {*KNOWN_CODES} - {SUCCESS}
    assert [code for code in sorted(own) if f"`{code}`" not in table] == []


def unknown_commands(text: str) -> list[str]:
    """The funcIds of commands that a text names in backticks and the protocol does not have."""
    known = {*COMMAND_FUNC_IDS, REPLY}
    known |= {name.rsplit(".", cut)[0] for name in known for cut in (1, 2)}
    return [name for name in re.findall(r"`(cmd\.[\w.]+?)(?:\.\*)?`", text) if name not in known]


@pytest.mark.parametrize(
    "document", [path for path in tracked_files() if path.suffix == ".md"], ids=lambda path: path.name
)
def test_a_document_names_no_command_that_there_is_not(document: Path) -> None:
    assert unknown_commands(document.read_text(encoding="utf-8")) == []


def test_a_wrong_command_is_noticed() -> None:
    text = "`cmd.options.reboot`, `cmd.control.reboot`, `cmd.data.*`, `cmd.data`, `cmd.dev.response`, `cmd.data.usr`"
    assert unknown_commands(text) == ["cmd.options.reboot", "cmd.data.usr"]


CITED = re.compile(r"`((?:simulator|reports|tests|benchmarks)/[\w/]+(?:\.py)?/?)(?:: ([\w.]+))?`")


def symbols_of(source: str) -> set[str]:
    """The names that a module defines, and as `Class.method` those of its classes."""
    found: set[str] = set()

    def collect(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            names: list[str] = []
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names = [node.name]
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [target.id for target in targets if isinstance(target, ast.Name)]
            found.update(prefix + name for name in names)
            if isinstance(node, ast.ClassDef):
                collect(node.body, f"{prefix}{node.name}.")

    collect(ast.parse(source).body, "")
    return found


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_what_a_document_cites_of_the_code_is_there(document: str) -> None:
    text = " ".join((ROOT / document).read_text(encoding="utf-8").split())
    cited = CITED.findall(text)
    assert len(cited) > 10
    wrong = []
    for name, symbol in cited:
        path = ROOT / name
        if not path.exists() or (symbol and symbol not in symbols_of(path.read_text(encoding="utf-8"))):
            wrong.append(f"{name}: {symbol}" if symbol else name)
    assert not wrong, f"{document} cites what is not there: {wrong}"


def test_a_wrong_citation_is_noticed() -> None:
    assert symbols_of("class A:\n    x = 1\n    def b(self): ...\nC: int = 1") == {"A", "A.x", "A.b", "C"}
    assert CITED.findall("`reports/text.py` and `simulator/x.py: A.b`, not `x/y.py`") == [
        ("reports/text.py", ""),
        ("simulator/x.py", "A.b"),
    ]
