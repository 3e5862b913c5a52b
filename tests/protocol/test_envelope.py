"""The envelope: bytes as in the document's examples, garbage refused, mids never repeated."""

import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol.envelope import (
    MAX_MID_LENGTH,
    MalformedMessage,
    MidSource,
    UnreadableMessage,
    decode,
    encode_command,
    encode_command_response,
    encode_reply,
    encode_request,
    heartbeat,
    params_of,
    results_of,
)

# What JSON text can carry: everything but halves of surrogate pairs.
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8)
params = st.dictionaries(texts, values, max_size=5)


def test_a_request_has_the_field_order_of_the_documents_examples() -> None:
    data = encode_request("dev.register", "m1", {"protType": "best-w"}, sn="A1", imme="0")

    assert data == (
        b'{"funcId":"dev.register","imme":"0","sn":"A1","mid":"m1","payload":{"params":{"protType":"best-w"}}}'
    )


def test_a_request_without_params_has_no_payload() -> None:
    assert encode_request("dev.system.sync.time", "m1", None) == b'{"funcId":"dev.system.sync.time","mid":"m1"}'


def test_a_request_with_empty_params_keeps_them() -> None:
    assert decode(encode_request("x", "m1", {}))["payload"] == {"params": {}}


def test_a_command_looks_like_the_documents() -> None:
    data = encode_command("cmd.control.reboot", "m1", {"cmdId": "1001", "operator": "luther"}, imme="1")

    assert data == (
        b'{"funcId":"cmd.control.reboot","imme":"1","mid":"m1",'
        b'"payload":{"params":{"cmdId":"1001","operator":"luther"}}}'
    )


def test_a_reply_has_the_field_order_of_the_documents_examples() -> None:
    data = encode_reply("m0", "00000000", "success", results={"authCode": "x"}, imme="0")

    assert data == (
        b'{"funcId":"cmd.dev.response","code":"00000000","message":"success","imme":"0","mid":"m0",'
        b'"payload":{"results":{"authCode":"x"}}}'
    )


def test_the_reply_to_an_exchange_carries_no_func_id() -> None:
    data = encode_reply("m0", "00000000", "success", results={"factor": "x"}, func_id=None)

    assert data == b'{"code":"00000000","message":"success","mid":"m0","payload":{"results":{"factor":"x"}}}'


def test_a_reply_without_results_has_no_payload() -> None:
    assert "payload" not in decode(encode_reply("m0", "E0000004", "bad value"))


def test_a_command_response_echoes_mid_and_cmd_id() -> None:
    data = encode_command_response("m9", "c7", "00000000", "success")

    assert data == (
        b'{"funcId":"dev.cmd.response","mid":"m9","code":"00000000","message":"success",'
        b'"payload":{"params":{"cmdId":"c7"}}}'
    )


@given(func_id=texts, mid=texts, body=st.none() | params, sn=st.none() | texts, imme=st.none() | texts)
def test_every_request_can_be_read_back(
    func_id: str, mid: str, body: dict[str, object] | None, sn: str | None, imme: str | None
) -> None:
    data = encode_request(func_id, mid, body, sn=sn, imme=imme)
    message = decode(data)

    assert json.loads(data) == message
    assert params_of(message) == (body or {})
    assert (message["funcId"], message["mid"], message.get("sn"), message.get("imme")) == (func_id, mid, sn, imme)


@given(mid=texts, code=texts, text=texts, results=st.none() | params)
def test_every_reply_can_be_read_back(mid: str, code: str, text: str, results: dict[str, object] | None) -> None:
    message = decode(encode_reply(mid, code, text, results=results))

    assert results_of(message) == (results or {})
    assert (message["mid"], message["code"], message["message"]) == (mid, code, text)


@given(mid=texts, cmd_id=texts, code=texts, text=texts)
def test_every_command_response_can_be_read_back(mid: str, cmd_id: str, code: str, text: str) -> None:
    message = decode(encode_command_response(mid, cmd_id, code, text))

    assert params_of(message) == {"cmdId": cmd_id}
    assert (message["mid"], message["code"], message["message"]) == (mid, code, text)


def test_any_mapping_serves_as_params() -> None:
    assert params_of(decode(encode_request("x", "m", MappingProxyType({"a": "1"})))) == {"a": "1"}
    assert results_of(decode(encode_reply("m", "0", "", results=MappingProxyType({"a": "1"})))) == {"a": "1"}


@pytest.mark.parametrize("value", ["\ud800", object(), b"bytes", {1: "key"}])
def test_a_value_without_json_form_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError):
        encode_request("x", "m", {"a": value})


@given(mid=texts, is_free=st.booleans())
def test_the_heartbeat_template_equals_the_general_encoder(mid: str, is_free: bool) -> None:
    general = encode_request("dev.heartbeat", mid, {"isFree": "1" if is_free else "0"}, imme="0")

    assert heartbeat(mid, is_free) == general


