"""Replies known by their bytes: they are taken exactly as if they had been read, and no other is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.device.right_replies import EVERY, RightReplies
from simulator.protocol import envelope
from simulator.protocol.codes import SUCCESS
from tests.device.test_session import Conversation

NAMES = ("dev.heartbeat", "dev.data.upload.verifyLog", "device.exchange.publicKey")
MIDS = envelope.MidSource(1)
MID = MIDS.next()


class NeverKnown(RightReplies):
    """The long way, always."""

    def read(self, name: str, message: Mapping[str, Any], data: bytes) -> None:
        """Know none."""


def right(mid: str) -> bytes:
    return envelope.encode_reply(mid, SUCCESS, "success")


def conversation(known: RightReplies) -> Conversation:
    """A session that has taken two right replies already."""
    talk = Conversation()
    talk.wire.close = lambda *told: talk.world.logs.append((0, str(told)))  # type: ignore[method-assign, assignment]
    talk.world.env.right_replies = talk.session._right_replies = known
    for _ in range(2):
        talk.session.message(right(talk.send()), binary=False)
    return talk


def outcome(talk: Conversation) -> object:
    """All that a reply may leave behind."""
    told = [(reply.code, reply.message, dict(reply.results), reply.received) for reply in talk.replies]
    recorder = {name: list(value) for name, value in vars(talk.world.recorder).items() if isinstance(value, list)}
    return (
        told,
        recorder,
        talk.world.logs,
        talk.session.waiting,
        talk.session.end_reason,
        list(talk.world.env.recall._replies),
    )


def both(name: str, answer: Any) -> tuple[object, object]:
    """What comes of `answer(mid)` with and without knowing right replies."""
    found = []
    for known in (RightReplies(), NeverKnown()):
        talk = conversation(known)
        mid = talk.send(name)
        talk.session.message(answer(mid), binary=False)
        talk.session.message(right(talk.send(name)), binary=False)
        found.append(outcome(talk))
    return found[0], found[1]


@given(name=st.sampled_from(NAMES), data=st.data())
def test_a_reply_with_any_byte_changed_is_judged_as_by_reading_it(name: str, data: st.DataObject) -> None:
    size = len(right(MID))
    at = data.draw(st.integers(0, size))
    end = data.draw(st.integers(at, min(size, at + 3)))
    more = data.draw(st.binary(max_size=3) | st.sampled_from([b'"', b"\\", b" ", b"\xc3\xa9", b"}", b"1"]))

    def answer(mid: str) -> bytes:
        reply = right(mid)
        return reply[:at] + more + reply[end:]

    quick, slow = both(name, answer)
    assert quick == slow


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"payload": {}},
        {"payload": None},
        {"payload": {"results": {"x": 1}}},
        {"message": "another"},
        {"message": MID},
        {"code": "E0000001"},
        {"imme": 1},
        {"imme": "1"},
        {"funcId": ""},
        {"funcId": None},
    ],
)
def test_each_kind_of_reply_is_judged_as_by_reading_it(name: str, more: dict[str, Any]) -> None:
    quick, slow = both(name, lambda mid: orjson.dumps({**orjson.loads(right(mid)), **more}))
    assert quick == slow


def test_the_second_like_it_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    talk = conversation(RightReplies())

    def read(data: bytes) -> dict[str, Any]:
        raise AssertionError("a reply that is known was read")

    mid = talk.send()
    monkeypatch.setattr(envelope, "decode", read)
    talk.session.message(right(mid), binary=False)
    assert [reply.code for reply in talk.replies] == [SUCCESS] * 3
    assert talk.session.waiting == 0


def test_a_second_reply_to_one_request_is_none_of_a_known_success() -> None:
    quick, slow = (conversation(known) for known in (RightReplies(), NeverKnown()))
    for talk in (quick, slow):
        mid = talk.send()
        for _ in range(2):
            talk.session.message(right(mid), binary=False)
        assert any("doubled" in str(entry) for entry in talk.world.recorder.violations)
    assert outcome(quick) == outcome(slow)


def test_one_that_comes_too_late_is_timed_out_all_the_same() -> None:
    quick, slow = (conversation(known) for known in (RightReplies(), NeverKnown()))
    for talk in (quick, slow):
        mid = talk.send()
        talk.wait(10.5)
        talk.session.message(right(mid), binary=False)
        assert talk.told[-1][0] == "timeout"
    assert outcome(quick) == outcome(slow)


def test_whoever_looks_sees_known_replies_too() -> None:
    talk = conversation(RightReplies())
    seen: list[tuple[str, bytes]] = []
    talk.session.trace = lambda way, data: seen.append((way, data))
    mid = talk.send()
    talk.session.message(right(mid), binary=False)
    assert seen[-1] == ("<", right(mid))


def learned(data: bytes, name: str = "dev.heartbeat") -> RightReplies:
    known = RightReplies()
    known.read(name, orjson.loads(data), data)
    return known


def test_what_stands_round_the_mid_is_known() -> None:
    known = learned(right(MID))
    other = right("another1")
    assert known.head + b"another1" + known.tail == other
    assert other[known.start : known.end] == b"another1"
    assert known.names == {"dev.heartbeat"}


@pytest.mark.parametrize(
    "data",
    [
        # The last thing that looks like the mid is none.
        b'{"funcId":"cmd.dev.response","code":"00000000","mid":"%b","message":"%b"}' % ((MID.encode(),) * 2),
        # Nothing looks like it.
        b'{"funcId":"cmd.dev.response","code":"00000000","mid":"\\u00%x%b","message":""}'
        % (ord(MID[0]), MID[1:].encode()),
        orjson.dumps({"funcId": "cmd.dev.response", "code": "00000001", "message": "", "mid": MID}),
        orjson.dumps({"funcId": "cmd.dev.response", "code": SUCCESS, "message": "", "mid": MID, "payload": {}}),
    ],
)
def test_no_other_place_is_taken_for_the_mids(data: bytes) -> None:
    assert learned(data).names == set()


def test_each_kind_of_request_is_known_by_itself() -> None:
    known = learned(right(MID))
    known.read(NAMES[1], orjson.loads(right(MID)), right(MID))
    assert known.names == set(NAMES[:2])


def test_another_wording_takes_the_place_of_the_first_by_and_by() -> None:
    known = learned(right(MID))
    other = envelope.encode_reply(MID, SUCCESS, "OK")
    for _ in range(EVERY - 1):
        known.read(NAMES[1], orjson.loads(other), other)
        assert known.names == {NAMES[0]}
    known.read(NAMES[1], orjson.loads(other), other)
    assert known.names == {NAMES[1]}
    assert other.startswith(known.head)
