"""Errors that were said in Chinese are kept in English."""

import re
from pathlib import Path

import pytest

from simulator.fleet.identities import read_identities
from simulator.scenario.problems import Problem, ScenarioError
from simulator.scenario.scenario import parse_scenario
from simulator.texts.english import english
from simulator.texts.language import CHINESE, speaking

CHINESE_LETTER = re.compile("[\u4e00-\u9fff，。；：（）]")
WRONG = (
    "name: x\ngroups: [{devices: 3, transport: carrier}]\n",
    "name: x\ngroups: []\n",
    "name: x\nseed: many\nduratoin: 5s\ngroups: [{devices: -1}]\n",
    "name: x\nseed: '1'\nduration: 31d\nramp: {rate: 0/s}\ngroups: [{count: }]\ntls: {verify: 'it''s so'}\n",
    "workers: {processes: autoo}\nplatform: {users: -1, processes: '2'}\nramp: [a, b]\ngroups: 5\n",
    "name: x\nthresholds: ['dev.login p99 < 3 parsecs']\n",
)
"""Scenarios that are refused."""


def said(text: str) -> str:
    with pytest.raises(ScenarioError) as error:
        parse_scenario(text, "wrong.yaml")
    return str(error.value)


@pytest.mark.parametrize("text", WRONG)
def test_a_refused_scenario_in_chinese_is_the_same_in_english(text: str) -> None:
    with speaking(CHINESE):
        chinese = said(text)
    assert CHINESE_LETTER.search(chinese)
    assert not CHINESE_LETTER.search(english(chinese)), english(chinese)
    assert english(chinese) == said(text)


def test_identities_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "identities.csv"
    path.write_text("sn,authCode,secret\nA,1,2\nA,1,2\n")
    with speaking(CHINESE), pytest.raises(ScenarioError) as error:
        read_identities(path)
    with pytest.raises(ScenarioError) as expected:
        read_identities(path)
    assert english(str(error.value)) == str(expected.value)


@pytest.mark.parametrize("own", ["", "port 80 is taken", "/数据/报告", "会议室 is no group", "{path}：x"])
def test_what_is_none_of_ours_stays(own: str) -> None:
    assert english(own) == own


def test_a_users_words_stay_within_ours() -> None:
    with speaking(CHINESE):
        told = str(Problem(file="会议.yaml", message="x", suggestion="会议室甲"))
    assert english(told) == str(Problem(file="会议.yaml", message="x", suggestion="会议室甲"))
