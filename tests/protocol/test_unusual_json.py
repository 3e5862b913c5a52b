"""JSON that the fast decoder refuses: read where it can be, told apart from what is no JSON at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol.envelope import MalformedMessage, UnreadableMessage, decode

DEEP = b"[" * 5_000 + b"]" * 5_000


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b'\xef\xbb\xbf{"mid":"m"}', {"mid": "m"}),
        (b'{"mid":"m","extra":1e999}', {"mid": "m", "extra": float("inf")}),
        (b'{"mid":"m","extra":' + b"9" * 5_000 + b"}", {"mid": "m", "extra": float("inf")}),
        (b'{"mid":"\\ud83d\\ude00"}', {"mid": "\U0001f600"}),
    ],
)
def test_what_is_unusual_and_can_be_read_is_read(data: bytes, read: dict[str, Any]) -> None:
    assert decode(data) == read


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b'{"mid":"m","name":"\\ud83d"}', {"mid": "m"}),
        (b'{"mid":"m","name":"a\\ude00b"}', {"mid": "m"}),
        (b'{"mid":"m","name":"\\ude00\\ud83d"}', {"mid": "m"}),
        (b'{"mid":"\\ud83d","code":"0"}', {"code": "0"}),
        (b'{"mid":"m","\\ud83d":"x"}', {"mid": "m"}),
        (b'{"mid":"m","list":["a","\\ud83d",{"b":"\\udfff"}]}', {"mid": "m", "list": ["a", {}]}),
        (b'\xef\xbb\xbf{"mid":"m","name":"\\ud83d"}', {"mid": "m"}),
        (b'{"mid":"m","x":' + DEEP + b',"y":"]["}', {"mid": "m", "y": "]["}),
        (b'{"x":' + b'{"a":' * 3_000 + b'"\\"}"' + b"}" * 3_000 + b',"mid":"m"}', {"mid": "m"}),
        (b'{"x":' + b"[" * 400_000 + b"]" * 400_000 + b',"mid":"m"}', {}),
    ],
)
def test_what_can_be_read_of_a_message_is_told(data: bytes, read: dict[str, Any]) -> None:
    with pytest.raises(UnreadableMessage) as caught:
        decode(data)
    message = caught.value.message
    message.pop("x", None)
    assert message == read
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "data", [b'{"x":' + DEEP[:-1] + b"}", b'{"x":' + DEEP, b'{"x":' + b"[" * 100_000, DEEP, b'{"x":"' + b"[" * 9_000]
)
def test_deep_garbage_is_no_json(data: bytes) -> None:
    with pytest.raises(MalformedMessage) as caught:
        decode(data)
    assert not isinstance(caught.value, UnreadableMessage)


@given(st.dictionaries(st.text(alphabet=st.characters(), max_size=3), st.text(alphabet=st.characters(), max_size=3)))
def test_what_was_read_can_be_written(fields: dict[str, str]) -> None:
    data = json.dumps({**fields, "half": "\ud800"}).encode()
    with pytest.raises(UnreadableMessage) as caught:
        decode(data)
    assert "half" not in caught.value.message
    json.dumps(caught.value.message, ensure_ascii=False).encode()
