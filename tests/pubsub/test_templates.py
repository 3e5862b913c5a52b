"""Templates: what they may hold, and how they are filled in."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.fields.section import WrongWord
from simulator.pubsub.profile import Identity
from simulator.pubsub.templates import (
    OF_CLIENT_ID,
    OF_PASSWORD,
    OF_TOPIC,
    OF_USERNAME,
    CannotFill,
    checked,
    fill,
    placeholders,
)

ONE = Identity(
    sn="BEST000001", product_id="P1", dev_key="the-dev-key", device_secret="c2VjcmV0", company_id="c7", site_id="s9"
)
literals = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}\0"), max_size=8)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{sn}", "BEST000001"),
        ("best/{productId}/{sn}/up", "best/P1/BEST000001/up"),
        ("{productId}{deviceName}", "P1BEST000001"),
        ("{companyId}-{siteId}", "c7-s9"),
        ("without any", "without any"),
        ("{devKey}|{deviceSecret}", "the-dev-key|c2VjcmV0"),
    ],
)
def test_filled(template: str, expected: str) -> None:
    assert fill(template, ONE) == expected


def test_dev_key_stands_in_for_a_device_secret() -> None:
    assert fill("{deviceSecret}", Identity(sn="a", product_id="b", dev_key="k")) == "k"


@given(st.lists(st.tuples(literals, st.sampled_from(OF_TOPIC)), max_size=6), literals)
def test_each_placeholder_is_filled_and_the_rest_is_left(parts: list[tuple[str, str]], end: str) -> None:
    template = "".join(f"{literal}{{{name}}}" for literal, name in parts) + end
    values = {name: f"<{name}>" for name in OF_TOPIC}

    assert placeholders(template) == tuple(name for _, name in parts)
    assert fill(template, values) == "".join(f"{literal}<{name}>" for literal, name in parts) + end


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    if not value or "\0" in value:
        return
    assert fill("{sn}", {"sn": value}) == value


OF_CONNECTION = "{clientId}, {sdkappid}, {connid}, {expiry}"
KNOWN_IN_TOPICS = "{sn}, {productId}, {companyId}, {siteId}, {deviceName}"


@pytest.mark.parametrize(
    ("template", "known", "message", "suggestion"),
    [
        ("{snn}", OF_TOPIC, f"{{snn}} is no placeholder here; known: {KNOWN_IN_TOPICS}", "{sn}"),
        ("{productid}", OF_TOPIC, f"{{productid}} is no placeholder here; known: {KNOWN_IN_TOPICS}", "{productId}"),
        (
            "{x}",
            OF_USERNAME,
            f"{{x}} is no placeholder here; known: {KNOWN_IN_TOPICS}, {OF_CONNECTION}",
            None,
        ),
    ],
)
def test_an_unknown_placeholder(template: str, known: tuple[str, ...], message: str, suggestion: str | None) -> None:
    with pytest.raises(WrongWord) as caught:
        checked(template, known)
    assert (str(caught.value), caught.value.suggestion) == (message, suggestion)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("", "must not be empty"),
        ("{}", "has a brace that is no placeholder: write {sn}, {productId} …"),
        ("{sn", "has a brace that is no placeholder: write {sn}, {productId} …"),
        ("sn}", "has a brace that is no placeholder: write {sn}, {productId} …"),
        ("{{sn}}", "has a brace that is no placeholder: write {sn}, {productId} …"),
        ("a\0b", "holds a NUL character, which no packet may hold"),
        ("a\ud800", "holds half a surrogate pair, which no packet may hold"),
        ("é" * 32_768, "has 65,536 bytes; a packet has room for 65,535"),
        ("{devKey}", "{devKey} is a secret: it may stand in `password` alone"),
        ("{deviceSecret}", "{deviceSecret} is a secret: it may stand in `password` alone"),
    ],
)
def test_a_wrong_template(template: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        checked(template, OF_CLIENT_ID)


def test_secrets_may_stand_in_a_password() -> None:
    assert checked("{devKey}:{deviceSecret}", OF_PASSWORD) == "{devKey}:{deviceSecret}"


@pytest.mark.parametrize("empty", [None, ""])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("companyId", "the look-up's answer has no companyId, which `up` of the profile needs"),
        ("siteId", "the look-up's answer has no siteId, which `up` of the profile needs"),
        ("productId", "the device has no productId, which `up` of the profile needs"),
    ],
)
def test_a_missing_value(name: str, message: str, empty: str | None) -> None:
    with pytest.raises(CannotFill) as caught:
        fill(f"best/{{{name}}}", {name: empty}, key="up")
    assert str(caught.value) == message


@pytest.mark.parametrize(("value", "shown"), [("a+b", "'+'"), ("a#", "'#'"), ("/a", "'/'"), ("a\0", "a NUL character")])
def test_a_value_that_would_break_a_topic(value: str, shown: str) -> None:
    with pytest.raises(CannotFill) as caught:
        fill("best/{sn}/up", {"sn": value}, key="up", in_topic=True)
    assert str(caught.value) == f"sn holds {shown}, which cannot stand in a topic (`up` of the profile)"


def test_the_same_value_elsewhere_is_none_of_mqtts_business() -> None:
    assert fill("{sn}", {"sn": "a/b+c#"}) == "a/b+c#"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("a\0", "`username` of the profile holds a NUL character, which no packet may hold, filled in for this device"),
        (
            "a" * 65_536,
            "`username` of the profile has 65,536 bytes; a packet has room for 65,535, filled in for this device",
        ),
    ],
)
def test_a_text_that_no_packet_can_carry(value: str, message: str) -> None:
    with pytest.raises(CannotFill) as caught:
        fill("{companyId}", {"companyId": value}, key="username")
    assert str(caught.value) == message
