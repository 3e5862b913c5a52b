"""Scenarios in which the embedded platform is killed and restarted, and where that cannot be."""

from simulator.scenario.scenario import Scenario
from simulator.texts.translation import _
from simulator.weather.kinds import PlatformRestart


def restarts_platform(scenario: Scenario) -> bool:
    """Whether the embedded platform is to be killed and restarted in a run."""
    return _first(scenario) is not None


def platform_problem(scenario: Scenario, host: str | None) -> str | None:
    """Why no run of the scenario towards the dispatch URL `host` can be; None where it can, and without a URL."""
    place = _first(scenario)
    if host is None or place is None:
        return None
    return _(
        "faults[{place}] (platform_restart) kills the embedded platform, and --host names another platform: "
        "leave out the URL, or this fault",
        place=place,
    )


def _first(scenario: Scenario) -> int | None:
    kinds = (entry.kind for entry in scenario.fault_entries())
    return next((place for place, kind in enumerate(kinds) if isinstance(kind, PlatformRestart)), None)
