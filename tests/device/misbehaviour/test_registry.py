"""The ways: all of them, each with its reason, each against a platform that is right and one that is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import pytest

from simulator.device.misbehaviour.registry import WAYS, Way, impossible
from simulator.measurements.misbehaviours import ACCEPTED, MISBEHAVIOURS, REFUSED_AS_EXPECTED, SENT, SILENT
from simulator.protocol.channel.options import ChannelOptions
from simulator.protocol.channel.registry import channel_suite
from tests.device.harness import device_settings, verification
from tests.device.misbehaviour.yard import Yard

PLAIN = channel_suite("plain")
PEOPLE = [verification(rate=1.0)]
OF_CHANNELS = {
    "plain": 11,
    "exchange-only": 11,
    "rsa-aes": 12,
    "configurable": 11,
}


def test_every_way_is_here_in_the_order_of_the_summary() -> None:
    assert list(WAYS) == list(MISBEHAVIOURS)


@pytest.mark.parametrize("way", WAYS.values(), ids=lambda way: way.name)
def test_every_way_says_all_of_itself(way: Way) -> None:
    for field in fields(way):
        if field.type == "str" and field.name != "not_done":
            assert getattr(way, field.name), field.name
    assert bool(way.not_done) == (way.name not in ("replay_nonce", "stale_timestamp", "bad_sign"))


@pytest.mark.parametrize("suite", OF_CHANNELS)
def test_a_right_platform_does_what_the_document_says_and_the_devices_own_truth_is_untouched(
    make_yard: Callable[..., Yard], suite: str
) -> None:
    yard = make_yard(suite)
    device = yard.online()
    outcomes = yard.misbehave(device, *WAYS, seconds=30.0)
    assert len(outcomes) == OF_CHANNELS[suite]
    for way, counts in outcomes.items():
        assert counts[SENT] == counts[REFUSED_AS_EXPECTED] >= 2, way
        assert counts.keys() == {SENT, REFUSED_AS_EXPECTED}, way
    recorder = yard.recorder
    assert recorder.failed() == {}
    assert recorder.violations == recorder.observations == recorder.disconnects == []
    assert set(recorder.codes("getBrokerServer")) == {"00000000"}
    device.stop()
    yard.run(5)
    assert recorder.records["generated"] == recorder.records["acknowledged"] == yard.records(device) > 40


@pytest.mark.parametrize(
    ("way", "mistake", "outcome"),
    [
        ("replay_nonce", "lookup.accepts-repeated-nonce", ACCEPTED),
        ("stale_timestamp", "lookup.accepts-stale", ACCEPTED),
        ("bad_sign", "lookup.accepts-sign", ACCEPTED),
        ("oversize", "accepts.too-large", ACCEPTED),
        ("oversize", "session.silent-on-refusal", SILENT),
        ("wrong_checksum", "accepts.file-checksum", ACCEPTED),
        ("offset_gap", "accepts.file-gap", ACCEPTED),
        ("repeat_mid", "accepts.repeated-mid", ACCEPTED),
        ("repeat_mid", "session.silent-on-refusal", SILENT),
        ("business_before_login", "accepts.before-login", ACCEPTED),
        ("business_before_login", "session.silent-on-refusal", SILENT),
        ("garbage_frame", "session.survives-violations", SILENT),
        ("duplicate_log", "refuses.duplicate-record", SILENT),
        ("oversize", "session.closes-on-refusal", REFUSED_AS_EXPECTED),
    ],
)
def test_a_wrong_platform_is_found(make_yard: Callable[..., Yard], way: str, mistake: str, outcome: str) -> None:
    yard = make_yard(wrong=[mistake])
    counts = yard.misbehave(yard.online(), way, seconds=4.0, rate=0.5)[way]
    assert counts[outcome] == counts[SENT] > 0
    assert counts.keys() == {SENT, outcome}


# --- Who can never do it ---


@pytest.mark.parametrize(
    ("ways", "keys", "word"),
    [
        ({"duplicate_log"}, {"functions": {"without": ["dev.data.upload.verifyLog"]}}, "without dev.data.upload"),
        ({"wrong_checksum", "offset_gap"}, {"functions": {"without": ["dev.file"]}}, "without dev.file.upload.start"),
        ({"heartbeat_flood"}, {"functions": {"without": ["dev.heartbeat"]}}, "without dev.heartbeat"),
        (set(WAYS), {"broker_type": "push"}, "no further than the look-up"),
    ],
)
def test_why_devices_never_misbehave_in_a_way(ways: set[str], keys: dict[str, object], word: str) -> None:
    settings = device_settings(PEOPLE, keys)
    told = {way: why for way in WAYS if (why := impossible(way, settings, channel_suite("rsa-aes")))}
    assert set(told) == ways
    assert all(word in why for why in told.values())


def test_nobody_who_verifies_no_record_to_send_twice() -> None:
    assert "nobody verifies" in impossible("duplicate_log", device_settings(), PLAIN)
    assert impossible("duplicate_log", device_settings(PEOPLE), PLAIN) == ""


@pytest.mark.parametrize(
    ("suite", "options", "possible"),
    [
        ("plain", None, False),
        ("exchange-only", None, False),
        ("rsa-aes", None, True),
        ("configurable", ChannelOptions(iv="counter"), True),
        ("configurable", ChannelOptions(iv="random"), False),
    ],
)
def test_a_counter_is_skipped_where_there_is_one(suite: str, options: ChannelOptions | None, possible: bool) -> None:
    chosen = channel_suite(suite) if options is None else channel_suite(suite, options)
    why = impossible("counter_skip", device_settings(PEOPLE), chosen)
    assert bool(why) != possible


def test_over_mqtt_what_needs_a_second_connection_or_has_no_meaning_is_left_out() -> None:
    settings = device_settings(PEOPLE, {"broker_type": "best-m", "mqtt": {"profile": "best-m"}})
    left_out = {way for way in WAYS if impossible(way, settings, PLAIN)}
    assert left_out >= {"repeat_mid", "business_before_login", "garbage_frame", "counter_skip"}
    assert not left_out & {"duplicate_log", "replay_nonce", "bad_sign", "wrong_checksum", "heartbeat_flood"}
