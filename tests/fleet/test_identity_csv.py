"""Identities from a CSV as spreadsheets and people write them: read where plain, else refused with line and reason."""

from pathlib import Path

import pytest

from simulator.device.settings import Credentials
from simulator.fleet.identity_csv import parse, parse_in_slices, read_text
from simulator.scenario.identity_values import value_problem
from simulator.scenario.problems import MAX_LISTED, ScenarioError

HEADER = "sn,secretKey,productId,devKey\n"
A = Credentials(sn="A", secret_key="k", product_id="p", dev_key="d")


def problems_of(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        parse(text, "ids.csv")
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "sn;secretKey;productId;devKey\nA;k;p;d\n",
        "sn\tsecretKey\tproductId\tdevKey\nA\tk\tp\td\n",
        "\n\nsn;secretKey;productId;devKey\r\n\r\nA;k;p;d\r\n;;;\r\n\r\n",
        "sep=;\nsn;secretKey;productId;devKey\nA;k;p;d\n",
        'sep=\t\n"sn"\t"secretKey"\t"productId"\t"devKey"\n"A"\t"k"\t"p"\t"d"\n',
        "devKey;productId;secretKey;sn\nd;p;k;A\n",
        "sn,secretKey,productId,devKey\rA,k,p,d\r",
        HEADER + "A\u00a0,k\u3000, p,\td\n",
        HEADER + ",,,\nA,k,p,d",
        "sn,secretKey,productId,devKey,deviceSecret\nA,k,p,d,\n",
        "sn,secretKey,productId,devKey,deviceSecret,secret,authCode\nA,k,p,d, ,,\n",
    ],
)
def test_what_is_plain_is_read(text: str) -> None:
    assert parse(text, "ids.csv") == [A]


@pytest.mark.parametrize(
    ("text", "login", "device_secret"),
    [
        ("deviceSecret,sn,secretKey,productId,devKey\nu/nA==,A,k,p,d\n", (None, None), "u/nA=="),
        ("sn,secretKey,productId,devKey,deviceSecret\nA,k,p,d, a b \n", (None, None), "a b"),
        ("sn,secretKey,productId,devKey,secret,deviceSecret,authCode\nA,k,p,d,s,x,a\n", ("a", "s"), "x"),
        ("sn,secretKey,productId,devKey,secret,deviceSecret,authCode\nA,k,p,d,,x,\n", (None, None), "x"),
        ("sn,secretKey,productId,devKey,secret,deviceSecret,authCode\nA,k,p,d,s,,a\n", ("a", "s"), None),
    ],
)
def test_a_device_secret_is_read_with_and_without_a_login(
    text: str, login: tuple[str | None, str | None], device_secret: str | None
) -> None:
    [one] = parse(text, "ids.csv")
    assert (one.sn, one.secret_key, one.product_id, one.dev_key) == ("A", "k", "p", "d")
    assert ((one.auth_code, one.secret), one.device_secret) == (login, device_secret)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_of_spreadsheets_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "ids.csv"
    path.write_bytes((HEADER + "A,k,p,d\n").encode(encoding))
    assert parse(read_text(path), "ids.csv") == [A]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HEADER.encode("utf-16-le"), "ids.csv:1: is UTF-16 without its mark, or UTF-32: save it as CSV in UTF-8"),
        (HEADER.encode("utf-32"), "ids.csv:1: is UTF-16 without its mark, or UTF-32: save it as CSV in UTF-8"),
        ((HEADER + "会议,k,p,d\n").encode("gbk"), "ids.csv:2: is not UTF-8 text: save it as CSV in UTF-8"),
        (b"\xff\xfea", "ids.csv:1: is not UTF-8 text: save it as CSV in UTF-8"),
    ],
)
def test_other_encodings_are_said(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "ids.csv"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        read_text(path)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("7.04E+12,k,p,d", ["2: sn: is a rounded number like 7.04E+12"]),
        ("7e+5,1.5E-3,p,d", ["2: sn: is a rounded number", "2: secretKey: is a rounded number"]),
        ("123.0,k,p,d", ["2: sn: ends in .0"]),
        ('"1,234,567",k,p,d', ["2: sn: has thousands separators"]),
        ('="00123",k,p,d', ["2: sn: is written as a formula"]),
        ('A,"=""00123""",p,d', ["2: secretKey: is written as a formula"]),
        ("+A,k,@p,d", ["2: sn: begins with `+`", "2: productId: begins with `@`"]),
        ("'A,k,p,d", ["2: sn: holds the character `'`"]),
        ("#REF!,k,p,####", ["2: sn: is a spreadsheet's fault mark", "2: devKey: is a spreadsheet's fault mark"]),
        ("A\0,k,p,d", ["2: sn: holds a NUL character"]),
        (
            "A,k\u200b,p,d\ufeff",
            ["2: secretKey: holds an invisible character (U+200B)", "2: devKey: holds an invisible"],
        ),
        ("A\u00a0B,k,p,k\u2003d", ["2: sn: holds a blank that is no plain space", "2: devKey: holds a blank that is"]),
        ("１２３,k,p,ｋ", ["2: sn: holds a full-width", "2: devKey: holds a full-width"]),
        ("A\u202eB,k,p,d", ["2: sn: holds a character that is none or cannot be seen (U+202E)"]),
        ("A\x1b[31m,k,p,d", ["2: sn: holds a control character or line break (U+001B)"]),
        ('"A\nB",k,p,d', ["2: sn: holds a control character or line break (U+000A)"]),
        ("会议,k,p,“d”", ["2: sn: holds a character that is not ASCII", "2: devKey: holds a mark that is not ASCII"]),
        ("A B,k k,p,d", ["2: sn: holds a space"]),
        (
            f"{'A' * 65},{'k' * 5000},p,d",
            ["2: sn: has 65 characters; at most 64", "2: secretKey: has 5,000 characters"],
        ),
        ("A,k,p,d,", ["2: has 5 values, but the header has 4: the cells behind the last column are empty"]),
        ("A,k,p,d,x", ["2: has 5 values, but the header has 4: a value with the separator in it needs quotes"]),
        ("A;k;p;d", ["2: has 1 value, but the header has 4: it is separated by semicolons, the header by commas"]),
        ("A,k,p,d\nB,k,p,d\nA,x,y,z", ["4: sn: the same serial number is in line 2 too"]),
        ('A,"k"x,p,d', ["2: is not valid CSV: something follows a closing quotation mark"]),
        ('A,k,p,d\nB,"k,p,d\nC,k,p,d', ["3: is not valid CSV: a quotation mark is opened and never closed"]),
    ],
)
def test_a_disfigured_row_is_refused_with_what_probably_happened(row: str, says: list[str]) -> None:
    found = problems_of(f"{HEADER}{row}\n")
    assert len(found) == len(says)
    for problem, part in zip(found, says, strict=True):
        assert problem.startswith(f"ids.csv:{part}")


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("A,k,p,d", "holds no name of a column"),
        ("sn|secretKey|productId|devKey", "the separator must be a comma, a semicolon or a tab; this line has bars"),
        ("sn，secretKey，productId，devKey", "this line has full-width commas"),
        ("sn,secretKey,productId,devKey,,", "column 5 is an empty one behind the last: a spreadsheet has added it"),
        ("sn,,secretKey,productId,devKey", "column 2 is an empty one without a name"),
        ("sn,secretKey,productId,devKey,authCode", "`authCode` and `secret` go together"),
        ("SN,Secret Key,product_id,DEVKEY", "'Secret Key' is no column of this file"),
    ],
)
def test_a_header_that_is_none_is_said(header: str, says: str) -> None:
    assert any(says in problem for problem in problems_of(f"{header}\nA,k,p,d\n"))


