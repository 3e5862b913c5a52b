"""Files that are wrong on purpose: the steps before are right, and nothing of them stays with the platform."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from simulator.device.misbehaviour.file_uploads import offset_gap, wrong_checksum
from simulator.device.misbehaviour.ground import NotNow
from simulator.measurements.misbehaviours import ACCEPTED, REFUSED_AS_EXPECTED
from tests.device.misbehaviour.yard import Yard
from tests.platform.parts import answer_rule


def _files(yard: Yard) -> list[tuple[str, dict[str, str]]]:
    messages = [orjson.loads(payload) for payload, _ in yard.sent if b'"dev.file' in payload[:25]]
    return [(each["funcId"].rpartition(".")[2], each["payload"]["params"]) for each in messages]


def _kept(yard: Yard) -> int:
    return int(yard.disk.execute("SELECT count(*) FROM files").fetchone()[0])


def test_a_whole_file_with_another_checksum_is_refused_at_its_end(yard: Yard) -> None:
    assert yard.do(wrong_checksum(yard.ground(yard.online()))) == REFUSED_AS_EXPECTED
    assert [what for what, _ in _files(yard)] == ["start", "package", "end"]
    assert _kept(yard) == 0


def test_a_piece_is_missing(yard: Yard) -> None:
    assert yard.do(offset_gap(yard.ground(yard.online()))) == REFUSED_AS_EXPECTED
    (_, start), (_, first), (_, second) = _files(yard)
    assert (start["size"], first["offset"], second["offset"]) == ("48", "0", "24")
    assert _kept(yard) == 0


def test_each_way_has_one_file_of_its_own_on_a_device(yard: Yard) -> None:
    ground = yard.ground(yard.online())
    other = yard.ground(yard.online())
    for _ in range(2):
        yard.do(wrong_checksum(ground))
        yard.do(offset_gap(ground))
    yard.do(offset_gap(other))
    assert len({params["fileId"] for _, params in _files(yard)}) == 3


def test_a_platform_that_takes_it_is_found(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(wrong=["accepts.file-checksum"])
    assert yard.do(wrong_checksum(yard.ground(yard.online()))) == ACCEPTED


def test_a_file_that_could_not_begin_says_nothing(make_yard: Callable[..., Yard]) -> None:
    yard = make_yard(answers=[answer_rule("dev.file.upload.start", silence_share=1.0)])
    for way in (wrong_checksum, offset_gap):
        with pytest.raises(NotNow):
            yard.do(way(yard.ground(yard.online())))
