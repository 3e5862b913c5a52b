"""Colours: the same for a name wherever it stands, and different ones for what stands side by side."""

from reports.colors import COLORS, FAULTS, STATES, color_of_code, style_of, styles
from simulator.measurements.names import INIT, KNOWN_NAMES, OWN_CODES, RECORD_DELIVERY, DeviceState


def test_no_two_known_names_look_alike() -> None:
    found = [style_of(name) for name in KNOWN_NAMES if not name.startswith("cmd.")]
    assert len(set(found)) == len(found)
    assert all(1 <= color <= COLORS and dash in (0, 1, 2) for color, dash in map(style_of, KNOWN_NAMES))


def test_what_each_run_has_differs_by_colour() -> None:
    often = ["dev.heartbeat", "dev.data.upload.verifyLog", "dev.data.upload.verifyPhoto", "connect", "dev.login"]
    colors = [style_of(name)[0] for name in (*often, INIT.name, RECORD_DELIVERY.name)]
    assert len(set(colors)) == len(colors)


def test_a_name_that_a_platform_made_up_has_its_colour_in_every_process() -> None:
    assert style_of("dev.unheard.of") == (style_of("dev.unheard.of")[0], style_of("dev.unheard.of")[1])
    assert style_of("dev.\ud83d") == style_of("dev.\ud83d")
    assert 1 <= color_of_code("E9999999") <= COLORS


def test_every_state_and_kind_of_fault_has_a_colour() -> None:
    active = {state.value for state in DeviceState} - {"offline", "stopped"}
    assert set(STATES) == active
    assert len(set(STATES.values())) == len(STATES)
    assert len(set(FAULTS.values())) == len(FAULTS)


def test_others_are_grey_and_no_failure_is_green() -> None:
    assert color_of_code("others") == 0
    assert 2 not in {color_of_code(code) for code in OWN_CODES}
    assert color_of_code("timeout") != color_of_code("disconnected")


def test_the_script_gets_what_occurred() -> None:
    found = styles(["connect"], ["timeout"])
    assert found["names"] == {"connect": style_of("connect")}
    assert found["codes"] == {"timeout": color_of_code("timeout")}
