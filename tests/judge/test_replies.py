"""Replies that depart: what they mean, and under which rules they are told."""

import time
from typing import Any

import pytest

from simulator.judge.departures import MOST_DEPARTURES
from simulator.judge.replies import ReadReply, reply_judge, reply_judges
from simulator.protocol.reading import SyncTime

RIGHT: dict[str, Any] = {"funcId": "cmd.dev.response", "code": "00000000", "message": "success", "mid": "m1"}
TERMS: dict[str, Any] = {
    "timezone": "+08:00",
    "supportHeartbeat": "1",
    "heartbeatInterval": "30",
    "multiBioDataSupport": "0:1:1:0:0:0:0:0:0:0",
    "multiBioPhotoSupport": "0:1:1:0:0:0:0:0:0:0",
    "funcIds": ["dev.data.upload.user"],
}


def read(func_id: str = "dev.heartbeat", **members: Any) -> ReadReply:
    """A right reply with some members changed; those that are `...` left out."""
    message = {name: value for name, value in {**RIGHT, **members}.items() if value is not ...}
    found = reply_judge(func_id).read(message)
    assert reply_judge(func_id).right(message) is found.judgement.right
    return found


def read_terms(**results: Any) -> ReadReply:
    """As `read`, of the results of dev.report."""
    changed = {name: value for name, value in {**TERMS, **results}.items() if value is not ...}
    return read("dev.report", payload={"results": changed})


def rules(found: ReadReply) -> list[str]:
    return [departure.rule for departure in found.judgement.departures]


# --- The envelope ---


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"imme": "0"},
        {"imme": ""},
        {"imme": None},
        {"imme": "soon"},
        {"message": ""},
        {"sn": 5},
        {"extra": {"a": [None]}},
        {"payload": {}},
        {"payload": {"results": {}}},
        {"payload": {"results": {"extra": 1}, "extra": None}},
        {"code": "E0000004"},
        {"code": "E0000004", "payload": None},
        {"code": "E0000004", "payload": {"results": 5}},
    ],
)
def test_what_the_document_allows_is_right(members: dict[str, Any]) -> None:
    assert read(**members).judgement.right


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        (0, "00000000"),
        (0.0, "00000000"),
        ("0", "00000000"),
        (" 00000000", "00000000"),
        (200, "00000200"),
        ("E1", "E1"),
        ("0" * 9, "0" * 9),
        ("ok", "ok"),
    ],
)
def test_a_code_is_used_where_it_is_plain(code: Any, meant: str) -> None:
    found = read(code=code)

    assert (found.code, rules(found), found.judgement.unusable) == (meant, ["reply.code"], None)


@pytest.mark.parametrize("code", [..., None, "", " ", True, [], {}, 1e300])
def test_without_a_code_nothing_is_plain(code: Any) -> None:
    found = read(code=code)

    assert (found.code, rules(found)) == ("", ["reply.code"])
    assert found.judgement.unusable == found.judgement.departures[0]


@pytest.mark.parametrize(("message", "meant"), [(..., ""), (None, ""), (5, "5"), (["x"], "")])
def test_a_message_that_is_missing_is_counted_and_the_reply_used(message: Any, meant: str) -> None:
    found = read(message=message)

    assert (found.text, rules(found), found.judgement.unusable) == (meant, ["reply.message"], None)


@pytest.mark.parametrize("func_id", [..., None, "", "totally.wrong", "dev.heartbeat", 5])
def test_a_func_id_that_is_another_is_counted_and_the_reply_used(func_id: Any) -> None:
    found = read(funcId=func_id)

    assert (rules(found), found.judgement.unusable) == (["reply.func-id"], None)


@pytest.mark.parametrize("func_id", [..., "", "cmd.dev.response"])
def test_an_exchanges_reply_may_carry_none(func_id: Any) -> None:
    assert read("device.exchange.factor", funcId=func_id, payload={"results": {"factor": "x"}}).judgement.right


def test_an_exchanges_reply_with_another_func_id_departs() -> None:
    found = read("device.exchange.factor", funcId="dev.login", payload={"results": {"factor": "x"}})

    assert rules(found) == ["reply.func-id"]


@pytest.mark.parametrize("members", [{"mid": 7}, {"imme": 1}, {"imme": False}, {"imme": []}, {"payload": None}])
def test_what_is_no_text_or_object_is_counted(members: dict[str, Any]) -> None:
    assert rules(read(**members)) == ["reply.field-type"]


@pytest.mark.parametrize("payload", [[], "", 5, {"results": None}, {"results": []}, {"results": "x"}])
def test_a_payload_that_is_none_is_counted_where_nothing_is_due(payload: Any) -> None:
    found = read(payload=payload)

    assert (found.results, rules(found), found.judgement.unusable) == ({}, ["reply.field-type"], None)


# --- Results ---


