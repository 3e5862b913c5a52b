from simulator.measurements.attendance import FIGURES, WHAT
from simulator.measurements.names import FLOWS, OWN_CODES, PHOTO_FIGURES, RECORD_FIGURES, DeviceState
from simulator.measurements.reference import measurements_page

PAGE = measurements_page()


def test_every_name_is_explained() -> None:
    names = [
        *(flow.name for flow in FLOWS),
        *(f"records.{name}" for name in RECORD_FIGURES),
        *(f"photos.{name}" for name in PHOTO_FIGURES),
        *(f"attendance.{name}" for name in FIGURES),
        *WHAT,
        *(state.value for state in DeviceState),
        *OWN_CODES,
    ]
    assert [name for name in names if f"- `{name}`: " not in PAGE] == []


def test_a_flow_says_what_is_in_it() -> None:
    (line,) = [line for line in PAGE.splitlines() if line.startswith("- `enrolment_delivery`")]
    assert "`dev.data.upload.multiCard`" in line
