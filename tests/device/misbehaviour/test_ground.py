"""What came of misbehaviour: what a platform says, says nothing of, and what an outage hides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from simulator.device.misbehaviour.aside import NOTHING, Said
from simulator.device.misbehaviour.ground import HIDDEN, NotNow, ended, outcome, refuses
from simulator.measurements.misbehaviours import ACCEPTED, REFUSED_AS_EXPECTED, SILENT
from tests.device.misbehaviour.yard import Yard
from tests.platform.parts import answer_rule


@pytest.mark.parametrize(
    ("said", "came"),
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
        (HIDDEN, None),
    ],
)
def test_the_outcome_where_a_refusal_is_due(said: Said, came: str | None) -> None:
    assert outcome(said, refuses) == came


@pytest.mark.parametrize(
    ("said", "came"),
    [
        (Said(code="00000000"), REFUSED_AS_EXPECTED),
        (Said(code="E0000002"), SILENT),
        (Said(ended="closed 1008"), SILENT),
        (Said(ended="closed 1001"), None),
    ],
)
def test_the_outcome_where_an_answer_is_due(said: Said, came: str | None) -> None:
    assert outcome(said, lambda code: code == "00000000", otherwise=SILENT) == came


# --- Silence ---


def _nothing_in_time(yard: Yard) -> Coroutine[Any, Any, Said]:
    async def wait() -> Said:
        await asyncio.sleep(10.0)
        return NOTHING

    return yard.ground(yard.devices[0]).watched(wait())


def test_silence_is_the_platforms_where_the_line_is_alive_all_the_time(yard: Yard) -> None:
    yard.online(behaviours=[])
    assert yard.do(_nothing_in_time(yard)) == NOTHING


@pytest.mark.parametrize(("begins", "lasts"), [(0.0, 60.0), (1.0, 6.0), (3.0, 9.0), (6.5, 60.0)])
def test_silence_is_nobodys_where_nothing_came_over_the_line_for_a_while(
    yard: Yard, begins: float, lasts: float
) -> None:
    yard.online(behaviours=[])
    link = yard.network.links[0]
    yard.loop.call_later(begins, link.fall_silent)
    yard.loop.call_later(begins + lasts, lambda: link.speak_again(forgotten=False))
    assert yard.do(_nothing_in_time(yard)) == HIDDEN


def test_silence_is_nobodys_where_the_device_goes_offline_meanwhile(yard: Yard) -> None:
    yard.online()
    yard.loop.call_later(9.0, yard.network.links[0].reset)
    assert yard.do(_nothing_in_time(yard)) == HIDDEN


def test_an_answer_is_one_whatever_the_line_did(yard: Yard) -> None:
    yard.online()
    yard.network.links[0].fall_silent()

    async def answered() -> Said:
        await asyncio.sleep(9)
        return Said(code="E0000002")

    assert yard.do(yard.ground(yard.devices[0]).watched(answered())) == Said(code="E0000002")


# --- Connections ---


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