@pytest.mark.parametrize(
    ("payload", "rule"),
    [
        (..., "reply.field-missing"),
        (None, "reply.field-missing"),
        ({}, "reply.field-missing"),
        ({"results": None}, "reply.field-missing"),
        ({"results": []}, "reply.field-type"),
        ("", "reply.field-type"),
    ],
)
def test_results_that_are_due_and_missing_are_told_once(payload: Any, rule: str) -> None:
    found = read("dev.report", payload=payload)

    assert rules(found) == [rule]
    assert found.judgement.unusable is not None
    assert "multiBioDataSupport" in found.judgement.unusable.text


def test_a_list_of_one_object_stands_for_the_object() -> None:
    found = read("dev.report", payload={"results": [TERMS]})

    assert (found.results, rules(found)) == (TERMS, ["reply.field-type"])


@pytest.mark.parametrize(
    ("name", "value", "meant", "rule"),
    [
        ("heartbeatInterval", 5, "5", "reply.field-type"),
        ("heartbeatInterval", 5.0, "5", "reply.field-type"),
        ("heartbeatInterval", "60.0", "60", "reply.field-format"),
        ("heartbeatInterval", None, ..., "reply.field-type"),
        ("heartbeatInterval", "0", ..., "session.heartbeat-terms"),
        ("heartbeatInterval", "-5", ..., "session.heartbeat-terms"),
        ("heartbeatInterval", "soon", ..., "session.heartbeat-terms"),
        ("heartbeatInterval", "86401", ..., "session.heartbeat-terms"),
        ("supportHeartbeat", False, "0", "reply.field-type"),
        ("supportHeartbeat", 1, "1", "reply.field-type"),
        ("supportHeartbeat", "true", "1", "reply.field-format"),
        ("supportHeartbeat", "2", ..., "reply.field-format"),
        ("timezone", "+8:00", "+08:00", "reply.field-format"),
        ("timezone", 8, "+08:00", "reply.field-type"),
        ("timezone", "Shanghai", ..., "reply.field-format"),
        ("timezone", {}, ..., "reply.field-type"),
        ("multiBioDataSupport", ":".join("0110000000011"), "0:1:1:0:0:0:0:0:0:0", "reply.field-format"),
        ("multiBioDataSupport", "0:1:1", "0:1:1:0:0:0:0:0:0:0", "reply.field-format"),
        ("multiBioDataSupport", "0110000000", "0:1:1:0:0:0:0:0:0:0", "reply.field-format"),
        ("multiBioDataSupport", "0:1:1:0:0:0:0:0:0:", "0:1:1:0:0:0:0:0:0:0", "reply.field-format"),
        ("funcIds", None, ..., "reply.field-type"),
        ("funcIds", "", ..., "reply.field-type"),
        ("funcIds", {}, ..., "reply.field-type"),
        ("funcIds", "dev.report", ["dev.report"], "reply.field-type"),
        ("funcIds", ["a", 5], ["a", "5"], "reply.field-type"),
        ("funcIds", ["a", None], ["a"], "reply.field-type"),
        ("funcIds", ["a", {}], ["a"], "reply.field-type"),
    ],
)
def test_terms_are_used_where_they_are_plain(name: str, value: Any, meant: Any, rule: str) -> None:
    found = read_terms(**{name: value})

    assert rules(found) == [rule]
    assert found.judgement.unusable is None
    assert found.results.get(name, ...) == meant
    assert {**found.results, name: 0} == {**TERMS, name: 0}


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (..., "reply.field-missing"),
        (None, "reply.field-missing"),
        ("", "reply.field-missing"),
        ("0:2:0:0:0:0:0:0:0:0", "reply.field-format"),
        ("face", "reply.field-format"),
        (["0", "1"], "reply.field-type"),
        (True, "reply.field-type"),
    ],
)
def test_a_biometric_text_that_means_nothing_makes_the_reply_unusable(value: Any, rule: str) -> None:
    found = read_terms(multiBioPhotoSupport=value)

    assert found.judgement.unusable is not None
    assert rules(found) == [rule]


def test_nine_positions_are_observed() -> None:
    found = read_terms(multiBioDataSupport="0:1:1:0:0:0:0:0:0")

    assert [seen.rule for seen in found.judgement.observations] == ["reply.nine-positions"]
    assert rules(found) == []
    assert found.results["multiBioDataSupport"] == "0:1:1:0:0:0:0:0:0:0"


@pytest.mark.parametrize("func_ids", [[], ["no.such", "no.such"], [""]])
def test_which_func_ids_are_listed_is_open(func_ids: list[str]) -> None:
    assert read_terms(funcIds=func_ids).judgement.right


def test_no_interval_is_due_without_heartbeats() -> None:
    assert read_terms(supportHeartbeat="0", heartbeatInterval="0").judgement.right


def test_an_interval_of_the_wrong_type_that_is_absurd_is_both() -> None:
    assert rules(read_terms(heartbeatInterval=0)) == ["reply.field-type", "session.heartbeat-terms"]


