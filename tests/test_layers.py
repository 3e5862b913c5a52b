"""Keeps the house in order: imports point downward only, and the protocol stays pure.

Reads the sources with `ast`, so that imports inside functions and under TYPE_CHECKING count like all others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT_PACKAGES = ("simulator", "reports", "locustfile", "benchmarks", "tests")

BASE = {
    "simulator",
    "simulator.clock",
    "simulator.closest",
    "simulator.faults",
    "simulator.garbage",
    "simulator.gathering",
    "simulator.large_pages",
    "simulator.measurements",
    "simulator.endings",
    "simulator.exit_codes",
    "simulator.file_names",
    "simulator.loop_timers",
    "simulator.received",
    "simulator.shown",
    "simulator.small_random",
    "simulator.systems",
    "simulator.printing",
    "simulator.growing_file",
    "simulator.texts",
    "simulator.wide_marks",
}
WIRE = {"simulator.clock", "simulator.received", "simulator.texts"}
FIELDS = {
    *("simulator.texts", "simulator.shown", "simulator.closest", "simulator.wide_marks"),
    "simulator.protocol.limits",
}
WEATHER = FIELDS | {"simulator.fields"}
PUBSUB = {
    "simulator.texts",
    "simulator.protocol",
    "simulator.fields",
    "simulator.shown",
    "simulator.closest",
    "simulator.mqtt",
}
DEVICE = BASE | {"simulator.protocol", "simulator.wire", "simulator.mqtt", "simulator.pubsub", "simulator.fields"}
DEVICE |= {"simulator.judge"}
SCENARIO = DEVICE | {"simulator.device", "simulator.platform", "simulator.weather"}
FLEET = SCENARIO | {"simulator.scenario"}
SIMULATION = FLEET | {"simulator.fleet"}
CONFORM = FLEET | {"simulator.fleet", "simulator.judge", "reports"}
SWARM_BASE = FLEET | {"simulator.fleet", "reports"}
SWARM = {
    name: f"simulator.swarm.{name}"
    for name in (
        *("tasks", "off_the_hub", "open_files", "early_signals"),
        *("security", "locust", "generator", "run", "process"),
        *("metrics", "web"),
    )
}
"""The swarm's modules and rooms, the lowest first."""


def swarm_below(*names: str) -> set[str]:
    """What a room of the swarm may import: what the whole swarm may, and the rooms `names`."""
    return SWARM_BASE | {SWARM[name] for name in ("tasks", "off_the_hub", "open_files", *names)}