@pytest.mark.parametrize("mid", ["", "m1", 'a"b', "a\\b", "é", "会议", "a\nb", "%b", "²"])
def test_the_heartbeat_template_escapes_what_json_escapes(mid: str) -> None:
    assert heartbeat(mid, True) == encode_request("dev.heartbeat", mid, {"isFree": "1"}, imme="0")


GARBAGE = [
    b"",
    b" ",
    b"\x00",
    b"null",
    b"true",
    b"1",
    b'"text"',
    b"[]",
    b'[{"funcId":"x"}]',
    b"{",
    b"}",
    b'{"a":}',
    b'{"a":"1",}',
    b"{'a':'1'}",
    b'{"a":"1"}{"b":"2"}',
    b'{"a":NaN}',
    b'{"a":Infinity}',
    b'{"a":"\xff"}',
    b'{"a":"\xed\xa0\x80"}',
    b'{"a":"\\ud800",}',
    b'["\\ud800"]',
    b'{"a":"\\x"}',
    b'\xef\xbb\xbf\xef\xbb\xbf{"a":"1"}',
    b"\xef\xbb\xbf",
    b'{"a":"1"}\x00',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    "{“a”:“1”}".encode(),
    b"GET / HTTP/1.1\r\n\r\n",
]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        decode(data)
    assert not isinstance(caught.value, UnreadableMessage), "this is a fault of the channel, and closes it"


@given(st.binary())
def test_arbitrary_bytes_are_an_object_or_malformed(data: bytes) -> None:
    try:
        message = decode(data)
    except MalformedMessage:
        return
    assert isinstance(message, dict)


@given(st.data())
def test_a_cut_message_is_malformed(data: st.DataObject) -> None:
    whole = encode_request("dev.login", "m1", {"secret": "s3cret-会议"}, sn="A1")
    cut = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(MalformedMessage):
        decode(whole[:cut])


def test_the_error_does_not_quote_the_message() -> None:
    with pytest.raises(MalformedMessage) as caught:
        decode(b'{"secret":"s3cret",')

    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_buffer_is_read(kind: type) -> None:
    assert decode(kind(b'{"mid":"m1"}')) == {"mid": "m1"}


def test_unicode_passes_unescaped() -> None:
    data = encode_request("x", "m", {"name": "会议名称 😀"})

    assert "会议名称 😀".encode() in data
    assert params_of(decode(data)) == {"name": "会议名称 😀"}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"payload": None},
        {"payload": "text"},
        {"payload": []},
        {"payload": {}},
        {"payload": {"params": None, "results": None}},
        {"payload": {"params": "x", "results": "x"}},
        {"payload": {"params": ["x"], "results": ["x"]}},
    ],
)
def test_absent_or_odd_payloads_count_as_empty(message: dict[str, object]) -> None:
    assert params_of(message) == {}
    assert results_of(message) == {}


def test_mids_are_unique_over_restarts_and_short() -> None:
    seen: set[str] = set()
    for boot_ms in (0, 1, 16, 17, 1_700_000_000_000, 1_700_000_000_001, 16**12 - 1):
        source = MidSource(boot_ms)
        for _ in range(2_000):
            mid = source.next()
            assert mid not in seen
            assert 0 < len(mid) <= MAX_MID_LENGTH
            assert mid.isascii()
            assert mid.isalnum()
            seen.add(mid)


@given(st.lists(st.integers(0, 16**12 - 1), min_size=2, max_size=2, unique=True), st.integers(0, 10**19))
def test_no_count_of_one_boot_meets_a_count_of_another(boots: list[int], count: int) -> None:
    first, second = MidSource(boots[0]), MidSource(boots[1])
    first._count = second._count = count  # as after that many requests

    mids = [first.next(), second.next()]

    assert len(set(mids)) == 2
    assert all(len(mid) <= MAX_MID_LENGTH for mid in mids)


@given(st.integers(0, 16**12 - 1), st.integers(1, 50))
def test_a_source_knows_its_own_mids(boot_ms: int, count: int) -> None:
    source = MidSource(boot_ms)
    mids = [source.next() for _ in range(count)]
    assert source.count == count
    assert [source.number_of(mid) for mid in mids] == list(range(1, count + 1))
    foreign = (f"{boot_ms:012x}{count + 1}", f"{boot_ms:012x}", f"{mids[0]}x", f"{boot_ms:012x}01", "", None, 5, [])
    assert [source.number_of(mid) for mid in foreign] == [0] * len(foreign)


@pytest.mark.parametrize("boot_ms", [-1, 16**12])
def test_a_boot_time_out_of_range_is_refused(boot_ms: int) -> None:
    with pytest.raises(ValueError, match="boot time"):
        MidSource(boot_ms)
