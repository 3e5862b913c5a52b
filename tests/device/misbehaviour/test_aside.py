"""Requests beside a device's own business: matched by mid, in none of the run's figures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.device.device import Device
from simulator.device.misbehaviour.aside import NOTHING, Aside, Said
from simulator.device.session import Session
from simulator.protocol import envelope
from tests.device.misbehaviour.yard import Yard
from tests.platform.parts import answer_rule

TIME = "dev.system.sync.time"


def session_of(device: Device) -> Session:
    assert device.lifecycle.online is not None
    return device.lifecycle.online.session


async def ask(yard: Yard, device: Device) -> Said:
    session = session_of(device)
    mid = session.mids.next()
    aside = yard.ground(device).aside
    return await aside.ask(session, TIME, mid, envelope.encode_request(TIME, mid, None))


def test_an_answer_is_told_by_its_code_and_recorded_nowhere(yard: Yard) -> None:
    device = yard.online()
    assert yard.do(ask(yard, device)) == Said(code="00000000")
    assert yard.recorder.codes(TIME) == []


def test_who_is_not_answered_is_told_after_the_time_out_and_the_connection_stays(
    make_yard: Callable[..., Yard],
) -> None:
    yard = make_yard(answers=[answer_rule(TIME, silence_share=1.0)])
    device = yard.online()
    began = yard.loop.time()
    assert yard.do(ask(yard, device)) == NOTHING
    assert 9.9 < yard.loop.time() - began < 10.2
    assert yard.recorder.disconnects == []


def test_second_and_late_answers_are_no_violations(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(wrong=["reply.doubled"])
    device = yard.online()
    before = yard.recorder.broken()["reply.doubled"]
    real = len(yard.recorder.requests)
    assert yard.do(ask(yard, device), 1.0) == Said(code="00000000")
    # Those of its own requests are violations as ever.
    assert yard.recorder.broken()["reply.doubled"] - before == len(yard.recorder.requests) - real


def test_the_end_of_the_connection_is_told_with_its_reason(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(answers=[answer_rule(TIME, silence_share=1.0)])
    device = yard.online()
    session = session_of(device)
    aside = yard.ground(device).aside

    async def cut() -> Said:
        mid = session.mids.next()
        asked = asyncio.get_running_loop().create_task(
            aside.ask(session, TIME, mid, envelope.encode_request(TIME, mid, None))
        )
        await asyncio.sleep(1)
        session.abort("timeout")
        await asyncio.sleep(1)
        aside.ended()
        return await asked

    assert yard.do(cut()) == Said(ended="timeout")


async def _many(yard: Yard, device: Device, aside: Aside, count: int) -> None:
    session = session_of(device)
    for _ in range(count):
        mids = [session.mids.next() for _ in range(100)]
        await asyncio.gather(*(aside.ask(session, "dev.heartbeat", mid, envelope.heartbeat(mid, True)) for mid in mids))


def test_what_was_answered_is_forgotten_after_some_hundreds(yard: Yard) -> None:
    device = yard.online()
    aside = yard.ground(device).aside
    yard.do(_many(yard, device, aside, 8))
    assert len(aside._waiting) < 512 + 128


def test_what_was_not_answered_is_known_when_it_comes_late(yard: Yard) -> None:
    device = yard.online(behaviours=[])
    aside = yard.ground(device).aside
    yard.network.links[0].fall_silent()
    yard.do(_many(yard, device, aside, 8), 90.0)
    assert len(aside._waiting) == 800
    yard.network.links[0].speak_again(forgotten=False)
    yard.run(1)
    assert yard.recorder.violations == []
