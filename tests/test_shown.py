"""Texts from outside: masked, bounded, in one line, and never in more than linear time.

Time itself is not asserted: a regular expression's steps are, by what a text twice as long costs in matched characters.
"""

import json
import subprocess
import sys

import pytest

from simulator import shown
from simulator.protocol.masking import masked
from simulator.shown import LABEL_CHARS, SECRET_NAMES, detail, label, mask, printable, without_values

NAMES = (
    *("authCode", "devKey", "factor", "password", "passwordSalt", "privateKey", "secret", "secretKey", "sign", "tmp"),
    *("SECRET_KEY", "userToken", "password2", "proxy-token"),
)
HEX = "7f666475e1cea7d10964055343367701c2fb3a96f82e8b0adc25147992c8bb65"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ['{{"{0}":"hush hush","sn":"A1"}}', '{{"a":"{{\\"{0}\\":\\"hush hush\\"}}"}}'])
def test_every_secret_name_is_masked(name: str, text: str) -> None:
    found = mask(text.format(name))
    assert "hush" not in found
    assert name in found


@pytest.mark.parametrize("name", NAMES)
def test_every_secret_name_is_masked_in_messages(name: str) -> None:
    message = {"payload": {"params": [{name: "hush"}, {"note": f'{{"{name}": "hush"}}'}]}, "sn": "A1"}
    assert "hush" not in json.dumps(masked(message))
    assert masked(message)["sn"] == "A1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"secret": "a\\"hush", "sn": "1"', '"secret": ***, "sn": "1"'),
        ('secret="hush without an end', "secret=***"),
        ("secret: 'hush\nsn: 1", "secret: ***\nsn: 1"),
        ("https://user:p@hush@host/path", "https://***@host/path"),
        ("https://:hush@host", "https://***@host"),
        ("Authorization: Bearer hush", "Authorization: ***"),
        ("secretKey: |\n  hush\nsn: 1", "secretKey: ***\nsn: 1"),
        ("secret=***", "secret=***"),
        ("secret: }", "secret: }"),
        (HEX * 200, "***"),
    ],
)
def test_what_is_masked_and_what_stays(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize(
    "text",
    ["design: 3", "assign: x", "tmp: a", "factor: 2", "key_file: a/b.pem", "secretary: Bob", "E0000004", "a:b=c"],
)
def test_harmless_names_stay(text: str) -> None:
    assert mask(text) == text


HOSTILE = {
    "one hexadecimal word": "ab" * 8_192,
    "one word": "a" * 65_536,
    "words and dashes": "a-" * 32_768,
    "names without values": "secret " * 10_000,
    "unclosed quotes": 'secret="' * 8_000,
    "quotes in quotes": "secret='a\"b " * 6_000,
    "escaped quotes": 'secret=\\"' + '\\\\"' * 20_000,
    "backslashes": 'secret="' + "\\" * 65_536,
    "spaces before a sign": ("a" + " " * 500) * 130,
    "schemes": "x://" * 16_384,
    "logins": "x://" + "a:" * 32_768,
    "base64": "A1/" * 20_000,
    "nearly hexadecimal": ("a" * 40 + "g ") * 1_500,
    "signs": "=" * 65_536,
}
TRY = """
import json, sys
from simulator.protocol.masking import masked
from simulator.shown import mask
texts = json.load(sys.stdin)
for text in texts:
    mask(text * 4)
    masked({text: text, "list": [text]})
"""


def test_hostile_texts_are_masked_before_anybody_gives_up() -> None:
    # 64 to 256 KB each: what was quadratic took minutes for one of them, so the limit tells without measuring
    texts = json.dumps(list(HOSTILE.values()))
    subprocess.run([sys.executable, "-c", TRY], input=texts, text=True, check=True, timeout=60)


@pytest.mark.parametrize("shape", [label, detail], ids=["label", "detail"])
def test_no_more_of_a_text_is_read_than_is_shown(shape: "type[str]", monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    whole = shown.mask

    def noted(text: str) -> str:
        read.append(len(text))
        return whole(text)

    monkeypatch.setattr(shown, "mask", noted)
    found = shape("E7 " * 350_000)
    assert found.endswith("… (1,050,000 characters)")
    assert max(read) <= 1_000
    assert len(found) <= 200


@pytest.mark.parametrize(
    "text",
    [
        "E0000004",
        "closed 1006",
        "",
        "   ",
        "x" * 64,
        "x" * 65,
        "E1" * 400,
        "\x1b[31m" * 30,
        "secret: abc def",
        "秘" * 90,
        HEX,
    ],
)
def test_labels_are_short_and_stay_what_they_are(text: str) -> None:
    found = label(text)
    assert 0 < len(found) <= LABEL_CHARS
    assert found.isprintable()
    assert label(found) == found


@pytest.mark.parametrize("cut", range(8, 64, 5))
def test_a_secret_that_the_bound_cuts_in_two_is_not_shown_in_part(cut: int) -> None:
    # what stands before it becomes short when it is masked, so that the place of the cut is shown
    before = f"{HEX} {HEX} secret='"
    text = before + "z" * (4 * 64 - cut - len(before) - 2) + "' " + HEX + " and more" * 50
    assert text[: 4 * 64].endswith(HEX[:cut])
    assert HEX[:8] not in label(text)


def test_values_are_hidden_wherever_they_stand() -> None:
    assert without_values("no key-1, nor key-1key-2", ("key-1", "key-2")) == "no ***, nor ******"
    assert without_values("0 of 10", ("", "0", "10")) == "0 of 10"
    assert without_values("x" * 20_000 + "key-1", ("xxxx",)).startswith("***" * 2_048 + "x" * 11_808)


def test_the_names_of_the_wire_are_secret() -> None:
    assert set(NAMES[:10]) == SECRET_NAMES


def test_a_text_for_a_terminal_is_one_line_without_commands() -> None:
    assert printable("\x1b[2J\r\nred\x07\x9b31m\u202egnp.\u2028\u200b\ud83d") == (
        r"\x1b[2J\r\nred\x07\x9b31m\u202egnp.\u2028\u200b\ud83d"
    )
    assert printable("会议室 1\u3000👩\u200d🚀 naïve") == "会议室 1\u3000👩\u200d🚀 naïve"


def test_messages_nested_beyond_reason_are_shown_in_part() -> None:
    value: object = "deep"
    for _ in range(900):
        value = [value]
    assert "…" in json.dumps(masked({"params": value}), ensure_ascii=False)


def test_long_values_are_cut_after_their_secrets_were_taken_out() -> None:
    assert masked('{"secret":"hush","x":"' + "y" * 200) == '{"secret":***,"x":"yyyyyyyyyyyyy… (222 characters)'
