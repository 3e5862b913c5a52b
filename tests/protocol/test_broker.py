"""The look-up: the URL a device asks, what a platform makes of it, and the answer."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.protocol import codes
from simulator.protocol.broker import (
    MAX_SKEW_MS,
    BrokerAnswer,
    BrokerType,
    LookupQuery,
    check_lookup,
    is_publish_subscribe,
    is_websocket,
    parse_lookup,
    parse_query_string,
    protocol_type,
)
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.formats import OneOf
from simulator.protocol.envelope import decode

NOW = 1_646_102_871_000
QUERY = LookupQuery.build("abcd", "best-w", "123456", NOW, "aabbcc")
PARAMETERS = {
    "sn": "abcd",
    "type": "best-w",
    "nonce": "123456",
    "timestamp": "1646102871000",
    "sign": "bdd58420c142a11569ff3eb8a9ec535c",
}

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def test_the_url_of_the_documents_example() -> None:
    assert QUERY.url("https://dc.zkclouds.com") == (
        "https://dc.zkclouds.com/v3/device/getBrokerServer?sn=abcd&type=best-w&nonce=123456"
        "&timestamp=1646102871000&sign=bdd58420c142a11569ff3eb8a9ec535c"
    )


@pytest.mark.parametrize(
    ("dispatch", "start"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v3/device/getBrokerServer?"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v3/device/getBrokerServer?"),
        ("https://host/base/path/", "https://host/base/path/v3/device/getBrokerServer?"),
        ("http://[::1]:80", "http://[::1]:80/v3/device/getBrokerServer?"),
    ],
)
def test_the_url_stands_below_the_dispatch_url(dispatch: str, start: str) -> None:
    assert QUERY.url(dispatch).startswith(start)


@pytest.mark.parametrize(
    "dispatch", ["", "host:80", "ws://host", "ftp://host", "http://", "http://host?x=1", "http://host/#top", "/path"]
)
def test_a_dispatch_url_that_is_none_is_refused(dispatch: str) -> None:
    with pytest.raises(ValueError, match="dispatch URL"):
        QUERY.url(dispatch)


def test_the_query_is_percent_encoded() -> None:
    query = LookupQuery.build("a b&c=d+e/会", "best-w", "n%1", NOW, "key")
    url = query.url("http://host")

    assert "sn=a%20b%26c%3Dd%2Be%2F%E4%BC%9A&" in url
    assert "nonce=n%251&" in url


@given(sn=texts, nonce=texts.filter(lambda text: len(text) <= 32), key=texts, now=st.integers(0, 10**15))
def test_what_a_device_asks_a_platform_reads_and_accepts(sn: str, nonce: str, key: str, now: int) -> None:
    query = LookupQuery.build(sn, BrokerType.BEST_W, nonce, now, key)
    parts = urlsplit(query.url("http://host/base"))

    assert parse_query_string(parts.query) == query
    assert parse_lookup({name: values[0] for name, values in parse_qs(parts.query).items()}) == query
    assert check_lookup(query, secret_key=key, now_ms=now, nonce_seen=False) is None


def test_the_sign_is_kept_out_of_the_repr() -> None:
    assert QUERY.sign not in repr(QUERY)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_missing_or_empty_parameter_is_malformed(name: str) -> None:
    without = {key: value for key, value in PARAMETERS.items() if key != name}

    assert parse_lookup(without) == codes.MALFORMED
    assert parse_lookup({**PARAMETERS, name: ""}) == codes.MALFORMED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("type", "best-x"),
        ("type", "BEST-W"),
        ("type", " best-w"),
        ("nonce", "n" * 33),
        ("timestamp", "yesterday"),
        ("timestamp", "-1646102871000"),
        ("timestamp", "1646102871.5"),
        ("timestamp", "1646102871000\n"),
        ("timestamp", "１６４６"),
        ("timestamp", "0x10"),
        ("timestamp", "9" * 20),
        ("timestamp", "9" * 10_000),
    ],
)
def test_a_value_out_of_its_format_is_refused(name: str, value: str) -> None:
    assert parse_lookup({**PARAMETERS, name: value}) == codes.BAD_VALUE


@pytest.mark.parametrize("broker_type", ["push", "best-w", "best-t", "best-m", "best-a"])
def test_every_type_of_the_document_is_read(broker_type: str) -> None:
    query = parse_lookup({**PARAMETERS, "type": broker_type})

    assert isinstance(query, LookupQuery)
    assert query.type == broker_type
    assert is_websocket(broker_type) is (broker_type == "best-w")
    assert is_publish_subscribe(broker_type) is (broker_type in ("best-t", "best-m", "best-a"))


def test_prot_type_is_one_that_the_catalogue_knows() -> None:
    (field,) = (field for field in CATALOGUE["dev.register"].params.fields if field.name == "protType")
    assert isinstance(field.shape, OneOf)
    for broker_type in ("best-w", "best-t", "best-m", "best-a"):
        assert field.shape.problem(protocol_type(broker_type)) is None
    assert protocol_type("best-a") == "best-m"
    assert protocol_type("best-t") == "best-t"


def test_a_nonce_of_32_characters_is_read() -> None:
    assert isinstance(parse_lookup({**PARAMETERS, "nonce": "n" * 32}), LookupQuery)


def test_unknown_parameters_are_ignored() -> None:
    assert parse_lookup({**PARAMETERS, "extra": "1"}) == QUERY


@pytest.mark.parametrize("text", ["", "&&&", "sn=%ff", "sn=a&sn=b", "a=1&" * 1000, "=", "%"])
def test_a_query_string_that_is_none_is_malformed(text: str) -> None:
    assert parse_query_string(text) == codes.MALFORMED
    assert parse_query_string(QUERY.query_string() + "&sn=other") == codes.MALFORMED


@given(st.text())
def test_no_query_string_crashes_the_platform(text: str) -> None:
    assert isinstance(parse_query_string(text), (LookupQuery, str))


def test_an_unknown_device_is_not_authorised() -> None:
    assert check_lookup(QUERY, secret_key=None, now_ms=NOW, nonce_seen=False) == codes.NOT_AUTHORISED


@pytest.mark.parametrize(
    "sign", ["0" * 32, QUERY.sign.upper(), QUERY.sign[:-1], QUERY.sign + "0", "会" * 32, "\ud800" * 32]
)
def test_a_wrong_sign_is_refused(sign: str) -> None:
    query = replace(QUERY, sign=sign)

    assert check_lookup(query, secret_key="aabbcc", now_ms=NOW, nonce_seen=False) == codes.BAD_SIGN


@pytest.mark.parametrize("name", ["sn", "nonce", "timestamp"])
def test_the_sign_covers_every_other_parameter(name: str) -> None:
    query = replace(QUERY, **{name: getattr(QUERY, name) + "1"})

    assert check_lookup(query, secret_key="aabbcc", now_ms=int(query.timestamp), nonce_seen=False) == codes.BAD_SIGN


def test_another_secret_key_makes_another_sign() -> None:
    assert check_lookup(QUERY, secret_key="aabbcd", now_ms=NOW, nonce_seen=False) == codes.BAD_SIGN


def test_a_repeated_nonce_is_refused() -> None:
    assert check_lookup(QUERY, secret_key="aabbcc", now_ms=NOW, nonce_seen=True) == codes.BAD_SIGN


@pytest.mark.parametrize(
    ("skew_ms", "code"),
    [
        (0, None),
        (MAX_SKEW_MS, None),
        (-MAX_SKEW_MS, None),
        (MAX_SKEW_MS + 1, codes.BAD_SIGN),
        (-MAX_SKEW_MS - 1, codes.BAD_SIGN),
    ],
)
def test_a_stale_or_early_time_is_refused(skew_ms: int, code: str | None) -> None:
    assert check_lookup(QUERY, secret_key="aabbcc", now_ms=NOW + skew_ms, nonce_seen=False) == code


def test_the_skew_allowed_can_be_set() -> None:
    assert check_lookup(QUERY, secret_key="aabbcc", now_ms=NOW + 2, nonce_seen=False, max_skew_ms=1) == codes.BAD_SIGN


ANSWER = BrokerAnswer(
    code="00000000",
    message="success",
    url="wss://host:8443/best",
    root_ca="pem",
    certificate="pem2",
    private_key="s3cret",
    public_key="pem3",
    company_id="c",
    site_id="s",
)


def test_the_answer_has_the_documents_names() -> None:
    assert decode(ANSWER.encode()) == {
        "code": "00000000",
        "message": "success",
        "payload": {
            "results": {
                "url": "wss://host:8443/best",
                "rootCA": "pem",
                "certificate": "pem2",
                "privateKey": "s3cret",
                "publicKey": "pem3",
                "companyId": "c",
                "siteId": "s",
            }
        },
    }


def test_a_refusal_has_no_payload() -> None:
    answer = BrokerAnswer.refusal("E0000003")

    assert decode(answer.encode()) == {"code": "E0000003", "message": codes.MESSAGES["E0000003"]}
    assert not answer.succeeded
    assert ANSWER.succeeded


def test_the_private_key_is_kept_out_of_the_repr() -> None:
    assert "s3cret" not in repr(ANSWER)
