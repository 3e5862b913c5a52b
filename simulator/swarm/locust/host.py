"""The host in Locust's form: what stands there before anybody wrote, and which dispatch URL is meant by it."""

from typing import Final

from simulator.fields.dispatch_url import DispatchUrlError, parse_dispatch_url
from simulator.fields.targets import EMBEDDED
from simulator.fleet.restarts import platform_problem
from simulator.scenario.scenario import Scenario

_MOST: Final = 3
"""URLs that are written out; a scenario may have a thousand."""


def preset_host(scenario: Scenario | None, given: str | None) -> str:
    """The host as the form shows it: the command line's (`given`), else the scenario's target; empty without either."""
    if given or scenario is None:
        return given or ""
    if scenario.embedded:
        return f"{EMBEDDED} platform"
    left = len(scenario.targets) - _MOST
    return ", ".join((*scenario.targets[:_MOST], *([f"… ({left} more)"] if left > 0 else ())))


def asked_host(written: str | None, scenario: Scenario | None, given: str | None) -> str | None:
    """The dispatch URL that is asked for; None where it is the scenario's own target.

    Args:
        written: what the form was sent with.
        given: the command line's.

    Raises:
        DispatchUrlError: If it is none, or none for the scenario's faults.
    """
    asked = (written or "").strip()
    if asked in ("", preset_host(scenario, given)):
        return given
    url = parse_dispatch_url(asked)
    if scenario is not None and (problem := platform_problem(scenario, url)) is not None:
        raise DispatchUrlError(problem)
    return url
