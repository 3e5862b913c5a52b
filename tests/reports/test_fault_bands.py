from typing import Any

import pytest

from reports.fault_bands import fault_bands


def fault(
    at: float, lasts: float = 10.0, what: str = "outage", back: float | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "what": what,
        "text": f"{what}, all",
        "at_s": at,
        "for_s": lasts,
        "came": True,
        "hit": 3,
        "recovery_ms": {"all": back},
    } | more


@pytest.mark.parametrize(
    ("faults", "bands", "returns"),
    [
        ([fault(20.0)], [[10, 15]], []),
        ([fault(21.5, 8.0)], [[10, 15]], []),
        # What takes no time is seen all the same, at the chart's end as well.
        ([fault(20.0, 0.0)], [[10, 11]], []),
        ([fault(119.9, 0.0)], [[58, 59]], []),
        ([fault(110.0, 500.0)], [[55, 59]], []),
        ([fault(20.0, back=7000.0)], [[10, 15]], [[15, 19]]),
        ([fault(20.0, back=0.0)], [[10, 15]], []),
        # Those that touch are one.
        ([fault(20.0), fault(26.0), fault(60.0)], [[10, 18], [30, 35]], []),
        ([fault(20.0, came=False)], None, None),
        ([fault(500.0)], None, None),
    ],
)
def test_bands(faults: list[dict[str, Any]], bands: list[list[int]] | None, returns: list[list[int]] | None) -> None:
    found = fault_bands(faults, 2, 60)
    if bands is None:
        assert found == []
    else:
        assert [(kind["bands"], kind["returns"]) for kind in found] == [(bands, returns)]


def test_each_kind_has_its_own_and_says_what_it_was() -> None:
    outage, jump = fault_bands([fault(20.0), fault(20.0, 0.0, "clock_jump", hit=1)], 10, 6)
    assert (outage["what"], jump["what"]) == ("outage", "clock_jump")
    assert outage["texts"]["2"] == ["outage, all: at 20.0 s for 10.0 s, 3 devices"]
    assert jump["texts"]["3"] == ["clock_jump, all: at 20.0 s, 1 device"]


def test_a_tooltip_counts_what_it_does_not_name() -> None:
    (found,) = fault_bands([fault(20.0 + number, 1.0) for number in range(9)], 60, 6)
    assert found["bands"] == [[0, 1]]
    assert len(found["texts"]["0"]) == 5
    assert found["texts"]["0"][-1] == "and 5 more"


def test_thousands_draw_no_more_than_a_chart_has_points() -> None:
    (found,) = fault_bands([fault(12.0 * number, 3.0, back=2000.0) for number in range(5000)], 250, 240)
    assert found["bands"] == [[0, 239]]
    assert len(found["returns"]) < 240


def test_a_run_of_one_point_has_no_bands() -> None:
    assert fault_bands([fault(0.0)], 1, 1) == []