ALLOWED: dict[str, set[str]] = {
    "simulator": set(),
    "simulator.clock": set(),
    "simulator.closest": set(),
    "simulator.endings": {"simulator.texts"},
    "simulator.exit_codes": set(),
    "simulator.file_names": {"simulator.shown"},
    "simulator.faults": {"simulator.shown", "simulator.texts"},
    "simulator.garbage": set(),
    "simulator.gathering": set(),
    "simulator.large_pages": set(),
    "simulator.received": set(),
    "simulator.loop_timers": {"simulator.clock"},
    "simulator.shown": set(),
    "simulator.small_random": set(),
    "simulator.systems": {"simulator.exit_codes", "simulator.texts"},
    "simulator.texts": set(),
    "simulator.wide_marks": set(),
    "simulator.printing": {"simulator.exit_codes"},
    "simulator.growing_file": set(),
    # Names only: the funcIds and codes that are never counted among the others.
    "simulator.measurements": {
        *("simulator.clock", "simulator.shown", "simulator.texts"),
        *("simulator.protocol.catalogue", "simulator.protocol.codes"),
    },
    "simulator.protocol": {"simulator.shown", "simulator.texts", "simulator.closest"},
    "simulator.judge": {"simulator.shown", "simulator.texts", "simulator.measurements", "simulator.protocol"},
    "simulator.wire": WIRE,
    # TCP, TLS, turns and back-pressure are the same beneath either transport.
    "simulator.mqtt": {"simulator.clock", "simulator.loop_timers", "simulator.wire"},
    "simulator.pubsub": PUBSUB,
    "simulator.fields": FIELDS,
    "simulator.weather": WEATHER,
    "simulator.device": DEVICE,
    "simulator.platform": DEVICE,
    "simulator.scenario": SCENARIO,
    "simulator.fleet": FLEET,
    "simulator.conform": CONFORM,
    "simulator.simulation": SIMULATION,
    "simulator.swarm": set(),
    SWARM["tasks"]: SWARM_BASE,
    SWARM["off_the_hub"]: SWARM_BASE,
    SWARM["open_files"]: SWARM_BASE,
    SWARM["early_signals"]: SWARM_BASE,
    SWARM["security"]: swarm_below(),
    SWARM["locust"]: swarm_below("security"),
    SWARM["generator"]: swarm_below("locust"),
    SWARM["run"]: swarm_below("locust", "generator"),
    SWARM["process"]: swarm_below("locust", "generator", "run"),
    # Runs as it is shown them, not how they come about.
    SWARM["metrics"]: swarm_below("security", "locust"),
    SWARM["web"]: swarm_below("security", "locust", "run", "process"),
    "simulator.swarm.__main__": {SWARM["early_signals"], "simulator.texts"},
    "simulator.swarm.hooks": swarm_below(
        "early_signals", "security", "locust", "generator", "run", "process", "metrics", "web"
    ),
    "simulator.swarm.locustfile": {"simulator.swarm.hooks", SWARM["locust"], "simulator.systems", "simulator.garbage"},
    "simulator.cli": SWARM_BASE | {"simulator.conform", "simulator.simulation", "simulator.swarm"},
    "reports": {
        *("simulator", "simulator.measurements", "simulator.closest", "simulator.endings", "simulator.exit_codes"),
        "simulator.shown",
        *("simulator.printing", "simulator.growing_file", "simulator.texts", "simulator.wide_marks"),
        # Names only: the order of the rows, what the platform's codes mean, faults and their texts.
        *("simulator.protocol.catalogue", "simulator.protocol.codes", "simulator.weather"),
    },
    "locustfile": {"simulator.swarm"},
}
"""Layer -> what it may import besides itself (an entry covers everything below its dotted name)."""

# What reads or waits for something outside the process; the protocol is computed from its arguments alone.
IMPURE_MODULES = frozenset(
    {
        "aiofiles",
        "aiohttp",
        "asyncio",
        "concurrent",
        "gevent",
        "http",
        "io",
        "locust",
        "logging",
        "multiprocessing",
        "pathlib",
        "random",
        "requests",
        "select",
        "selectors",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "threading",
        "time",
        "urllib.request",
        "uvloop",
        "websockets",
    }
)
IMPURE_FUNCTIONS = frozenset({"open", "print", "input"})
IMPURE_METHODS = frozenset({"now", "utcnow", "today", "read_text", "read_bytes", "write_text", "write_bytes"})


@dataclass(frozen=True)
class Import:
    """One import statement's target, dotted in full."""

    module: str
    line: int


def source_files() -> list[Path]:
    """All modules that the rules are about."""
    files = [*(ROOT / "simulator").rglob("*.py"), *(ROOT / "reports").rglob("*.py")]
    locustfile = ROOT / "locustfile.py"
    return sorted(files + ([locustfile] if locustfile.exists() else []))


