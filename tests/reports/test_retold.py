"""English texts of a file are said in Chinese; what is not ours stays."""

import pytest

from reports.retold import retold
from simulator.texts.language import CHINESE, speaking


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ("nothing was measured", "没有测得任何数据"),
        ("the run ended after 1 min 05 s", "运行在 1 分 05 秒后结束"),
        ("worst: dev.login; 21 of 53 failed", "最差：dev.login；53 次中 21 次失败"),
        ("2 devices had too little time until the run's end to come back", "2 台设备到运行结束时恢复时间不足"),
        ("a platform's own words", "a platform's own words"),
        ("", ""),
    ],
)
def test_what_is_stored_is_said_in_the_readers_language(stored: str, told: str) -> None:
    assert retold(stored) == stored
    with speaking(CHINESE):
        assert retold(stored) == told


def test_a_fault_is_taken_apart_where_its_parts_were_joined() -> None:
    with speaking(CHINESE):
        told = retold("outage (silent), 40% of all")
    assert told.startswith(retold_alone("outage (silent)"))


def retold_alone(text: str) -> str:
    with speaking(CHINESE):
        return retold(text)
