"""From client ids and user names back to values."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.platform.mqtt.reading_back import ways_to_read
from simulator.pubsub.templates import fill

WORD = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("template", "text", "known", "ways"),
    [
        ("{sn}", "A1", {}, [{"sn": "A1"}]),
        ("{deviceName}", "A1", {}, [{"sn": "A1"}]),
        ("{sn}", "", {}, []),
        ("d-{sn}", "A1", {}, []),
        ("d-{sn}-x", "d-A1-x", {}, [{"sn": "A1"}]),
        ("{sn}/{sn}", "A/A", {}, [{"sn": "A"}]),
        ("{sn}/{sn}", "A/B", {}, []),
        ("{sn}", "A1", {"sn": "A1"}, [{"sn": "A1"}]),
        ("{sn}", "A1", {"sn": "A2"}, []),
        ("{productId}{sn}", "abc", {}, [{"productId": "a", "sn": "bc"}, {"productId": "ab", "sn": "c"}]),
        ("{companyId}{sn}", "c1A", {"companyId": "c1"}, [{"companyId": "c1", "sn": "A"}]),
        ("fixed", "fixed", {}, [{}]),
        ("fixed", "fixed!", {}, []),
    ],
)
def test_ways(template: str, text: str, known: dict[str, str], ways: list[dict[str, str]]) -> None:
    assert list(ways_to_read(template, text, known)) == ways


@given(product=WORD, sn=WORD, glue=st.sampled_from(["", "-", ";x;"]))
def test_what_was_filled_in_is_among_the_ways(product: str, sn: str, glue: str) -> None:
    values = {"productId": product, "sn": sn}
    template = f"{{productId}}{glue}{{sn}}"
    assert values in list(ways_to_read(template, fill(template, values), {}))
