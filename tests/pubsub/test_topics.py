"""Topics: filled in, as a filter, read back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.pubsub.shipped import NAMES, shipped
from simulator.pubsub.templates import OF_TOPIC, CannotFill
from simulator.pubsub.topics import Topics

values = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="+#/\0"), min_size=1, max_size=8)
levels = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="+#/{}\0"), max_size=5),
    st.tuples(st.sampled_from(["", "dev-"]), st.sampled_from(OF_TOPIC), st.sampled_from(["", ".x"])).map(
        lambda parts: f"{parts[0]}{{{parts[1]}}}{parts[2]}"
    ),
)
templates = st.lists(levels, min_size=1, max_size=6).map("/".join).filter(bool)


def matches(filter_: str, topic: str) -> bool:
    """As the standard has it (4.7), for filters without #."""
    pairs = list(zip(filter_.split("/"), topic.split("/"), strict=False))
    return filter_.count("/") == topic.count("/") and all(one in ("+", other) for one, other in pairs)


@given(templates, st.fixed_dictionaries(dict.fromkeys(OF_TOPIC, values)))
def test_what_is_filled_in_is_read_back_and_matches_the_filter(template: str, identity: dict[str, str]) -> None:
    topics = Topics(template)

    topic = topics.of(**identity)

    assert topics.read(topic) == {name: identity[name] for name in topics.placeholders}
    assert matches(topics.filter, topic)


@given(templates, st.text(max_size=20))
def test_whatever_is_read_fills_in_to_the_same_topic(template: str, topic: str) -> None:
    topics = Topics(template)
    read = topics.read(topic)
    if read is not None and not set("+#") & set("".join(read.values())):
        assert topics.of(**read) == topic


@pytest.mark.parametrize(
    ("template", "filter_"),
    [
        ("best/{productId}/{sn}/up", "best/+/+/up"),
        ("{productId}/{deviceName}/event", "+/+/event"),
        ("best/dev-{sn}/up", "best/+/up"),
        ("/{sn}/", "/+/"),
        ("all", "all"),
    ],
)
def test_filters(template: str, filter_: str) -> None:
    assert Topics(template).filter == filter_


@pytest.mark.parametrize(
    ("template", "topic", "read"),
    [
        ("best/{productId}/{sn}/up", "best/P/S/up", {"productId": "P", "sn": "S"}),
        ("best/{productId}/{sn}/up", "best/P/S/down", None),
        ("best/{productId}/{sn}/up", "best/P/S/up/", None),
        ("best/{productId}/{sn}/up", "best//S/up", None),
        ("best/{productId}/{sn}/up", "best/P/S/up\n", None),
        ("best/{productId}/{sn}/up", "xbest/P/S/up", None),
        ("best/dev-{sn}/up", "best/dev-1/up", {"sn": "1"}),
        ("best/dev-{sn}/up", "best/1/up", None),
        ("{sn}/x/{sn}", "1/x/1", {"sn": "1"}),
        ("{sn}/x/{sn}", "1/x/2", None),
        ("a.c/{sn}", "abc/1", None),
        ("all", "all", {}),
    ],
)
def test_reading(template: str, topic: str, read: dict[str, str] | None) -> None:
    assert Topics(template).read(topic) == read


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("best/+/{sn}", "holds '+': a topic names one device by placeholders, and is no filter"),
        ("best/#", "holds '#': a topic names one device by placeholders, and is no filter"),
        (
            "best/{productId}{sn}",
            "{productId} and {sn} stand in one level, so that nobody can tell where one ends: put a / between",
        ),
        (
            "{productId}-{sn}/up",
            "{productId} and {sn} stand in one level, so that nobody can tell where one ends: put a / between",
        ),
        ("", "must not be empty"),
        ("{sn", "has a brace that is no placeholder: write {sn}, {productId} …"),
        ("best/{devKey}", "{devKey} is a secret: it may stand in `password` alone"),
    ],
)
def test_no_topic(template: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Topics(template)


def test_a_value_that_is_missing_or_breaks_the_topic() -> None:
    topics = Topics("best/{companyId}/{sn}/up")
    with pytest.raises(CannotFill, match="no companyId, which `topic` of the profile needs"):
        topics.of(sn="1")
    with pytest.raises(CannotFill, match="sn holds '/', which cannot stand in a topic"):
        topics.of(companyId="c", sn="1/2", siteId="ignored")


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_profiles_topics_tell_devices_apart(name: str) -> None:
    profile = shipped(name).profile
    for template in (profile.up, profile.down):
        assert Topics(template).placeholders & {"sn", "deviceName"}
    assert profile.up != profile.down
