"""Every name that people may meet in a legend has words for them, each its own."""

from simulator.device.end_reason import EndReason
from simulator.measurements.names import KNOWN_CODES, OTHERS, OWN_ENDINGS, PENDING, RECORD_EVENTS, DeviceState
from simulator.measurements.short_labels import (
    EVENT_LABELS,
    STATE_LABELS,
    code_label,
    event_label,
    reason_label,
    state_label,
)
from simulator.mqtt.endings import ENDINGS
from simulator.texts.language import speaking


def test_every_record_event_has_a_label_of_its_own() -> None:
    assert set(EVENT_LABELS) == {*RECORD_EVENTS, PENDING}
    assert len(set(EVENT_LABELS.values())) == len(EVENT_LABELS)
    assert not any("_" in event_label(event) for event in RECORD_EVENTS)


def test_every_state_has_a_label_of_its_own() -> None:
    assert set(STATE_LABELS) == {state.value for state in DeviceState}
    assert len(set(STATE_LABELS.values())) == len(STATE_LABELS)


def test_codes_say_what_they_mean() -> None:
    assert code_label("timeout") == "timeout (no reply before the deadline)"
    assert code_label("MADE-UP") == "MADE-UP"
    assert code_label(OTHERS) == "other codes"
    assert all(code_label(code).startswith(code) for code in KNOWN_CODES)


def test_labels_are_said_in_the_language_that_is_spoken() -> None:
    assert event_label("photo_acknowledged") == "pictures acknowledged"
    with speaking("zh"):
        assert event_label("photo_acknowledged") != "pictures acknowledged"
        assert state_label("online") == "在线"


def test_what_a_later_version_tells_of_stands_as_it_is() -> None:
    assert event_label("teleported") == "teleported"
    assert state_label("dreaming") == "dreaming"


def test_every_reason_of_a_disconnect_has_words_and_in_english_they_are_its_own() -> None:
    reasons = {*OWN_ENDINGS, OTHERS, *ENDINGS, EndReason.TIMEOUT, EndReason.VIOLATION, EndReason.BROKEN}
    reasons |= {EndReason.FLOW_REFUSED, EndReason.NO_PONG, EndReason.closed(1006), EndReason.closed_by_us(4000)}
    reasons |= {EndReason.closed_by_us(code) for code in (1002, 1007, 1009, 1011)}
    assert {reason_label(reason) for reason in reasons} == reasons
    with speaking("zh"):
        told = {reason: reason_label(reason) for reason in reasons}
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in label) for label in told.values()), told
    assert told["closed 1006"] == "连接关闭（1006）"
    with speaking("zh"):
        assert reason_label("a word of a later version") == "a word of a later version"
