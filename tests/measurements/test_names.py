"""The one list of names: what it says of itself, and that whoever records or draws keeps to it."""

import ast
from pathlib import Path

import pytest

import simulator.device
from reports.colors import STATES
from simulator.device.behaviours.registry import BEHAVIOURS
from simulator.measurements.labels import Vocabulary
from simulator.measurements.names import (
    COMMAND_PREFIX,
    FLOWS,
    INACTIVE_STATES,
    INIT,
    INTENDED_PREFIX,
    KNOWN_CODES,
    KNOWN_NAMES,
    LOOP_LAG_TAG,
    OWN_CODES,
    PHOTO_PREFIX,
    PHOTO_REFUSED,
    PUBACK,
    RECORD_DELIVERY,
    RECORD_EVENTS,
    TLS_HANDSHAKE,
    TLS_RESUMPTION,
    DeviceState,
    is_command,
    is_failure,
    is_flow,
    is_request,
    is_series,
    name_of,
    text_of,
)
from simulator.protocol.catalogue import CATALOGUE, CONNECT, SUBSCRIBE
from simulator.protocol.codes import COMMAND_REFUSALS, MESSAGES, SUCCESS

DRAWN = {state.value for state in DeviceState} - INACTIVE_STATES


@pytest.mark.parametrize(
    ("tag", "kinds"),
    [
        ("dev.heartbeat", (is_request, is_series)),
        (CONNECT, (is_request, is_series)),
        (RECORD_DELIVERY.tag, (is_flow, is_series)),
        (f"{COMMAND_PREFIX}data.update.user", (is_command, is_series)),
        (f"{INTENDED_PREFIX}dev.heartbeat", ()),
        ("failed:dev.heartbeat", ()),
        ("failed:cmd.option.set", ()),
        (LOOP_LAG_TAG, ()),
    ],
)
def test_kinds_of_series(tag: str, kinds: tuple[object, ...]) -> None:
    assert [kind for kind in (is_request, is_flow, is_command, is_series) if kind(tag)] == list(kinds)


def test_names_are_unique_and_never_counted_among_others() -> None:
    assert len(set(KNOWN_NAMES)) == len(KNOWN_NAMES)
    labels = Vocabulary()
    for number in range(1_000):
        labels.tag(f"flow:made up {number}")
    assert [flow.name for flow in FLOWS if name_of(labels.tag(flow.tag)) != flow.name] == []


def test_parts_of_flows_are_requests() -> None:
    for flow in FLOWS:
        assert set(flow.parts) <= {*CATALOGUE, CONNECT, SUBSCRIBE}, flow.name
        assert flow.measures


def test_each_flow_is_measured_by_somebody() -> None:
    assert {
        INIT,
        PUBACK,
        TLS_HANDSHAKE,
        TLS_RESUMPTION,
        *(flow for behaviour in BEHAVIOURS for flow in behaviour.flows),
    } == set(FLOWS)


def test_each_code_has_one_text() -> None:
    sources = (MESSAGES, COMMAND_REFUSALS, OWN_CODES)
    assert len(KNOWN_CODES) == sum(map(len, sources))
    for source in sources:
        assert {code: text_of(code) for code in source} == source
    assert text_of("E7777777") == ""
    assert [code for code in KNOWN_CODES if not is_failure(code)] == [SUCCESS]


def test_events_of_pictures_are_those_of_records() -> None:
    photos = {event.removeprefix(PHOTO_PREFIX) for event in RECORD_EVENTS if event.startswith(PHOTO_PREFIX)}
    assert PHOTO_REFUSED in RECORD_EVENTS
    assert photos < set(RECORD_EVENTS)


def test_state_is_found_by_its_value_and_has_a_text() -> None:
    assert DeviceState("online") is DeviceState.ONLINE
    assert all(state.text for state in DeviceState)


def test_every_chart_draws_every_state() -> None:
    assert set(STATES) == DRAWN


def test_no_device_records_under_a_name_of_its_own() -> None:
    """Flows, record events and codes are told by the names of the list, never as a text."""
    found = []
    for path in sorted(Path(next(iter(simulator.device.__path__))).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                told = node.args[:1] if node.func.attr in ("flow", "_flow", "record") else []
                told += [word.value for word in node.keywords if word.arg == "flow"]
                found += [f"{path.name}:{node.lineno}: {each.value}" for each in told if isinstance(each, ast.Constant)]
    assert found == []
