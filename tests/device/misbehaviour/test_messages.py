"""Messages of a device online that are too large, too many, or come twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import orjson
import pytest

from simulator.device.misbehaviour.ground import NotNow
from simulator.device.misbehaviour.messages import FLOOD, duplicate_log, heartbeat_flood, oversize, repeat_mid
from simulator.measurements.misbehaviours import REFUSED_AS_EXPECTED, SILENT
from tests.device.harness import device_settings
from tests.device.misbehaviour.yard import Yard
from tests.platform.parts import answer_rule


def _sent(yard: Yard) -> list[bytes]:
    return [payload for payload, _ in yard.sent]


def test_a_record_comes_twice_under_another_mid_and_is_kept_once(yard: Yard) -> None:
    device = yard.online()
    ground = yard.ground(device)
    with pytest.raises(NotNow):
        yard.do(duplicate_log(ground))
    device.delivery.fates.on_acknowledged = lambda batch: setattr(ground, "record", batch[-1].fields)
    yard.run(5)
    kept = yard.records(device)
    record = ground.record
    assert record is not None
    assert yard.do(duplicate_log(ground), 0.5) == REFUSED_AS_EXPECTED
    carrying = [orjson.loads(each) for each in _sent(yard) if record["logId"].encode() in each]
    assert [each["payload"]["params"]["verifyLog"][0] for each in carrying] == [record, record]
    assert carrying[0]["mid"] != carrying[1]["mid"]
    device.stop()
    yard.run(5)
    assert yard.records(device) == yard.recorder.records["acknowledged"] >= kept


def test_a_message_has_one_byte_more_than_a_package(yard: Yard) -> None:
    ground = yard.ground(yard.online(keys={"users": 3, "max_package": "8KB"}))
    limit = ground.spec.settings.max_package_kb * 1024
    assert yard.do(oversize(ground)) == REFUSED_AS_EXPECTED
    assert max(map(len, _sent(yard))) == limit + 1


def test_a_platform_that_is_told_of_no_package_takes_64_kb(yard: Yard) -> None:
    reading = replace(device_settings().reading, report_without=frozenset({"maxPackageSize"}))
    ground = yard.ground(yard.online(keys={"users": 3, "max_package": "8KB"}, reading=reading))
    assert yard.do(oversize(ground)) == REFUSED_AS_EXPECTED
    assert max(map(len, _sent(yard))) == 64 * 1024 + 1


def test_a_mid_serves_twice(yard: Yard) -> None:
    ground = yard.ground(yard.online())
    assert yard.do(repeat_mid(ground)) == REFUSED_AS_EXPECTED
    first, second = [orjson.loads(each) for each in _sent(yard) if b"dev.heartbeat" in each[:30]]
    assert first["mid"] == second["mid"]
    assert "imme" not in first
    assert second["imme"] == "1"


def test_a_hundred_heartbeats_are_one_flood(yard: Yard) -> None:
    ground = yard.ground(yard.online())
    assert yard.do(heartbeat_flood(ground)) == REFUSED_AS_EXPECTED
    mids = {orjson.loads(each)["mid"] for each in _sent(yard) if b"dev.heartbeat" in each[:30]}
    assert len(mids) == FLOOD
    assert yard.recorder.codes("dev.heartbeat") == []


def test_one_heartbeat_without_an_answer_makes_a_flood_silent(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(answers=[answer_rule("dev.heartbeat", silence_share=0.02)])
    assert yard.do(heartbeat_flood(yard.ground(yard.online()))) == SILENT


def test_where_no_heartbeats_are_sent_a_question_takes_their_place(yard: Yard) -> None:
    ground = yard.ground(yard.online(keys={"users": 0, "functions": {"without": ["dev.heartbeat"]}}))
    assert yard.do(repeat_mid(ground)) == REFUSED_AS_EXPECTED
    assert yard.do(oversize(ground)) == REFUSED_AS_EXPECTED
    assert not any(b"dev.heartbeat" in each[:30] for each in _sent(yard))
    with pytest.raises(NotNow):
        yard.do(heartbeat_flood(ground))


def test_nothing_is_sent_without_anything_harmless_to_send(yard: Yard) -> None:
    without = ["dev.heartbeat", "dev.system.sync.time"]
    ground = yard.ground(yard.online(keys={"users": 0, "functions": {"without": without}}))
    for way in (repeat_mid, oversize):
        with pytest.raises(NotNow):
            yard.do(way(ground))


def test_a_mid_is_not_repeated_where_the_first_request_was_refused(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(answers=[answer_rule("dev.heartbeat", silence_share=1.0)])
    with pytest.raises(NotNow):
        yard.do(repeat_mid(yard.ground(yard.online())))
