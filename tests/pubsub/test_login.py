"""What a device presents, by each profile; Tencent's password against vectors."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from simulator.protocol.credentials import device_key_digest
from simulator.pubsub.login import login_of, signed
from simulator.pubsub.profile import Identity, Password, PasswordKind, Profile
from simulator.pubsub.shipped import profile_of
from simulator.pubsub.templates import CannotFill

ONE = Identity(
    sn="BEST000001", product_id="PRODUCT001", dev_key="the-dev-key", device_secret="c2l4dGVlbiBieXRlIGtleQ=="
)

# No complete vector of Tencent's is published: its examples leave out or mask the secret. These were computed with
# OpenSSL's command line by the steps that its documents and its device SDKs (C and Python) have in common:
#
#   printf %s 'PRODUCT001BEST000001;12010126;aB3dE;1800000000' |
#     openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf %s c2l4dGVlbiBieXRlIGtleQ== | base64 -d | xxd -p)
#
# The Python SDK makes `{productId}{deviceName};21010406;{five of letters and digits};{seconds}`, decodes the secret
# from base64, and appends `;hmacsha1` to the lower-case hex of HMAC-SHA1; the documents also have HMAC-SHA256 with
# `;hmacsha256`.
USERNAME = "PRODUCT001BEST000001;12010126;aB3dE;1800000000"
SIGNED = {
    "sha256": "a3823dccc6451759f0f5abb7cdd3da7694153f7b320700716638f1ce0aa88c12;hmacsha256",
    "sha1": "f17e3d217ddd2a83c1e04e60d748ab0cfec4656e;hmacsha1",
}


class Drawn(Random):
    """Draws the vector's `connid`."""

    def choices(self, population: Sequence[Any], *_: Any, **__: Any) -> list[Any]:
        return list("aB3dE")


def hmac_password(algorithm: str) -> Password:
    return Password(kind=PasswordKind.HMAC, algorithm=algorithm, key="{deviceSecret}", suffix=f";hmac{algorithm}")


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_tencents_password(algorithm: str) -> None:
    profile = replace(profile_of("tencent"), password=hmac_password(algorithm))

    login = login_of(profile, ONE, rng=Drawn(), now=1_800_000_000 - 86_400 + 0.9)

    assert login.client_id == "PRODUCT001BEST000001"
    assert login.username == USERNAME
    assert login.password == SIGNED[algorithm]
    assert signed(hmac_password(algorithm), "c2l4dGVlbiBieXRlIGtleQ==", USERNAME) == SIGNED[algorithm]


def test_tencent_beside_the_password() -> None:
    login = login_of(profile_of("tencent"), ONE, rng=Random(1), now=0)

    assert (login.up, login.down) == ("PRODUCT001/BEST000001/event", "PRODUCT001/BEST000001/control")
    assert (login.qos, login.clean_session, login.keep_alive, login.max_payload) == (1, True, 60, 16 * 1024)
    assert login.alpn is None


def test_each_connect_has_a_connid_of_its_own() -> None:
    rng = Random(7)
    names = [login_of(profile_of("tencent"), ONE, rng=rng, now=0).username or "" for _ in range(3)]

    connids = [name.split(";")[2] for name in names]
    assert len(set(connids)) == 3
    assert all(len(connid) == 5 and connid.isascii() and connid.isalnum() for connid in connids)


def test_best_m() -> None:
    rng = Random(1)
    before = rng.getstate()

    login = login_of(profile_of("best-m"), ONE, rng=rng, now=0)

    assert (login.client_id, login.username) == ("BEST000001", "BEST000001")
    assert login.password == device_key_digest("the-dev-key", "PRODUCT001")
    assert (login.up, login.down) == ("best/PRODUCT001/BEST000001/up", "best/PRODUCT001/BEST000001/down")
    assert (login.qos, login.clean_session, login.keep_alive, login.alpn) == (1, False, 60, None)
    assert rng.getstate() == before


def test_a_digest_that_is_handed_in_is_taken() -> None:
    assert login_of(profile_of("best-m"), ONE, rng=Random(), now=0, digest="abc").password == "abc"


@pytest.mark.parametrize(("port", "alpn"), [(443, "x-amzn-mqtt-ca"), (8883, None), (None, None)])
def test_aws_offers_alpn_at_443_alone(port: int | None, alpn: str | None) -> None:
    login = login_of(profile_of("aws"), ONE, rng=Random(), now=0, port=port)

    assert (login.client_id, login.username, login.password, login.alpn) == ("BEST000001", None, None, alpn)


def test_other_profiles_offer_their_alpn_at_any_port() -> None:
    profile = replace(profile_of("best-m"), alpn="mqtt")

    assert login_of(profile, ONE, rng=Random(), now=0, port=8883).alpn == "mqtt"
    assert login_of(profile, ONE, rng=Random(), now=0).alpn == "mqtt"


def with_text(text: str) -> Profile:
    return replace(profile_of("best-m"), password=Password(kind=PasswordKind.TEXT, text=text))


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("{devKey}", "the-dev-key"),
        ("{sn}:{deviceSecret}", "BEST000001:c2l4dGVlbiBieXRlIGtleQ=="),
        ("{clientId}@{expiry}", "BEST000001@86400"),
        ("{connid}", "aB3dE"),
        ("as it is", "as it is"),
    ],
)
def test_a_text_as_password(text: str, password: str) -> None:
    assert login_of(with_text(text), ONE, rng=Drawn(), now=0).password == password


def test_a_secret_that_is_no_base64_is_not_shown() -> None:
    identity = replace(ONE, device_secret=None)

    with pytest.raises(CannotFill) as caught:
        login_of(profile_of("tencent"), identity, rng=Random(), now=0)
    assert str(caught.value) == (
        "the key of the password (deviceSecret, or devKey where there is none) is no base64, "
        "which `password.hmac` of the profile needs"
    )


def test_what_the_lookup_did_not_say() -> None:
    profile = replace(profile_of("aws"), up="best/{companyId}/{sn}/up")

    with pytest.raises(CannotFill) as caught:
        login_of(profile, ONE, rng=Random(), now=0)
    assert str(caught.value) == "the look-up's answer has no companyId, which `up` of the profile needs"
    assert login_of(profile, replace(ONE, company_id="c1"), rng=Random(), now=0).up == "best/c1/BEST000001/up"


def test_a_serial_number_with_a_slash() -> None:
    with pytest.raises(CannotFill) as caught:
        login_of(profile_of("best-m"), replace(ONE, sn="a/b"), rng=Random(), now=0)
    assert str(caught.value) == "sn holds '/', which cannot stand in a topic (`up` of the profile)"


def test_no_secret_is_shown() -> None:
    login = login_of(with_text("hush {devKey}"), ONE, rng=Random(), now=0)

    shown = f"{login} {ONE} {with_text('hush')} {with_text('hush').password.described()}"
    assert not any(secret in shown for secret in ("hush", "the-dev-key", "c2l4dGVl"))
