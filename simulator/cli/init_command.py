"""`best-fleet init`: a starter folder, with a scenario for one's own platform and what CI needs to run it.

The files' texts are in the folder `starter`, one set for each language.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator import __version__
from simulator.cli.errors import UsageError, unwritable
from simulator.exit_codes import ExitCode
from simulator.scenario.shipped import directory
from simulator.texts.language import ENGLISH, spoken
from simulator.texts.translation import N_, _, listed

DESCRIPTION = N_("""\
Write a starter folder: a commented scenario for your platform, an example of the file of your devices, a .gitignore
that keeps secrets out of version control, files for GitLab CI and GitHub Actions, and a README that says how to go on.
The comments are in the language that is spoken (--lang). Files that are there already are not overwritten.""")
EPILOG = N_("""\
examples:
  best-fleet init my-fleet                  then: cd my-fleet && best-fleet run smoke
  best-fleet init                           into the current folder
""")
PASSES_OPTIONS_ON = False

STARTER = Path(__file__).parent / "starter"
PLACEHOLDER = "@VERSION@"
IDENTITIES = "staging-devices.example.csv"
_FILE, _SECRET = 0o666, 0o600
"""What the process' umask takes from; a copy of the example keeps that only its owner may read it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to."""
    parser.add_argument(
        "directory",
        nargs="?",
        type=Path,
        default=Path(),
        metavar="DIR",
        help=_("the folder (default: the current one)"),
    )
    parser.add_argument("--force", action="store_true", help=_("overwrite files that are there already"))


def run(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Write the folder.

    Raises:
        UsageError: If any of the files is there already, or cannot be written.
    """
    folder: Path = options.directory
    files = dict(starter_files())
    there = [name for name in files if os.path.lexists(folder / name)]
    if there and not options.force:
        raise UsageError(
            _(
                "init: {folder} already has {files}; nothing was written (--force overwrites)",
                folder=folder,
                files=listed(there),
            )
        )
    for name, text in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, text, _SECRET if name == IDENTITIES else _FILE)
        except OSError as error:
            raise unwritable("init", path, error) from None
        print(path)
    print()
    print(_("Next: go through {file}, which says how to begin.", file=folder / "README.md"))
    return ExitCode.PASSED


def starter_files() -> Iterator[tuple[str, str]]:
    """Each file's name within the folder and its text, in the language that is spoken."""
    own = STARTER / spoken()
    shipped = directory()
    yield "README.md", _text(own / "README.md")
    yield "staging.yaml", _text(shipped / "staging.yaml" if spoken() == ENGLISH else own / "staging.yaml")
    yield "scenario.schema.json", _text(shipped / "scenario.schema.json")
    yield IDENTITIES, _text(STARTER / "devices.example.csv")
    yield ".gitignore", _text(own / "gitignore")
    yield ".gitlab-ci.yml", _text(own / "gitlab-ci.yml")
    yield ".github/workflows/fleet.yml", _text(own / "github-fleet.yml")


def _text(template: Path) -> str:
    return template.read_text(encoding="utf-8").replace(PLACEHOLDER, __version__)


def _write(path: Path, text: str, mode: int) -> None:
    """The file anew, so that neither an old one's mode nor a link's target is taken over."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