def module_name(path: Path) -> str:
    """The dotted name under which Python imports a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> str | None:
    """The longest layer name that covers a module; None for modules outside the project."""
    if module.split(".", 1)[0] not in PROJECT_PACKAGES:
        return None
    names = [layer for layer in ALLOWED if layer != "simulator" and covers(layer, module)]
    return max(names, key=len, default="simulator" if module == "simulator" else module)


def covers(name: str, module: str) -> bool:
    """Whether a dotted module lies at or below a dotted name ("simulator" itself covers only its own __init__)."""
    return module == name or (name != "simulator" and module.startswith(f"{name}."))


def imports_of(tree: ast.AST, module: str, *, is_package: bool) -> Iterator[Import]:
    """All imports of a module, wherever they stand.

    `from simulator import clock` counts as simulator.clock when that is a module of ours, else as simulator.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".")
                package = package[: len(package) - node.level + (1 if is_package else 0)]
                base = ".".join([*package, base] if base else package)
            for alias in node.names:
                full = f"{base}.{alias.name}"
                yield Import(full if is_module(full) else base, node.lineno)


def is_module(dotted: str) -> bool:
    """Whether a dotted name is a module of the project (and not a name inside one)."""
    path = ROOT.joinpath(*dotted.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def violations(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """What a module imports against the rules, one sentence each."""
    layer = layer_of(module)
    allowed = ALLOWED.get(layer or "")
    if layer is None or allowed is None:
        return [f"{module} belongs to no layer: add it to ALLOWED"]
    found = []
    for imported in imports_of(ast.parse(source), module, is_package=is_package):
        if layer_of(imported.module) is None or covers(layer, imported.module):
            continue
        if not any(covers(name, imported.module) for name in allowed):
            found.append(f"{module}:{imported.line}: {layer} must not import {imported.module}")
    return found


def impurities(source: str, module: str) -> list[str]:
    """What a module of the protocol does besides computing, one sentence each."""
    tree = ast.parse(source)
    found = [
        f"{module}:{imported.line}: imports {imported.module}"
        for imported in imports_of(tree, module, is_package=False)
        if any(imported.module == name or imported.module.startswith(f"{name}.") for name in IMPURE_MODULES)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            bare = isinstance(function, ast.Name) and function.id in IMPURE_FUNCTIONS
            if bare or (isinstance(function, ast.Attribute) and function.attr in IMPURE_METHODS):
                found.append(f"{module}:{node.lineno}: calls {ast.unparse(function)}()")
        elif isinstance(node, ast.Attribute) and ast.unparse(node).startswith("os.") and node.attr != "urandom":
            found.append(f"{module}:{node.lineno}: uses {ast.unparse(node)}")  # urandom: default source of factors
    return found


@pytest.mark.parametrize("path", source_files(), ids=lambda path: module_name(path))
def test_imports_point_downward(path: Path) -> None:
    found = violations(path.read_text(encoding="utf-8"), module_name(path), is_package=path.name == "__init__.py")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "simulator" / "protocol").rglob("*.py")), ids=lambda path: module_name(path)
)
def test_protocol_is_pure(path: Path) -> None:
    found = impurities(path.read_text(encoding="utf-8"), module_name(path))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source", "refused"),
    [
        ("simulator.protocol.envelope", "import simulator.clock", True),
        ("simulator.protocol.envelope", "from simulator.protocol import codes", False),
        ("simulator.wire.client", "from simulator.protocol import codes", True),
        ("simulator.wire.client", "from simulator.clock import Clock", False),
        ("simulator.device.session", "def f():\n    from simulator.platform import broker", True),
        ("simulator.device.session", "if TYPE_CHECKING:\n    import simulator.fleet.plan", True),
        ("simulator.device.session", "from ..fleet import plan", True),
        ("simulator.device.session", "from . import outbox", False),
        ("simulator.platform.broker", "from simulator.device import session", True),
        ("simulator.fleet.plan", "from simulator import swarm", True),
        ("simulator.fleet.plan", "from simulator import __version__", False),
        ("simulator.swarm.locust.users", "from simulator.cli import main", True),
        ("simulator.swarm.locust.users", "from reports import summary", False),
        ("reports.summary", "from simulator.measurements import histogram", False),
        ("reports.summary", "from simulator.protocol.catalogue import PROTOCOL_ORDER", False),
        ("reports.summary", "from simulator.protocol import envelope", True),
        ("reports.summary", "from simulator.fleet import scenario", True),
        ("simulator.newcomer", "import os", True),
    ],
)
def test_the_rules_notice(module: str, source: str, refused: bool) -> None:
    assert bool(violations(source, module)) is refused


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        ("import asyncio", True),
        ("from time import monotonic", True),
        ("import urllib.parse", False),
        ("import urllib.request", True),
        ("import datetime\ndatetime.datetime.now()", True),
        ("import os\nos.urandom(16)", False),
        ("import os\nos.environ", True),
        ("open('x')", True),
        ("channel.open(payload, True)", False),
    ],
)
def test_purity_is_noticed(source: str, refused: bool) -> None:
    assert bool(impurities(source, "simulator.protocol.envelope")) is refused


