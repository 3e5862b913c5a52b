"""Right messages are found right, and no JSON whatever makes the judge stumble."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.judge.commands import read_command
from simulator.judge.lookup import read_lookup
from simulator.judge.replies import reply_judge
from simulator.measurements.rules import RULES
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.spec import Direction
from tests import strategies

REPLIED = tuple(name for name, spec in CATALOGUE.items() if spec.direction is not Direction.TO_DEVICE)
MEMBERS = ("funcId", "code", "message", "mid", "imme", "payload")


@pytest.mark.parametrize("func_id", REPLIED)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_right_reply_is_right_and_comes_back_as_it_is(func_id: str, data: st.DataObject) -> None:
    reply = data.draw(strategies.valid_reply(func_id, "m1"))
    if "heartbeatInterval" in reply.get("payload", {}).get("results", {}):
        reply["payload"]["results"]["heartbeatInterval"] = str(data.draw(st.integers(1, 86_400)))

    read = reply_judge(func_id).read(reply)

    assert reply_judge(func_id).right(reply)
    assert read.judgement.right
    assert read.results == reply.get("payload", {}).get("results", {})
    assert (read.code, read.text) == ("00000000", reply["message"])


@pytest.mark.parametrize("func_id", strategies.COMMAND_FUNC_IDS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_right_command_is_right_and_comes_back_as_it_is(func_id: str, data: st.DataObject) -> None:
    command = data.draw(strategies.valid_message(func_id))

    read = read_command(command)

    assert read.judgement.right, read.judgement
    assert read.params == command["payload"]["params"]
    assert (read.func_id, read.mid, read.known) == (func_id, command["mid"], True)
    assert read.cmd_id == command["payload"]["params"]["cmdId"]


def _some_of(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, strategies.json_values))


@pytest.mark.parametrize("func_id", REPLIED)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_json_is_read_as_a_reply_and_both_ways_of_looking_agree(func_id: str, data: st.DataObject) -> None:
    message = data.draw(strategies.valid_reply(func_id, "m1") | _some_of(MEMBERS))
    names = tuple(field.name for field in CATALOGUE[func_id].results.fields)
    message |= data.draw(_some_of(MEMBERS))
    if names and data.draw(st.booleans()):
        message |= {"code": "00000000", "payload": {"results": data.draw(_some_of(names))}}
    before = copy.deepcopy(message)

    read = reply_judge(func_id).read(message)

    assert reply_judge(func_id).right(message) is read.judgement.right
    assert message == before
    assert all(found.rule in RULES for found in (*read.judgement.departures, *read.judgement.observations))


@pytest.mark.parametrize("func_id", strategies.COMMAND_FUNC_IDS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_json_is_read_as_a_command(func_id: str, data: st.DataObject) -> None:
    message = data.draw(strategies.valid_message(func_id)) | data.draw(_some_of(MEMBERS))
    names = tuple(field.name for field in CATALOGUE[func_id].params.fields)
    if data.draw(st.booleans()):
        message |= {"funcId": func_id, "payload": {"params": data.draw(_some_of(names))}}
    before = copy.deepcopy(message)

    judgement = read_command(message).judgement

    assert message == before
    assert all(found.rule in RULES for found in judgement.departures)
    assert judgement.unusable is None or judgement.unusable in judgement.departures


@given(st.integers(100, 599), st.binary(max_size=60), st.sampled_from(["best-w", "best-m", "push"]))
def test_any_body_is_read_as_an_answer(status: int, body: bytes, broker_type: str) -> None:
    read = read_lookup(status, body, broker_type)

    assert read.code
    assert read.judgement.unusable is not None or read.answer is not None


@pytest.mark.parametrize("func_id", strategies.COMMAND_FUNC_IDS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_a_command_means_means_itself(func_id: str, data: st.DataObject) -> None:
    rule = data.draw(st.sampled_from(strategies.broken_rules(func_id)))
    read = read_command(rule.broken(data.draw(strategies.valid_message(func_id, complete=True))))
    if read.judgement.unusable is not None:
        return

    again = read_command({"funcId": func_id, "mid": read.mid, "payload": {"params": read.params}})

    assert again.judgement.unusable is None
    assert (again.params, again.cmd_id) == (read.params, read.cmd_id)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_a_reply_means_means_itself(data: st.DataObject) -> None:
    rule = data.draw(st.sampled_from(strategies.broken_results("dev.report")))
    judge = reply_judge("dev.report")
    read = judge.read(rule.broken(data.draw(strategies.valid_reply("dev.report", "m1", complete=True))))
    if read.judgement.unusable is not None:
        return

    reply = {"funcId": "cmd.dev.response", "code": read.code, "message": read.text, "mid": "m1"}
    again = judge.read({**reply, "payload": {"results": read.results}})

    assert again.judgement.right
    assert again.results == read.results
