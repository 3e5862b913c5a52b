"""What came of misbehaviour: what a platform says, says nothing of, and what an outage hides."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.device.misbehaviour.aside import NOTHING, Said
from simulator.device.misbehaviour.ground import NotNow, ended, refuses
from simulator.measurements.misbehaviours import ACCEPTED, REFUSED_AS_EXPECTED, SILENT
from tests.device.misbehaviour.yard import Yard
from tests.platform.parts import answer_rule


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (Said(code="E0000002"), REFUSED_AS_EXPECTED),
        (Said(code="00000000"), ACCEPTED),
        (Said(code="malformed reply"), SILENT),
        (Said(ended="closed 1008"), REFUSED_AS_EXPECTED),
        (Said(ended="closed 1011"), SILENT),
        (Said(ended="closed 1001"), None),
        (Said(ended="closed 1006"), None),
        (Said(ended="timeout"), None),
        (NOTHING, SILENT),
    ],
)
def test_the_outcome_where_a_refusal_is_due(yard: Yard, said: Said, outcome: str | None) -> None:
    ground = yard.ground(yard.online())
    assert yard.do(ground.outcome(said, refuses)) == outcome


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (Said(code="00000000"), REFUSED_AS_EXPECTED),
        (Said(code="E0000002"), SILENT),
        (Said(ended="closed 1008"), SILENT),
        (Said(ended="closed 1001"), None),
    ],
)
def test_the_outcome_where_an_answer_is_due(yard: Yard, said: Said, outcome: str | None) -> None:
    ground = yard.ground(yard.online())
    assert yard.do(ground.outcome(said, lambda code: code == "00000000", otherwise=SILENT)) == outcome


def test_silence_over_a_line_on_which_nothing_comes_is_nobodys(yard: Yard) -> None:
    ground = yard.ground(yard.online())
    yard.network.links[0].fall_silent()
    assert yard.do(ground.silence()) is None


def test_silence_is_nobodys_where_the_device_goes_offline_meanwhile(yard: Yard) -> None:
    device = yard.online()
    ground = yard.ground(device)
    yard.network.links[0].fall_silent()
    yard.loop.call_later(2, device.lifecycle.online.session.abort, "timeout")  # type: ignore[union-attr]
    assert yard.do(ground.silence()) is None
    assert yard.do(ground.silence()) is None


def test_a_cut_of_a_second_connection_is_the_platforms_only_where_the_first_one_stays(yard: Yard) -> None:
    device = yard.online()
    ground, stay = yard.ground(device), device.lifecycle.online
    assert stay is not None
    assert yard.do(ground.cut_off("closed 1006", stay)) == REFUSED_AS_EXPECTED
    assert yard.do(ground.cut_off("closed 1001", stay)) is None
    yard.loop.call_later(0.05, yard.network.links[0].reset)
    assert yard.do(ground.cut_off("closed 1006", stay)) is None


@pytest.mark.parametrize("reason", ["stopped", "closed by the broker", "protocol violation", "closed 1012", ""])
def test_ends_that_say_nothing_of_the_platform(reason: str) -> None:
    assert ended(reason) is None


def test_a_way_needs_the_device_online_and_what_it_sends_negotiated(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(answers=[answer_rule("dev.heartbeat", silence_share=1.0)])
    device = yard.online(keys={"users": 0, "functions": {"without": ["dev.file"]}})
    ground = yard.ground(device)
    assert ground.online("dev.data.upload.verifyLog") is device.lifecycle.online
    with pytest.raises(NotNow):
        ground.online("dev.file.upload.start")
    yard.network.links[0].reset()
    yard.run(0.5)
    with pytest.raises(NotNow):
        ground.online()
