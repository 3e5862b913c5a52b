"""Each rule of the catalogue, broken in every way: told under its own name, at its own place."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.judge.commands import read_command
from simulator.judge.departures import Departure
from simulator.judge.replies import reply_judge
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.spec import walk_fields
from tests import strategies

OWN_RULES = {"mid": "command.mid", "funcId": "command.unknown"}
WITH_RESULTS = tuple(name for name, spec in CATALOGUE.items() if spec.results.fields)


def place(rule: strategies.Rule) -> str:
    """Where the rule is broken, as departures write it."""
    path = rule.description.split(" ", 1)[0].removeprefix("payload.")
    return re.sub(r"\.(\d+)", r"[\1]", path)


def fault(rule: strategies.Rule, *, required: bool) -> str:
    """What is wrong there."""
    if rule.code == strategies.BAD_VALUE:
        return "field-format"
    if rule.description.endswith(("is missing", "= ''")) or (required and rule.description.endswith("= None")):
        return "field-missing"
    return "field-type"


def required_at(func_id: str, path: str, part: str) -> bool:
    shape = getattr(CATALOGUE[func_id], part)
    generic = re.sub(r"\[\d+\]", "[]", path.removeprefix(f"{part}."))
    return any(field.required for where, field in walk_fields(shape) if where == generic)


def found_at(departures: tuple[Departure, ...], path: str) -> set[str]:
    return {found.rule for found in departures if found.path == path}


def judged_command_rules(func_id: str) -> list[strategies.Rule]:
    return [rule for rule in strategies.broken_rules(func_id) if place(rule) != "imme"]


def expected_of_command(func_id: str, rule: strategies.Rule) -> str:
    path = place(rule)
    if path in OWN_RULES:
        return OWN_RULES[path]
    kind = fault(rule, required=required_at(func_id, path, "params"))
    if path == "params.cmdId" and kind == "field-missing":
        return "command.cmd-id"
    if path in ("payload", "params") and rule.description.endswith("= None"):
        return "command.field-missing"
    return f"command.{kind}"


@pytest.mark.parametrize("func_id", strategies.COMMAND_FUNC_IDS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_command_that_breaks_one_rule_is_told_by_it(func_id: str, data: st.DataObject) -> None:
    rule = data.draw(st.sampled_from(judged_command_rules(func_id)))
    message = data.draw(strategies.valid_message(func_id, complete=True))

    departures = read_command(rule.broken(message)).judgement.departures

    assert expected_of_command(func_id, rule) in found_at(departures, place(rule)), (rule, departures)


@pytest.mark.parametrize("func_id", WITH_RESULTS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_reply_that_breaks_one_rule_is_told_by_it(func_id: str, data: st.DataObject) -> None:
    rule = data.draw(st.sampled_from(strategies.broken_results(func_id)))
    message = data.draw(strategies.valid_reply(func_id, "m1", complete=True))
    broken = rule.broken(message)
    path = place(rule)
    judgement = reply_judge(func_id).read(broken).judgement

    if path in ("results.publicKey", "results.factor") and rule.code == strategies.BAD_VALUE:
        assert not found_at(judgement.departures, path)  # the channel's own to say
        return
    told = found_at((*judgement.departures, *judgement.observations), path)
    expected = {f"reply.{fault(rule, required=required_at(func_id, path, 'results'))}"}
    if rule.code == strategies.BAD_VALUE:
        expected |= {"session.heartbeat-terms", "reply.nine-positions"}
    assert told & expected, (rule, judgement)
    assert not reply_judge(func_id).right(broken)