@pytest.mark.parametrize(
    "text",
    [
        "HIDDEN1,HIDDEN2,HIDDEN3,HIDDEN4\n",
        "HIDDEN1;HIDDEN2;HIDDEN3;HIDDEN4\n",
        "sn,secretKey,productId,devKeyHIDDEN1,HIDDEN2\n",
        "sn,HIDDEN1,productId,devKey\n",
        HEADER + "HIDDEN1,HIDDEN2\nHIDDEN1,=HIDDEN2,HIDDEN\u200b3,HIDDEN\x004\n",
        HEADER + "HIDDEN1,HIDDEN2,p,d\nHIDDEN1,HIDDEN2,p,d\n",
        HEADER + 'A,"HIDDEN1,p,d\n',
        HEADER + 'A,"HIDDEN1"HIDDEN2,p,d\n',
        HEADER + "A," + "HIDDEN" * 40_000 + ",p,d\n",
        "sn,secretKey,productId,devKey,authCode,secret\nA,k,p,d,HIDDEN1,\n",
        "sn,secretKey,productId,devKey,deviceSecret\nA,k,p,d,HIDDEN\u200b\n",
    ],
)
def test_no_problem_shows_a_value(text: str) -> None:
    assert "HIDDEN" not in "".join(problems_of(text))


def test_all_problems_are_counted_and_as_many_listed_as_a_person_reads() -> None:
    found = problems_of(HEADER + "A,,p,d\n" * 500)
    assert len(found) == MAX_LISTED + 1
    assert found[0] == "ids.csv:2: secretKey: is empty"
    assert found[-1] == "ids.csv: 400 more problems are not listed"


def test_a_file_is_read_in_slices() -> None:
    text = HEADER + "".join(f"A{number},k,p,d\n" for number in range(10))
    reading = parse_in_slices(text, "ids.csv", rows=4)
    pauses = 0
    while True:
        try:
            next(reading)
        except StopIteration as end:
            found = end.value
            break
        pauses += 1
    assert pauses == 2
    assert [one.sn for one in found] == [f"A{number}" for number in range(10)]


@pytest.mark.parametrize("value", ["pässwörd", "ключ 1", "密钥", "a b", "a,b;c", "=x", "p@ss\"w'rd", "!#%&/()"])
def test_a_secret_may_be_any_text_that_can_be_seen(value: str) -> None:
    assert value_problem("devKey", value) is None


@pytest.mark.parametrize("value", ["DEV-1", "A.b:c/d_e", "0012", "x" * 64])
def test_a_serial_number_may_have_the_usual_marks(value: str) -> None:
    assert value_problem("sn", value) is None


@pytest.mark.parametrize("before", ["\n\n", "sep=;\n", "\r\n\r\nsep=;\r\n", "  \n;;\n"])
def test_lines_count_from_the_files_first_whatever_stands_before_the_header(before: str) -> None:
    lines = before.count("\n")
    [problem] = problems_of(f"{before}sn;secretKey;productId;devKey\nA;k;p;d\nB;;p;d\n")
    assert problem == f"ids.csv:{lines + 3}: secretKey: is empty"
