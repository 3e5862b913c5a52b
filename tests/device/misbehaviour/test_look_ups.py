"""Look-ups that have to be refused: each is wrong in one thing alone."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qs

import pytest

from simulator.device.misbehaviour.ground import Ground, NotNow
from simulator.device.misbehaviour.look_ups import bad_sign, replay_nonce, stale_timestamp
from simulator.measurements.misbehaviours import REFUSED_AS_EXPECTED, SILENT
from simulator.protocol.credentials import sign
from tests.device.misbehaviour.yard import Yard


def _queries(yard: Yard) -> list[dict[str, str]]:
    return [{name: value[0] for name, value in parse_qs(url.partition("?")[2]).items()} for url in yard.network.lookups]


def _signed(yard: Yard, query: dict[str, str]) -> bool:
    key = yard.devices[0].spec.credentials.secret_key
    return query["sign"] == sign(query["sn"], query["nonce"], query["timestamp"], key)


def test_a_nonce_comes_again_in_a_look_up_that_is_right_else(yard: Yard) -> None:
    ground = yard.ground(yard.online())
    assert yard.do(replay_nonce(ground)) == REFUSED_AS_EXPECTED
    own, first, second = _queries(yard)
    assert first["nonce"] == second["nonce"] != own["nonce"]
    assert first["timestamp"] != second["timestamp"]
    assert _signed(yard, first)
    assert _signed(yard, second)


def test_a_timestamp_of_yesterday_is_rightly_signed(yard: Yard) -> None:
    ground = yard.ground(yard.online())
    assert yard.do(stale_timestamp(ground)) == REFUSED_AS_EXPECTED
    own, stale = _queries(yard)
    assert 86_300_000 < int(own["timestamp"]) - int(stale["timestamp"]) < 86_400_000
    assert _signed(yard, stale)


def test_a_sign_is_wrong_in_one_digit(yard: Yard) -> None:
    ground = yard.ground(yard.online())
    assert yard.do(bad_sign(ground)) == REFUSED_AS_EXPECTED
    wrong = _queries(yard)[-1]
    assert not _signed(yard, wrong)
    key = yard.devices[0].spec.credentials.secret_key
    assert wrong["sign"][1:] == sign(wrong["sn"], wrong["nonce"], wrong["timestamp"], key)[1:]


def test_look_ups_on_purpose_are_none_of_the_runs(yard: Yard) -> None:
    device = yard.online()
    for way in (replay_nonce, stale_timestamp, bad_sign):
        yard.do(way(yard.ground(device)))
    assert yard.recorder.codes("getBrokerServer") == ["00000000"]
    assert len(yard.network.lookups) == 5


@pytest.mark.parametrize(
    ("kind", "outcome"), [("http 403", REFUSED_AS_EXPECTED), ("http 503", SILENT), ("timeout", None)]
)
def test_other_ends_of_a_look_up(yard: Yard, kind: str, outcome: str | None) -> None:
    ground = yard.ground(yard.online())
    yard.network.down = kind
    assert yard.do(bad_sign(ground)) == outcome


@pytest.mark.parametrize("then", ["", "refused"])
def test_silence_to_a_look_up_is_the_platforms_where_a_right_one_is_answered_then(yard: Yard, then: str) -> None:
    ground = yard.ground(yard.online())
    yard.network.down = "timeout"
    yard.loop.call_later(10.06, setattr, yard.network, "down", then)
    assert yard.do(bad_sign(ground), 40.0) == (None if then else SILENT)
    if not then:
        assert _signed(yard, _queries(yard)[-1])


@pytest.mark.parametrize("kind", ["refused", "dns", "reset"])
@pytest.mark.parametrize("way", [replay_nonce, bad_sign])
def test_a_look_up_that_does_not_get_through_was_none(
    yard: Yard, kind: str, way: Callable[[Ground], Coroutine[Any, Any, str | None]]
) -> None:
    ground = yard.ground(yard.online())
    yard.network.down = kind
    with pytest.raises(NotNow):
        yard.do(way(ground))


def test_a_nonce_is_not_repeated_where_the_first_look_up_was_refused(yard: Yard) -> None:
    ground = yard.ground(yard.online())
    ground.clock.jump(-3_600.0)
    with pytest.raises(NotNow):
        yard.do(replay_nonce(ground))
    assert len(yard.network.lookups) == 2
