"""What the project's shipped profiles present to a broker, looked at with the independent reading of them."""

from __future__ import annotations

import base64
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from simulator.pubsub.login import login_of
from simulator.pubsub.profile import Identity as TheirIdentity
from simulator.pubsub.shipped import PROFILE_OF_TYPE, shipped
from tests.independent.mqtt.codec import Connect
from tests.independent.mqtt.profile import COMPANY, PROFILES, SITE
from tests.independent.store import Identity

NAMES = some.text("abcXYZ019-_", min_size=1, max_size=20)
KEYS = some.binary(min_size=1, max_size=40).map(lambda key: base64.b64encode(key).decode())


@pytest.mark.parametrize("kind", sorted(PROFILES))
@given(sn=NAMES, product=NAMES, key=KEYS, seed=some.integers(0, 1 << 30), now=some.floats(1e9, 4e9))
def test_login(kind: str, sn: str, product: str, key: str, seed: int, now: float) -> None:
    ours, one = PROFILES[kind], Identity(sn, "", product, key)
    profile = shipped(PROFILE_OF_TYPE[kind]).profile
    theirs = TheirIdentity(sn=sn, product_id=product, dev_key=key, company_id=COMPANY, site_id=SITE)
    said = login_of(profile, theirs, rng=Random(seed), now=now)
    password = None if said.password is None else said.password.encode()
    connect = Connect(said.client_id, said.username, password, said.keep_alive, said.clean_session)
    assert ours.faults(connect, one, now) == []
    assert (said.up, said.down) == ours.topics(one)
    assert (said.qos, said.max_payload) == (ours.qos, ours.max_packet)


def test_tencent_with_a_secret_of_its_own() -> None:
    """`deviceSecret` of the identities comes before devKey."""
    one = Identity("sn", "", "product", base64.b64encode(b"secret").decode())
    theirs = TheirIdentity(sn="sn", product_id="product", dev_key="no base64", device_secret=one.dev_key)
    said = login_of(shipped("tencent").profile, theirs, rng=Random(1), now=1e9)
    assert said.password is not None
    connect = Connect(said.client_id, said.username, said.password.encode(), said.keep_alive, said.clean_session)
    assert PROFILES["best-t"].faults(connect, one, 1e9) == []
