"""What a check of the whole scenario found: where, what, and what else it rests on."""

from typing import NamedTuple

from simulator.scenario.yaml_source import Path


class Finding(NamedTuple):
    """Something wrong at a path of the scenario."""

    path: Path
    message: str
    suggestion: str | None = None
    rests_on: tuple[Path, ...] = ()
    """Other paths without which it may be untrue."""
