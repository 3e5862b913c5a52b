"""Remarks that are stored in English and said in Chinese, with their figures."""

from reports.remark import Spoken, remark, together
from reports.text import duration
from simulator.texts.language import CHINESE, speaking
from simulator.texts.told import said
from simulator.texts.translation import N_


def test_a_remark_is_stored_in_english_and_said_in_the_readers_language() -> None:
    with speaking(CHINESE):
        told = remark(N_("the run ended after {duration}"), duration=Spoken(duration, 65.0))
        both = together(["", told, "dev.heartbeat", remark(N_("nothing was measured"))])
        said_in_chinese = said(told)
    assert told == "the run ended after 1 min 05 s"
    assert both == "the run ended after 1 min 05 s; dev.heartbeat; nothing was measured"
    assert said_in_chinese == "运行在 1 分 05 秒后结束"
    assert said(both) == both
    assert together([]) == ""
    assert f"{Spoken(duration, 1.0):>8}" == "   1.0 s"
