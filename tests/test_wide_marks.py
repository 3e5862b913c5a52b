"""Full-width marks are found, and the narrow ones that are meant."""

import pytest

from simulator.wide_marks import first_wide, narrowed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http：//x", (4, "：", ":")),
        ("“x”", (0, "“", '"')),
        ("failures ＜ 1 ％", (9, "＜", "<")),
        ("dispatch。example", (8, "。", ".")),
        ("大厅 a.b:c", None),
        ("", None),
    ],
)
def test_the_first_wide_mark(text: str, found: tuple[int, str, str] | None) -> None:
    assert first_wide(text) == found


def test_a_text_with_narrow_marks() -> None:
    assert narrowed("ｐ９９ ＜＝ ５ ｓ，“大厅”") == 'p99 <= 5 s,"大厅"'
