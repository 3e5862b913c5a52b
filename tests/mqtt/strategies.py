"""Packets that the standard allows, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from simulator.mqtt.packets import (
    SUBSCRIPTION_FAILED,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
topics = texts.map(lambda text: text.replace("+", "p").replace("#", "h")).filter(bool)
filters = st.one_of(
    topics,
    st.lists(st.one_of(st.just("+"), topics), min_size=1, max_size=4).map("/".join),
    st.lists(st.one_of(st.just("+"), topics), max_size=4).map(lambda levels: "/".join([*levels, "#"])),
)
packet_ids = st.integers(1, 65_535)
payloads = st.one_of(st.binary(max_size=40), st.integers(100, 20_000).map(bytes))


@st.composite
def publishes(draw: st.DrawFn) -> Publish:
    qos = draw(st.integers(0, 2))
    return Publish(
        draw(topics),
        draw(payloads),
        qos,
        draw(packet_ids) if qos else 0,
        dup=bool(qos) and draw(st.booleans()),
        retain=draw(st.booleans()),
    )


wills = st.builds(Will, topic=topics, payload=st.binary(max_size=40), qos=st.integers(0, 2), retain=st.booleans())


@st.composite
def connects(draw: st.DrawFn) -> Connect:
    username = draw(st.none() | texts)
    return Connect(
        client_id=draw(texts),
        clean_session=draw(st.booleans()),
        keep_alive=draw(st.integers(0, 65_535)),
        username=username,
        password=draw(st.none() | st.binary(max_size=40)) if username is not None else None,
        will=draw(st.none() | wills),
    )


packets: st.SearchStrategy[Packet] = st.one_of(
    connects(),
    st.builds(Connack, st.booleans(), st.just(0)),
    st.builds(Connack, st.just(False), st.integers(0, 255)),
    publishes(),
    *(st.builds(kind, packet_ids) for kind in (Puback, Pubrec, Pubrel, Pubcomp, Unsuback)),
    st.builds(
        Subscribe, packet_ids, st.lists(st.tuples(filters, st.integers(0, 2)), min_size=1, max_size=5).map(tuple)
    ),
    st.builds(
        Suback,
        packet_ids,
        st.lists(st.sampled_from([0, 1, 2, SUBSCRIPTION_FAILED]), min_size=1, max_size=5).map(tuple),
    ),
    st.builds(Unsubscribe, packet_ids, st.lists(filters, min_size=1, max_size=5).map(tuple)),
    *(st.just(each) for each in (Pingreq(), Pingresp(), Disconnect())),
)
