"""Every name that people may meet in a legend has words for them, each its own."""

from simulator.measurements.names import KNOWN_CODES, OTHERS, PENDING, RECORD_EVENTS, DeviceState
from simulator.measurements.short_labels import EVENT_LABELS, STATE_LABELS, code_label, event_label, state_label
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
