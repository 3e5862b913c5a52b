"""The wheel: built from the source distribution, installed alone, and used far from any checkout.

The fresh environment has the wheel itself; its dependencies are those of the environment that the tests run in.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from simulator.scenario.shipped import SHIPPED

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("simulator", "reports", "scenarios", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md")

OWN = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
"""What an installed user's environment has not."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by `python -m build`: a source distribution, and of that the wheel."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, checkout)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(checkout / "dist"), str(checkout)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next((checkout / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment; no network is used."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    install = [
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--no-compile",
        str(wheel),
    ]
    subprocess.run([sys.executable, *install], check=True, capture_output=True)
    # A .pth file within that folder is not read, so the checkout stays out of it.
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def call(environment: Path, folder: Path, *arguments: str, language: str = "en") -> subprocess.CompletedProcess[str]:
    """One call of the installed `best-fleet`."""
    variables = {key: value for key, value in os.environ.items() if key not in OWN}
    return subprocess.run(
        [str(environment / "best-fleet"), *arguments],
        cwd=folder,
        env={**variables, "BEST_FLEET_LANG": language},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_in_it(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = [path for root in ("simulator", "reports") for path in (ROOT / root).rglob("*") if path.is_file()]
    wanted = {str(path.relative_to(ROOT)) for path in shipped if "__pycache__" not in path.parts}
    assert wanted <= names, sorted(wanted - names)[:20]
    scenarios = {f"simulator/shipped_scenarios/{path.name}" for path in (ROOT / "scenarios").iterdir()}
    assert scenarios <= names
    rest = {name for name in names - wanted - scenarios if ".dist-info/" not in name}
    assert not rest, "nothing else lies in site-packages"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_installed_user_begins(environment: Path, tmp_path: Path, language: str) -> None:
    listed = call(environment, tmp_path, "scenarios")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(SHIPPED)
    where = call(environment, tmp_path, "scenarios", "--directory").stdout.strip()
    assert where.startswith(str(environment.parent)), "the scenarios are those of the wheel"
    made = call(environment, tmp_path, "init", "x", language=language)
    assert made.returncode == 0, made.stderr
    checked = call(environment, tmp_path / "x", "check", "staging.yaml", "smoke", language=language)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.long
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_whole_smoke_in_the_starter_folder(environment: Path, tmp_path: Path, language: str) -> None:
    assert call(environment, tmp_path, "init", "x", language=language).returncode == 0
    done = call(environment, tmp_path / "x", "run", "smoke", "--report", "runs/smoke", language=language)
    assert done.returncode == 0, done.stdout + done.stderr
    report = tmp_path / "x" / "runs" / "smoke"
    assert json.loads((report / "summary.json").read_text())["verdict"] == "passed"
    assert (report / "report.html").exists()
    assert ("结论" in done.stdout) == (language == "zh")
