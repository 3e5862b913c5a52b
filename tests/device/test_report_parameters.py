"""Every parameter of dev.report has a sentence, and what it says of settings is so."""

import re

import pytest

from simulator.device.report_parameters import PARAMETERS
from simulator.measurements.rules import RULES
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.codes import COMMAND_REFUSALS, MESSAGES
from simulator.scenario.sections.group import SET_ELSEWHERE, CapacitiesSection, GroupFields
from simulator.scenario.sections.run import NetworkSection

FIELDS = [field.name for field in CATALOGUE["dev.report"].params.fields]


def test_none_is_missing_and_none_is_made_up() -> None:
    assert list(PARAMETERS) == FIELDS


@pytest.mark.parametrize("name", FIELDS)
def test_options_may_set_what_the_table_says(name: str) -> None:
    assert ("`options`" in PARAMETERS[name].set_by) is (name not in SET_ELSEWHERE)


@pytest.mark.parametrize("name", FIELDS)
def test_what_is_cited_is_there(name: str) -> None:
    parameter = PARAMETERS[name]
    known = {*GroupFields.model_fields, *FIELDS, *CATALOGUE, *COMMAND_REFUSALS, *MESSAGES, *RULES}
    known |= {f"capacities.{key}" for key in CapacitiesSection.model_fields}
    known |= {f"network.{key}" for key in NetworkSection.model_fields}
    known |= {"startTime", "endTime", "records.refused", "report_room: false", "meet_code: room"}
    cited = re.findall(r"`([^`]+)`", f"{parameter.set_by} {parameter.effect}")
    assert set(cited) <= known
    assert parameter.effect.endswith(".")
    assert parameter.set_by