@pytest.mark.parametrize("value", [..., None, ""])
def test_nothing_is_granted_without_an_auth_code(value: Any) -> None:
    results = {} if value is ... else {"authCode": value}
    found = read("dev.register", payload={"results": results})

    assert found.judgement.unusable is not None
    assert rules(found) == ["reply.field-missing"]


def test_a_secret_that_is_a_number_is_used_and_not_shown() -> None:
    found = read("dev.accredit", payload={"results": {"secret": 12345678}})

    assert found.results == {"secret": "12345678"}
    assert rules(found) == ["reply.field-type"]
    assert "12345678" not in str(found.judgement)


def test_the_time_is_read_in_the_platforms_zone() -> None:
    judge = reply_judge("dev.system.sync.time")

    found = judge.read({**RIGHT, "payload": {"results": {"time": "2024-06-26 10:20:30"}}}, zone="+01:00")

    assert found.results == {"time": "2024-06-26T10:20:30+01:00"}
    assert rules(found) == ["reply.field-format"]


# --- What is told ---


def test_a_departure_says_what_is_there_and_what_would_be_right() -> None:
    (departure,) = read_terms(heartbeatInterval=5).judgement.departures

    assert str(departure) == 'results.heartbeatInterval is the number 5, should be the text "5"'


def test_so_many_departures_are_told_and_no_more() -> None:
    found = read_terms(funcIds=[5] * 1000, multiBioPhotoSupport=...)
    judgement = found.judgement

    assert len(judgement.departures) == MOST_DEPARTURES
    assert judgement.unusable in judgement.departures
    assert len(found.results["funcIds"]) == 1000


def test_what_means_nothing_is_told_however_late_it_is_found() -> None:
    judgement = read("dev.report", payload={"results": {**TERMS, "multiBioPhotoSupport": "x"}}).judgement
    assert judgement.unusable is not None

    results = {"funcIds": [5] * 1000, "multiBioDataSupport": 5, "multiBioPhotoSupport": TERMS["multiBioPhotoSupport"]}
    judgement = read("dev.report", payload={"results": results}).judgement
    assert judgement.unusable in judgement.departures


@pytest.mark.parametrize(
    "results",
    [
        dict.fromkeys(TERMS, "9" * 1_000_000),
        {name: [[]] * 100_000 for name in TERMS},
        dict.fromkeys(TERMS, "0:" * 500_000),
        dict.fromkeys(TERMS, " " * 1_000_000),
        dict.fromkeys(TERMS, 10**4000),
        dict.fromkeys(TERMS, "\ud800" * 100_000),
        {name: float("nan") for name in TERMS},
    ],
    ids=["digits", "lists", "colons", "blanks", "number", "halves", "nan"],
)
def test_the_largest_garbage_takes_little_time_and_room(results: dict[str, Any]) -> None:
    began = time.process_time()

    found = read("dev.report", payload={"results": results}, code=10**4000, message="x" * 1_000_000, funcId="y" * 10**6)

    assert time.process_time() - began < 2.0
    assert len(str(found.judgement)) < 20_000


@pytest.mark.parametrize(
    ("told", "results", "found", "meant"),
    [
        (SyncTime(), {"time": "2024-06-26T10:20:30+08:00"}, [], "2024-06-26T10:20:30+08:00"),
        (SyncTime("now"), {"now": "2024-06-26T10:20:30+08:00"}, [], "2024-06-26T10:20:30+08:00"),
        (SyncTime(epoch_ms=True), {"time": "1719368430999"}, [], "1719368430999"),
        (SyncTime("now"), {"time": "1"}, ["(there is time): sync_time.field"], None),
        (SyncTime(), {}, ["should be a time yyyy-MM-ddTHH:mm:ss±HH:mm: sync_time.field"], None),
        (SyncTime(), {"time": 1719368430999}, [": sync_time.form"], "2024-06-26T10:20:30+08:00"),
        (SyncTime(epoch_ms=True), {"time": 1719368430999}, [": sync_time.form"], "1719368430999"),
        (SyncTime(epoch_ms=True), {"time": "2024-06-26T10:20:30+08:00"}, [": sync_time.form"], "1719368430000"),
        (SyncTime(epoch_ms=True), {"time": "soon"}, [": sync_time.form"], None),
    ],
)
def test_the_time_is_read_as_the_scenario_says_it_is_told(
    told: SyncTime, results: dict[str, Any], found: list[str], meant: str | None
) -> None:
    judge = reply_judges(told)("dev.system.sync.time")
    message = {**RIGHT, "payload": {"results": results}}
    assert judge.right(message) is (not found)
    read = judge.read(message)
    departures = read.judgement.departures
    assert len(departures) == len(found)
    assert all(str(each).endswith(words) for each, words in zip(departures, found, strict=True))
    assert read.results.get(told.field) == meant
    assert (read.judgement.unusable is None) is (meant is not None)
    assert read.judgement.unusable in (None, *departures)


def test_other_replies_are_read_as_ever() -> None:
    assert reply_judges(SyncTime("now"))("dev.heartbeat") is reply_judge("dev.heartbeat")
    assert reply_judges(SyncTime()) is reply_judge
