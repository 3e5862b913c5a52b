"""Reading a scenario and its devices' identities for the commands, with every problem as one message to the user."""

from pathlib import Path
from typing import TYPE_CHECKING

from simulator.cli.errors import ScenarioProblemsError
from simulator.texts.translation import N_

if TYPE_CHECKING:
    from simulator.fleet.identities import IdentitySource
    from simulator.scenario.scenario import Scenario

A_SCENARIO = N_("a file, or the name of a scenario that comes along")
"""What every command says of its SCENARIO."""


def read_scenario(
    path: Path, identities: Path | None = None, *, csv_needed: bool = True, plan_judged: bool = False
) -> "Scenario":
    """The scenario of a file, its thresholds checked as well.

    Args:
        identities: a CSV file of the command line, which beats the scenario's own.
        csv_needed: False where the scenario's own CSV file may still have to be written.
        plan_judged: the planned meetings have to fit into the run.

    Raises:
        ScenarioProblemsError: With everything that is wrong, a line each.
    """
    from reports.thresholds import wrong_threshold
    from simulator.scenario.problems import ScenarioError
    from simulator.scenario.scenario import load_scenario

    try:
        return load_scenario(
            path,
            wrong_threshold,
            identities_given=identities is not None,
            csv_needed=csv_needed,
            plan_judged=plan_judged,
        )
    except ScenarioError as error:
        raise ScenarioProblemsError(str(error)) from None


def identities_of(scenario: "Scenario", csv: Path | None, *, needed: int = 0) -> "IdentitySource":
    """Who the scenario's devices are.

    Args:
        csv: a file that beats what the scenario says.
        needed: how many there must be at least.

    Raises:
        ScenarioProblemsError: With everything that is wrong with the file, or when there are too few.
    """
    from simulator.fleet import identities
    from simulator.scenario.problems import ScenarioError

    try:
        source = identities.identities_of(scenario, csv)
        source.require(needed)
    except ScenarioError as error:
        raise ScenarioProblemsError(str(error)) from None
    return source


def unwritten_csv(scenario: "Scenario", csv: Path | None) -> Path | None:
    """The CSV file that the scenario names and `provision` has yet to write; None where the devices are known.

    Args:
        csv: a file of the command line that beats what the scenario says.
    """
    own = scenario.identities_file
    return own if csv is None and own is not None and not own.exists() else None
