"""The formats of values: what belongs to each and what does not, by hand-written tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol.catalogue import CATALOGUE, common, formats
from simulator.protocol.catalogue.formats import Format
from simulator.protocol.catalogue.spec import Strings, walk_fields
from tests.strategies import broken_texts, json_text, valid_text

GOOD: list[tuple[Format, tuple[str, ...]]] = [
    (formats.TEXT, ("x", "会议", " ", "a" * 100_000)),
    (formats.Text(4), ("x", "会议会议")),
    (formats.Integer(), ("0", "007", "12345678901234567890")),
    (formats.Integer(0, 100), ("0", "50", "100")),
    (formats.Integer(1), ("1", "64")),
    (formats.Integer(-5, 5), ("-5", "0", "5")),
    (formats.TIMESTAMP, ("2024-06-26T00:00:00+08:00", "2024-02-29T23:59:59-03:30", "2020-12-31T23:59:59+00:00")),
    (formats.OFFSET, ("+08:00", "-11:00", "+05:45", "+14:00", "+00:00")),
    (formats.PUBLIC_KEY, ("AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")),
    (formats.BASE64, ("AAAA", "AA==", "AAA=", "+/+/", "/9j/4AAQ")),
    (formats.IPV4, ("192.168.213.55", "0.0.0.0", "255.255.255.255")),
    (formats.MAC, ("00:17:61:12:e5:07", "FF:FF:FF:FF:FF:FF")),
    (formats.DECIMAL, ("37.00", "-1.5", "37")),
    (formats.DIGITS, ("0", "0011000001", "9" * 64)),
    (formats.LOG_ID, ("1", "18446744073709551615")),
    (formats.EPOCH_MS, ("1646102871000",)),
    (formats.MD5_HEX, ("bdd58420c142a11569ff3eb8a9ec535c",)),
    (formats.MD5_HEX_ANY, ("bdd58420c142a11569ff3eb8a9ec535c", "BDD58420C142A11569FF3EB8A9EC535C")),
    (formats.DIGEST_HEX, ("7f666475e1cea7d10964055343367701c2fb3a96f82e8b0adc25147992c8bb65",)),
    (formats.SALT_HEX, ("c09eb7463827cda245f3a398bd453c42", "00")),
    (formats.FILE_ID, ("e78dc2cef23d495ab4f890fe3362bee9", "x", "X" * 64)),
    (formats.FLAG, ("0", "1")),
    (formats.BITS, ("100000000010", "01")),
    (formats.BIO_FLAGS, ("0:1:1:0:0:0:0:0:0:0",)),
    (formats.BIO_COUNTS, ("0:10000:2000:0:0:0:0:0:0:0",)),
    (formats.BIO_VERSIONS, ("0:10.0:7.0:0:0:0:0:0:0:0", "0:0:0:0:0:0:0:0:0:58.1")),
    (formats.URL, ("https://host/photo.jpg", "mqtts://host:8883", "ws://127.0.0.1:9/path?x=1")),
    (common.BIO_TYPE, ("0", "9", "10")),
    (common.VERIFY_STYLE, ("0", "15", "29", "200")),
    (common.MEETING_STATUS, ("0", "1", "255")),
    (common.CATEGORY, ("0", "4")),
]

BAD_ENUMERATIONS: list[tuple[Format, tuple[str, ...]]] = [
    (formats.FLAG, ("2", "true", "00", "")),
    (common.BIO_TYPE, ("11", "-1", "face")),
    (common.VERIFY_STYLE, ("30", "199", "201")),
    (common.MEETING_STATUS, ("2", "254")),
    (common.CATEGORY, ("1", "visitor")),
    (common.FUN_SWITCH, ("4",)),
    (common.TEMPLATE_FORMAT, ("3",)),
    (common.RULE_TYPE, ("0", "4")),
    (common.PROT_TYPE, ("push", "BEST-W")),
    (common.DEV_TYPE, ("door",)),
]


def every_format() -> dict[str, Format]:
    """Each format that the catalogue uses anywhere, by its representation."""
    found: dict[str, Format] = {}
    for spec in CATALOGUE.values():
        for shape in (spec.params, spec.results):
            for _, field in walk_fields(shape):
                item = field.shape.item if isinstance(field.shape, Strings) else field.shape
                if isinstance(item, Format):
                    found[repr(item)] = item
    return found


FORMATS = list(every_format().values())


@pytest.mark.parametrize(("shape", "texts"), GOOD, ids=lambda value: getattr(value, "label", "")[:40])
def test_what_belongs_to_a_format(shape: Format, texts: tuple[str, ...]) -> None:
    assert [shape.problem(text) for text in texts] == [None] * len(texts)


@pytest.mark.parametrize(("shape", "texts"), BAD_ENUMERATIONS, ids=lambda value: getattr(value, "label", "")[:40])
def test_what_belongs_to_no_enumeration(shape: Format, texts: tuple[str, ...]) -> None:
    assert all(shape.problem(text) for text in texts)


@pytest.mark.parametrize("shape", FORMATS, ids=lambda shape: shape.label[:40])
def test_what_does_not_belong_to_a_format(shape: Format) -> None:
    accepted = [text for text in broken_texts(shape) if shape.problem(text) is None]

    assert not accepted


@pytest.mark.parametrize("shape", FORMATS, ids=lambda shape: shape.label[:40])
@given(data=st.data())
def test_every_generated_value_belongs_to_its_format(shape: Format, data: st.DataObject) -> None:
    text = data.draw(valid_text(shape))

    assert text
    assert shape.problem(text) is None


@pytest.mark.parametrize("shape", FORMATS, ids=lambda shape: shape.label[:40])
@given(text=json_text)
def test_no_text_crashes_a_format_or_is_quoted_by_it(shape: Format, text: str) -> None:
    problem = shape.problem("s3cret" + text)

    assert problem is None or (problem and "s3cret" not in problem)


@pytest.mark.parametrize("shape", FORMATS, ids=lambda shape: shape.label[:40])
def test_every_format_has_a_label(shape: Format) -> None:
    assert shape.label.strip()


@pytest.mark.parametrize("shape", FORMATS, ids=lambda shape: shape.label[:40])
def test_a_huge_value_is_judged_at_once(shape: Format) -> None:
    for text in ("9" * 300_000, "x" * 300_000, "0:" * 150_000):
        shape.problem(text)
