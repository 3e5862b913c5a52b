"""English texts of a file are said in Chinese; what is not ours stays."""

import pytest

from reports.hints import told
from reports.retold import retold
from simulator.texts.language import CHINESE, speaking


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        ("nothing was measured", "没有测得任何数据"),
        ("the run ended after 1 min 05 s", "运行在 1 分 05 秒后结束"),
        ("worst: dev.login; 21 of 53 failed", "最差：dev.login；53 次中 21 次失败"),
        ("2 devices had too little time until the run's end to come back", "2 台设备到运行结束时恢复时间不足"),
        ("a platform's own words", "a platform's own words"),
        ("", ""),
    ],
)
def test_what_is_stored_is_said_in_the_readers_language(stored: str, said: str) -> None:
    assert retold(stored) == stored
    with speaking(CHINESE):
        assert retold(stored) == said


def test_a_fault_is_taken_apart_where_its_parts_were_joined() -> None:
    with speaking(CHINESE):
        whole = retold("outage (silent), 40% of all")
    assert whole.startswith(retold_alone("outage (silent)"))


def retold_alone(text: str) -> str:
    with speaking(CHINESE):
        return retold(text)


@pytest.mark.parametrize(
    "words",
    [
        "number of users exceeded",
        "wrong, try again",
        "no such user (12)",
        "user limit reached; upgrade",
        "50 of 60 used",
    ],
)
def test_a_platforms_words_keep_their_order_and_marks(words: str) -> None:
    with speaking(CHINESE):
        assert retold(words) == words


def test_a_share_of_a_group_is_turned_round() -> None:
    with speaking(CHINESE):
        assert retold("50% of rooms") == "rooms的 50%"
        assert retold("outage (reset), 50% of rooms") == "断网（RST 重置），rooms的 50%"


def test_our_hint_behind_any_words_is_translated_for_itself() -> None:
    with speaking(CHINESE):
        assert told("refused; settings of this step: meet_code") == "被拒绝；此步骤的相关设置：meet_code"
        assert told("number of users exceeded; settings of this step: meet_code").startswith("number of users exceeded")
