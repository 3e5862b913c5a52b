"""The dashboard for Grafana, as its file says it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.swarm.processes import ROOT

FOLDER = ROOT / "docs" / "grafana"


def dashboard() -> dict[str, Any]:
    return dict(json.loads((FOLDER / "dashboard.json").read_text("utf-8")))


def panels() -> list[dict[str, Any]]:
    """Those that show something."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def queries() -> Iterator[tuple[str, str]]:
    """(Where it stands, the query) of every panel and annotation."""
    for panel in panels():
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target["expr"]
    for annotation in dashboard()["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def filled(query: str, values: Mapping[str, str]) -> str:
    """The query with its variables replaced, as Grafana does."""
    for name, value in values.items():
        query = query.replace(f"${name}", value)
    return query
