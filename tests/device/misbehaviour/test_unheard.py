"""A recorder that forgets: connections opened only to misbehave stand in no figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.device.misbehaviour.unheard import Unheard

if TYPE_CHECKING:
    from simulator.measurements.recorder import Recorder


def test_it_takes_whatever_a_recorder_is_told_and_keeps_nothing() -> None:
    recorder: Recorder = Unheard()
    recorder.request("dev.login", 1.0, 0.1, "00000000", 1, 1, 0.0)
    recorder.disconnect("closed 1008", 2.0)
    recorder.violation("reply.code", "dev.login", "code is 0", 1.0, 0)
    assert not hasattr(recorder, "__dict__")
