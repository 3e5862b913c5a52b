"""What a fault is, read back from the text that a report keeps of it."""

import pytest

from simulator.texts.language import CHINESE, speaking
from simulator.texts.told import said
from simulator.weather.words import read_back


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("outage (reset), 30% of all", "断网（RST 重置），全部的 30%"),
        ("flapping (up 5s..20s, down 1s..10s, reset), all", "时断时续（接通 5s..20s，断开 1s..10s，RST 重置），全部"),
        ("outage (silent), halls, by hand", "断网（无反应），halls，手动"),
        (
            "power_cut (back after 1s..2s, unsent lost), halls, doors",
            "断电（1s..2s 后恢复，未上传的丢失），halls, doors",
        ),
        ("platform_restart, all", "平台重启，全部"),
        ("reboot_wave", "重启潮"),
        ("misbehave (replay_login, 1/s), 40% of halls, doors", "异常行为（replay_login，1/s），halls, doors的 40%"),
    ],
)
def test_a_fault_is_read_back(text: str, chinese: str) -> None:
    found = read_back(text)
    assert found == text
    with speaking(CHINESE):
        assert said(found) == chinese


@pytest.mark.parametrize("text", ["", "outages", "an outage", "outage of the platform", "reset"])
def test_what_is_no_fault_s_text_is_none(text: str) -> None:
    assert read_back(text) is None