def test_every_layer_of_the_rules_exists() -> None:
    missing = [layer for layer in ALLOWED if not is_module(layer)]
    assert not missing, f"the rules name layers that are not there: {missing}"


MOST_PARAMETERS = 8
"""Of a constructor; pydantic models and frozen dataclasses, which are bundles, have none of their own."""

KNOWN_CIRCLES = frozenset({("simulator.wire.connection", "simulator.wire.handler")})
"""Circles of annotations alone: a connection and its handler are named in each other's signatures."""


def import_graph() -> dict[str, set[str]]:
    """Module -> the modules of ours that it imports, wherever the import stands."""
    graph = {}
    for path in source_files():
        name = module_name(path)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        graph[name] = {each.module for each in imports_of(tree, name, is_package=path.name == "__init__.py")} - {name}
    return graph


def reached_from(start: str, graph: dict[str, set[str]]) -> set[str]:
    """All that `start` imports, directly or through others."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for module in graph.get(waiting.pop(), set()) - seen:
            seen.add(module)
            waiting.append(module)
    return seen


def circles(graph: dict[str, set[str]]) -> set[tuple[str, ...]]:
    """The sets of modules that import each other, directly or through others, each in order."""
    reach = {module: reached_from(module, graph) for module in graph}
    return {
        tuple(sorted(other for other in graph if other in reach[module] and module in reach[other]))
        for module in graph
        if module in reach[module]
    }


def test_no_modules_import_each_other() -> None:
    assert circles(import_graph()) == KNOWN_CIRCLES


def test_a_circle_is_noticed() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == {("a", "b", "c")}


def constructors() -> Iterator[tuple[str, int]]:
    """Class and number of parameters of each `__init__` that somebody wrote."""
    for path in source_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for part in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                    arguments = part.args
                    yield node.name, len([*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]) - 1


def test_no_constructor_takes_too_much() -> None:
    assert [name for name, count in constructors() if count > MOST_PARAMETERS] == []


PATCHES = {"gevent", "locust"}
"""Importing these patches the process: sockets, threads and locks are gevent's from then on."""


def test_no_test_outside_the_swarm_is_patched_by_gevent() -> None:
    """A test process that loads Locust late breaks under pytest-xdist, for tests that have nothing to do with it."""
    graph: dict[str, set[str]] = {}
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path.relative_to(ROOT).parts[1] != "swarm"]
    for path in [*source_files(), *tests]:
        name = module_name(path)
        # What stands inside a function is not loaded with the module.
        body = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if not isinstance(node, ast.If)]
        top = ast.Module([node for node in body if isinstance(node, (ast.Import, ast.ImportFrom))], type_ignores=[])
        found = {each.module for each in imports_of(top, name, is_package=path.name == "__init__.py")}
        packages = {".".join(each.split(".")[:cut]) for each in found for cut in range(1, each.count(".") + 1)}
        graph[name] = (found | packages) - {name}

    patched = [
        str(path.relative_to(ROOT))
        for path in tests
        if PATCHES & {module.split(".", 1)[0] for module in reached_from(module_name(path), graph)}
    ]
    assert patched == []
