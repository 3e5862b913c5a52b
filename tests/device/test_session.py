"""Which replies came in time: the moment of arrival decides, and a time-out is recorded at its deadline."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.replies import Reply
from simulator.device.session import Session
from simulator.device.settings import OnTimeout
from simulator.device.witness import Witness
from simulator.measurements.names import DeviceState
from simulator.protocol.envelope import MidSource
from tests.device.answers import closes, late
from tests.device.deliveries import LOG, people
from tests.device.harness import World, alone, device_settings
from tests.device.recording import Nobody

TIMEOUT_S = 10.0


class Wire:
    """The connection of a session that talks to nobody."""

    paused = False
    resumed = False
    redelivered = False
    fault: tuple[int, str] | None = None

    def __init__(self) -> None:
        self.mids: list[str] = []
        self.aborted = False

    def send(self, payload: bytes, binary: bool) -> None:
        self.mids.append(orjson.loads(payload)["mid"])

    def close(self, code: int = 1000, reason: str = "") -> None:
        raise AssertionError

    def abort(self) -> None:
        self.aborted = True

    def trust(self, max_size: int) -> None:
        raise AssertionError

    async def drain(self) -> None:
        raise AssertionError


class Conversation:
    """A session whose peer answers when the test says so."""

    def __init__(self, *, reconnect: bool = False) -> None:
        self.world = World()
        self.wire = Wire()
        self.replies: list[Reply] = []
        env = self.world.env
        self.session = Session(
            env,
            env.suite.device_side(env.keys),
            MidSource(1),
            device_settings(
                request_timeout=TIMEOUT_S, on_timeout=OnTimeout.RECONNECT if reconnect else OnTimeout.RETRY
            ),
            on_command=lambda message, size, unreadable, early: None,
            on_end=lambda reason: None,
            witness=Witness(env.recorder, env.clock, Nobody(), 0),
        )
        self.session.opened(self.wire)

    def wait(self, seconds: float) -> None:
        """Let time pass without a look at the timers, as while the loop is busy."""
        self.world.clock.advance(seconds)

    def send(self, name: str = "dev.heartbeat", *, late: float = 0.0) -> str:
        self.session.send(name, None, self.replies.append, late=late)
        return self.wire.mids[-1]

    def answer(self, mid: str, **more: Any) -> None:
        reply = {"funcId": "cmd.dev.response", "mid": mid, "code": "00000000", "message": "", **more}
        self.session.message(orjson.dumps(reply), binary=False)

    @property
    def told(self) -> list[tuple[str, float]]:
        return [(entry[3], round(entry[2], 6)) for entry in self.world.recorder.requests]


@pytest.mark.parametrize("over", [0.001, 0.02, 30.0])
def test_a_reply_after_the_deadline_is_a_timeout_before_any_sweep(over: float) -> None:
    talk = Conversation()
    mid = talk.send()
    talk.wait(TIMEOUT_S + over)
    talk.answer(mid)
    assert talk.told == [("timeout", TIMEOUT_S)]
    assert [reply.code for reply in talk.replies] == ["timeout"]
    assert talk.world.recorder.broken() == {"reply.late": 1}
    talk.world.timers.run_due()
    assert len(talk.told) == 1


def test_a_reply_just_before_the_deadline_is_a_success() -> None:
    talk = Conversation()
    mid = talk.send()
    talk.wait(TIMEOUT_S - 0.001)
    talk.answer(mid)
    assert talk.told == [("00000000", TIMEOUT_S - 0.001)]


def test_a_reply_counts_from_when_it_arrived_however_late_it_is_read() -> None:
    talk = Conversation()
    mid = talk.send()
    talk.wait(TIMEOUT_S - 0.5)
    talk.world.env.received.at = talk.world.clock.monotonic()
    talk.wait(1.0)
    talk.answer(mid)
    assert talk.told == [("00000000", TIMEOUT_S - 0.5)]


def test_a_late_reply_makes_the_connection_count_as_dead_as_the_sweep_does() -> None:
    talk = Conversation(reconnect=True)
    mid = talk.send()
    talk.wait(TIMEOUT_S + 0.02)
    talk.answer(mid)
    assert talk.wire.aborted
    assert not talk.session.usable


def test_a_timeout_is_recorded_at_its_deadline_however_late_it_is_noticed() -> None:
    talk = Conversation()
    talk.send()
    talk.wait(TIMEOUT_S + 0.99)
    talk.world.timers.run_due()
    assert talk.told == [("timeout", TIMEOUT_S)]
    assert talk.replies[0].received == pytest.approx(talk.world.clock.monotonic() - 0.99)
    assert talk.world.recorder.requests[0][1] + TIMEOUT_S == pytest.approx(talk.world.clock.wall() - 0.99)


def test_a_connection_lost_after_the_deadline_cut_nothing_off_any_more() -> None:
    talk = Conversation()
    talk.send("dev.data.upload.user")
    talk.wait(9.0)
    talk.send("dev.heartbeat")
    talk.wait(1.02)
    talk.session.closed(1006, "", "")
    assert talk.told == [("timeout", TIMEOUT_S), ("disconnected", 1.02)]
    assert [reply.code for reply in talk.replies] == ["timeout", "disconnected"]


@given(
    requests=st.lists(
        st.tuples(st.floats(0, 0.2), st.floats(TIMEOUT_S - 0.2, TIMEOUT_S + 0.2)), min_size=1, max_size=20
    )
)
@alone
async def test_the_moment_of_arrival_alone_decides(requests: list[tuple[float, float]]) -> None:
    """Replies round their deadlines, with sweeps in between that come when they come."""
    talk = Conversation()
    moments: dict[int, float] = {}
    for number, (pause, seconds) in enumerate(requests):
        await talk.world.advance(pause)
        mid = talk.send(late=float(number))
        moments[number] = seconds
        talk.world.timers.call_later(seconds, talk.answer, mid)
    await talk.world.advance(TIMEOUT_S + 1)
    for *_, latency, code, _, _, number in talk.world.recorder.requests:
        seconds = moments.pop(int(number))
        if abs(seconds - TIMEOUT_S) > 1e-6:
            assert code == ("timeout" if seconds > TIMEOUT_S else "00000000")
        assert latency == pytest.approx(min(seconds, TIMEOUT_S))
    assert not moments


async def test_uploads_keep_the_same_deadline(world: World) -> None:
    """What came too late is sent again, though the platform has it: the device had taken it for lost."""
    world.platform.always(LOG, late(10.02))
    device = await world.online(on_timeout=OnTimeout.RETRY, **people(rate=0.5))
    await world.advance(60)
    assert set(world.recorder.codes(LOG)) == {"timeout"}
    assert {round(entry[2], 3) for entry in world.recorder.requests if entry[0] == LOG} == {10.0}
    assert world.recorder.records["acknowledged"] == 0
    world.platform.always(LOG, late(9.98))
    await world.stop(device, 600.0)
    assert world.recorder.records["acknowledged"] == world.recorder.records["generated"]


async def test_a_step_of_the_initial_flow_keeps_it_too(world: World) -> None:
    world.platform.script("dev.login", late(10.02))
    device = await world.start()
    await world.until(lambda: device.state is DeviceState.ONLINE)
    assert world.recorder.codes("dev.login") == ["timeout", "00000000"]
    assert world.recorder.flow_codes("init")[0] == "timeout"


async def test_a_close_after_the_deadline_leaves_the_timeout_its_code(world: World) -> None:
    world.platform.script("dev.heartbeat", late(10.02, closes(1001)))
    world.platform.terms["heartbeatInterval"] = "60"
    await world.online(on_timeout=OnTimeout.RETRY)
    await world.advance(75)
    assert world.recorder.codes("dev.heartbeat")[0] == "timeout"
