"""What the reply to dev.report means: defaults, oddities, negotiation."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.device.terms import Terms, parse_terms
from simulator.judge.replies import reply_judge
from simulator.protocol.catalogue import ALWAYS_SUPPORTED, DEVICE_FUNC_IDS
from tests.strategies import json_values, valid_results

ALL = frozenset(range(10))


def read_terms(results: dict[str, Any]) -> Terms:
    """What a device makes of these results."""
    reply = {"funcId": "cmd.dev.response", "code": "00000000", "message": "", "payload": {"results": results}}
    return parse_terms(reply_judge("dev.report").read(reply).results)


def test_defaults() -> None:
    terms = read_terms({})
    assert terms == Terms()
    assert (terms.offset_minutes, terms.heartbeat, terms.heartbeat_interval) == (None, True, 60.0)
    assert all(terms.allows(func_id) for func_id in DEVICE_FUNC_IDS)


@pytest.mark.parametrize(
    ("zone", "minutes"), [("+00:00", 0), ("-03:30", -210), ("+14:00", 840), ("8", 480), ("x", None), ([], None)]
)
def test_time_zone(zone: Any, minutes: int | None) -> None:
    assert read_terms({"timezone": zone}).offset_minutes == minutes


@pytest.mark.parametrize(("value", "wanted"), [("0", False), ("1", True), ("", True), (None, True), (0, False)])
def test_support_heartbeat(value: Any, wanted: bool) -> None:
    assert read_terms({"supportHeartbeat": value}).heartbeat is wanted


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30.0), ("0", 60.0), ("", 60.0), ("1.5", 60.0), ([], 60.0), (5, 5.0), ("9" * 20, 60.0), ("１", 60.0)],
)
def test_heartbeat_interval(value: Any, seconds: float) -> None:
    assert read_terms({"heartbeatInterval": value}).heartbeat_interval == seconds


@pytest.mark.parametrize(
    ("flags", "types"),
    [
        ("0:1:1:0:0:0:0:0:0:1", {1, 2, 9}),
        ("0:0:0:0:0:0:0:0:0:0", set()),
        ("0:1:1:0:0:0:0:0:0", {1, 2}),  # nine, as the document's own example has them
        ("0:1:0:0:0:0:0:0:0:0:1", {1}),
        ("", ALL),
        ("x", ALL),
        (None, ALL),
        (7, ALL),
    ],
)
def test_biometric_types(flags: Any, types: set[int]) -> None:
    assert read_terms({"multiBioDataSupport": flags}).template_types == types
    assert read_terms({"multiBioPhotoSupport": flags}).photo_types == types


def test_an_empty_list_leaves_the_six_and_the_heartbeat() -> None:
    terms = read_terms({"funcIds": []})
    allowed = {func_id for func_id in DEVICE_FUNC_IDS if terms.allows(func_id)}
    assert allowed == {*ALWAYS_SUPPORTED, "dev.heartbeat"} - {"cmd.dev.response"}


def test_a_list_is_obeyed() -> None:
    terms = read_terms({"funcIds": ["dev.data.upload.verifyLog", 5, None]})
    assert terms.allows("dev.data.upload.verifyLog")
    assert terms.allows("dev.cmd.response")
    assert not terms.allows("dev.data.upload.verifyPhoto")


@pytest.mark.parametrize("value", [None, {}])
def test_no_list_means_everything(value: Any) -> None:
    assert read_terms({"funcIds": value}).func_ids is None


def test_devices_share_one_object() -> None:
    results = {"timezone": "+08:00", "funcIds": ["a", "b"]}
    assert read_terms(results) is read_terms(dict(results))


@given(results=valid_results("dev.report"))
@settings(max_examples=40)
def test_every_valid_reply_is_read(results: dict[str, Any]) -> None:
    terms = read_terms(results)
    assert terms.heartbeat_interval > 0
    assert terms.heartbeat is (results.get("supportHeartbeat") != "0")


NAMES = ["timezone", "supportHeartbeat", "heartbeatInterval", "multiBioDataSupport", "multiBioPhotoSupport", "funcIds"]


@given(results=st.dictionaries(st.sampled_from(NAMES), json_values))
@settings(max_examples=40)
def test_nonsense_is_survived(results: dict[str, Any]) -> None:
    terms = read_terms(results)
    assert terms.heartbeat_interval > 0
    assert terms.offset_minutes is None or -1440 < terms.offset_minutes < 1440
