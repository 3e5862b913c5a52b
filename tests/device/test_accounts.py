"""Each request is recorded once, and whoever waits for the last of them is told of it."""

from __future__ import annotations

from simulator.measurements.names import DISCONNECTED, TIMEOUT
from simulator.protocol.codes import SUCCESS
from tests.device.test_session import TIMEOUT_S, Conversation


def test_what_waits_is_counted_until_it_is_settled() -> None:
    talk = Conversation()
    first, second = talk.send(), talk.send()
    settled: list[int] = []
    talk.session.when_settled(lambda: settled.append(talk.session.waiting))
    assert talk.session.waiting == 2
    talk.answer(first)
    assert (talk.session.waiting, settled) == (1, [])
    talk.answer(second)
    assert (talk.session.waiting, settled) == (0, [0])


def test_who_waits_for_the_last_is_told_of_heartbeats_as_well() -> None:
    talk = Conversation()
    settled: list[int] = []
    for _ in range(2):
        talk.session.send_heartbeat(True, 0.0)
        talk.session.when_settled(lambda: settled.append(talk.session.waiting))
        talk.answer(talk.wire.mids[-1])
    assert settled == [0, 0]


def test_what_is_cut_off_is_recorded_by_whether_its_time_was_over() -> None:
    talk = Conversation()
    talk.send()
    talk.wait(TIMEOUT_S)
    talk.send()
    talk.wait(0.5)
    talk.session.give_up("the connection is gone")
    assert talk.told == [(TIMEOUT, TIMEOUT_S), (DISCONNECTED, 0.5)]
    assert [reply.code for reply in talk.replies] == [TIMEOUT, DISCONNECTED]


def test_what_was_sent_before_may_go_on_waiting() -> None:
    talk = Conversation()
    first = talk.send()
    talk.send()
    talk.session.give_up("a part of it", after=1)
    talk.answer(first)
    assert [code for code, _ in talk.told] == [DISCONNECTED, SUCCESS]
