"""Writes the pages of a conformance run into its directory, each by itself and each whole or not at all."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from reports.conformance.junit import render_junit
from reports.conformance.markdown import render_markdown
from reports.conformance.page import render_conformance
from reports.writer import JUNIT, write_whole
from simulator.shown import detail

CONFORMANCE: Final = "conformance.json"
HTML: Final = "conformance.html"
MARKDOWN: Final = "conformance.md"


def write_pages(directory: Path, document: Mapping[str, Any], traces: Mapping[str, bytes]) -> list[str]:
    """Write page, Markdown and JUnit; returns a sentence for each that could not be written.

    Args:
        directory: of the report; there already.
        document: conformance.json.
        traces: JSON lines by the id of their case.
    """
    renders: dict[str, Callable[[], bytes]] = {
        HTML: lambda: render_conformance(document, traces).encode("utf-8", "backslashreplace"),
        MARKDOWN: lambda: render_markdown(document).encode("utf-8", "backslashreplace"),
        JUNIT: lambda: render_junit(document),
    }
    tried = (tried_file(directory / name, render) for name, render in renders.items())
    return [problem for problem in tried if problem]


def tried_file(path: Path, make: Callable[[], bytes]) -> str:
    """Write what `make` makes; returns why it could not be done, empty if it was."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, make())
    except OSError as error:
        return f"{path} cannot be written: {error.strerror or error}"
    except Exception as error:  # noqa: BLE001 - the other files are written all the same
        return f"{path} cannot be made, an error of best-fleet itself: {type(error).__name__}: {detail(str(error))}"
    return ""
