"""What axe-core finds in the page that a browser shows: rules of accessibility, by the library's own script."""

from importlib.resources import files
from typing import Any

from tests.swarm.browser import Browser

GRAVE = ("serious", "critical")
_SCRIPT = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def grave_findings(browser: Browser) -> list[str]:
    """What is serious or critical, a line each: the rule, and where it is broken.

    Colours are judged as well, best practices are not.
    """
    browser.inject(_SCRIPT)
    found: list[dict[str, Any]] = browser.run(
        "const told = await window.axe.run(document, {resultTypes: ['violations']});"
        "return told.violations.map((one) => ({id: one.id, impact: one.impact,"
        " nodes: one.nodes.map((node) => node.target.join(' ') + ': ' + node.failureSummary)}));"
    )
    assert isinstance(found, list), found
    return [f"{one['id']} at {node}" for one in found if one["impact"] in GRAVE for node in one["nodes"]]
