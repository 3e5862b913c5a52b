"""Lines end at blanks and between Chinese characters, never before a full stop, and hold what a terminal's cells do."""

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from reports.wrapping import wrapped


@pytest.mark.parametrize(
    ("whole", "width", "lines"),
    [
        ("all devices came online", 12, ["all devices", "came online"]),
        ("short", 12, ["short"]),
        ("", 12, [""]),
        ("dev.data.upload.verifyLog", 10, ["dev.data.u", "pload.veri", "fyLog"]),
        ("运行在一分钟后结束，没有失败", 12, ["运行在一分钟", "后结束，没有", "失败"]),
        ("没有设备上线，结束", 12, ["没有设备上", "线，结束"]),
        ("共计（另有一个）", 6, ["共计", "（另有", "一个）"]),
        ("crossed at 10.6 %", 16, ["crossed at", "10.6 %"]),
        ("ends with a blank ", 17, ["ends with a blank"]),
    ],
)
def test_lines(whole: str, width: int, lines: list[str]) -> None:
    found = wrapped(Text(whole), width).plain.split("\n")
    assert found == lines
    assert all(cell_len(line) <= width for line in found)


def test_styles_stay() -> None:
    found = wrapped(Text.from_markup("[bold red]没有设备[/]上线"), 4)
    assert found.plain == "没有\n设备\n上线"
    assert str(found.get_style_at_offset(Console(), 4)) == "bold red"
    assert str(found.get_style_at_offset(Console(), 6)) == "none"
