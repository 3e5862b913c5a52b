"""Validation: every generated message passes, and each rule that is broken is refused with its code."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.protocol import codes
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.validation import (
    MAX_MID_LENGTH,
    check_object,
    validate_request,
)
from simulator.protocol.envelope import MAX_MID_LENGTH as ENVELOPE_MAX_MID_LENGTH
from tests.protocol.document_examples import COMMANDS, REQUESTS
from tests.strategies import (
    COMMAND_FUNC_IDS,
    REQUEST_FUNC_IDS,
    Message,
    broken_rules,
    json_values,
    mutations,
    valid_message,
    valid_params,
    valid_results,
)

OPTION_UPLOAD = {
    "funcId": "dev.option.upload",
    "mid": "m1",
    "payload": {"params": {"options": [{"name": "volume", "value": "50"}]}},
}
EXAMPLES = {str(message["funcId"]): message for message in (*REQUESTS, *COMMANDS, OPTION_UPLOAD)}


@pytest.mark.parametrize("func_id", REQUEST_FUNC_IDS)
@settings(max_examples=30)
@given(data=st.data())
def test_every_valid_message_passes(func_id: str, data: st.DataObject) -> None:
    message = data.draw(valid_message(func_id))

    assert validate_request(message) is None
    assert json.loads(json.dumps(message)) == message


@pytest.mark.parametrize("func_id", REQUEST_FUNC_IDS)
@settings(max_examples=10)
@given(data=st.data())
def test_every_complete_message_passes(func_id: str, data: st.DataObject) -> None:
    assert validate_request(data.draw(valid_message(func_id, complete=True))) is None


@pytest.mark.parametrize("func_id", REQUEST_FUNC_IDS)
@settings(max_examples=1, database=None)
@given(data=st.data())
def test_each_broken_rule_is_refused_with_its_code(func_id: str, data: st.DataObject) -> None:
    message = data.draw(valid_message(func_id, complete=True))
    wrong = []
    for rule in broken_rules(func_id):
        violation = validate_request(rule.broken(message))
        if violation is None or violation.code != rule.code:
            wrong.append(f"{rule.description}: {rule.code} is due, got {violation and violation.code} ({violation})")

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("func_id", REQUEST_FUNC_IDS)
@settings(max_examples=30)
@given(data=st.data())
def test_any_mutation_is_refused_with_its_code(func_id: str, data: st.DataObject) -> None:
    description, broken, code = data.draw(mutations(func_id))
    violation = validate_request(broken)

    assert violation is not None, description
    assert violation.code == code, description
    assert violation.path
    assert violation.reason


@pytest.mark.parametrize("func_id", REQUEST_FUNC_IDS)
@settings(max_examples=20)
@given(data=st.data())
def test_a_broken_rule_leaves_the_message_it_was_made_from(func_id: str, data: st.DataObject) -> None:
    message = data.draw(valid_message(func_id, complete=True))
    before = json.dumps(message)
    rule = data.draw(st.sampled_from(broken_rules(func_id)))

    rule.broken(message)

    assert json.dumps(message) == before


@given(json_values)
def test_no_json_value_crashes_the_platform(value: Any) -> None:
    messages = [value] if isinstance(value, dict) else []
    for func_id in ("dev.data.upload.user", "cmd.data.update.user", "dev.report", value):
        messages += [
            {"funcId": func_id, "mid": "1", "payload": value},
            {"funcId": func_id, "mid": "1", "sn": "1", "payload": {"params": value}},
            {"funcId": func_id, "mid": "1", "payload": {"params": {"cmdId": "1", "users": value}}},
            {"funcId": func_id, "mid": value, "imme": value, "sn": value},
        ]
    for message in messages:
        violation = validate_request(message)
        assert violation is None or violation.code in codes.MESSAGES


def test_a_deeply_nested_message_is_refused_and_not_followed_to_the_end() -> None:
    value: Any = "x"
    for _ in range(900):
        value = [value]
    message = {"funcId": "dev.heartbeat", "mid": "1", "payload": {"params": {"isFree": "1", "extra": value}}}

    violation = validate_request(message)

    assert violation is not None
    assert violation.code == codes.MALFORMED


@pytest.mark.parametrize("func_id", REQUEST_FUNC_IDS)
def test_a_platform_passes_over_unknown_strings(func_id: str) -> None:
    message = {**EXAMPLES[func_id], "extra": "1"}
    if "payload" in message:
        message["payload"] = {"extra": "1", "params": {**message["payload"]["params"], "extra": ["1", {"a": "b"}]}}

    assert validate_request(message) is None


@pytest.mark.parametrize("func_id", COMMAND_FUNC_IDS)
def test_a_command_is_no_request(func_id: str) -> None:
    violation = validate_request(EXAMPLES[func_id])

    assert violation is not None
    assert violation.code == codes.UNKNOWN_FUNC_ID


@pytest.mark.parametrize("func_id", ["dev.heartbeat", "dev.system.sync.time"])
@pytest.mark.parametrize("envelope", [{}, {"payload": {}}, {"payload": {"params": {}}}])
def test_the_payload_may_be_empty_where_the_document_shows_none(func_id: str, envelope: Message) -> None:
    assert validate_request({"funcId": func_id, "mid": "m", **envelope}) is None


def test_a_violation_reads_as_a_sentence() -> None:
    assert str(validate_request({"funcId": "dev.heartbeat"})) == "mid is missing"


@pytest.mark.parametrize("mid", ["m", "m" * 32, "会" * 32])
def test_mids_up_to_32_characters_pass(mid: str) -> None:
    assert validate_request({"funcId": "dev.heartbeat", "mid": mid}) is None
    assert MAX_MID_LENGTH == ENVELOPE_MAX_MID_LENGTH


@pytest.mark.parametrize("imme", ["", "0", "1", "2"])
def test_imme_is_empty_or_a_whole_number(imme: str) -> None:
    assert validate_request({"funcId": "dev.heartbeat", "mid": "m", "imme": imme}) is None


@pytest.mark.parametrize(
    "func_id", ["dev.data.upload.userPhoto", "dev.data.upload.bioPhoto", "dev.data.upload.verifyPhoto"]
)
@pytest.mark.parametrize("name", ["contentFileId", "contentFileDialog"])
@pytest.mark.parametrize("empty", [True, False])
def test_both_names_of_the_content_file_are_taken(func_id: str, name: str, empty: bool) -> None:
    example = EXAMPLES[func_id]
    (key, (item,)) = next(iter(example["payload"]["params"].items()))
    bare = {field: value for field, value in item.items() if not field.startswith("content")}

    def message(**fields: str) -> Message:
        return {**example, "payload": {"params": {key: [{**bare, **fields}]}}}

    assert validate_request(message(**{name: "abc123"}, **({"content": ""} if empty else {}))) is None
    assert validate_request(message(content="AAAA", **({name: ""} if empty else {}))) is None
    both = validate_request(message(content="AAAA", **{name: "abc123"}))
    assert both is not None
    assert both.code == codes.MALFORMED
    bad = validate_request(message(**{name: "../abc"}))
    assert bad is not None
    assert bad.code == codes.BAD_VALUE


@pytest.mark.parametrize(
    ("func_id", "name"),
    [
        ("dev.data.upload.user", "users"),
        ("dev.data.upload.verifyLog", "verifyLog"),
        ("dev.data.upload.multiCard", "multiCards"),
    ],
)
def test_an_empty_list_is_a_value(func_id: str, name: str) -> None:
    assert validate_request({"funcId": func_id, "mid": "m", "payload": {"params": {name: []}}}) is None


def test_one_bad_record_refuses_the_whole_batch_and_is_named() -> None:
    example = EXAMPLES["dev.data.upload.verifyLog"]
    record = example["payload"]["params"]["verifyLog"][0]
    batch = [record, record, {**record, "status": "2"}]

    violation = validate_request({**example, "payload": {"params": {"verifyLog": batch}}})

    assert violation is not None
    assert violation.code == codes.BAD_VALUE
    assert "verifyLog[2].status" in violation.path


@given(data=st.data())
def test_the_look_ups_parameters_and_results_can_be_generated(data: st.DataObject) -> None:
    spec = CATALOGUE["getBrokerServer"]

    assert check_object(spec.params, data.draw(valid_params("getBrokerServer")), "query") is None
    assert check_object(spec.results, data.draw(valid_results("getBrokerServer")), "results") is None


@pytest.mark.parametrize("func_id", REQUEST_FUNC_IDS)
def test_violations_quote_no_value(func_id: str) -> None:
    example = json.loads(json.dumps(EXAMPLES[func_id]))
    for path in text_places(example):
        broken = json.loads(json.dumps(example))
        parent: Any = broken
        for step in path[:-1]:
            parent = parent[step]
        parent[path[-1]] = "s3cret!"
        violation = validate_request(broken)
        assert "s3cret" not in repr(violation)


def text_places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a message there is a string."""
    if isinstance(value, str):
        return [path]
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return [place for key, item in items for place in text_places(item, (*path, key))]
