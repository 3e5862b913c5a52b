"""Answers to the look-up that depart: what they mean, and under which rules they are told."""

import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.judge.lookup import ReadLookup, read_lookup
from simulator.protocol.broker import BrokerAnswer
from simulator.wire.authority import CertificateAuthority

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
AUTHORITY = CertificateAuthority("tests", NOW)
PEM = AUTHORITY.root
OWN = AUTHORITY.client("SN1", NOW - DAY, NOW + DAY)
URL = "wss://broker.example.com/ws"


def read(*, status: int = 200, broker_type: str = "best-w", results: Any = ..., **members: Any) -> ReadLookup:
    """The answer of a success with `url`, changed; members and results that are `...` are left out."""
    answer = {"code": "00000000", "message": "success", "payload": {"results": {"url": URL}}}
    if isinstance(results, dict):
        merged = {"url": URL, **results}
        answer["payload"] = {"results": {name: value for name, value in merged.items() if value is not ...}}
    answer |= members
    body = json.dumps({name: value for name, value in answer.items() if value is not ...}).encode()
    return read_lookup(status, body, broker_type)


def rules(found: ReadLookup) -> list[str]:
    return [departure.rule for departure in found.judgement.departures]


def url_of(found: ReadLookup) -> str | None:
    return None if found.answer is None else found.answer.url


def test_a_right_answer() -> None:
    found = read(results={"rootCA": PEM, "companyId": "c", "siteId": "", "extra": 5})

    assert found.judgement.right
    assert found.answer == BrokerAnswer(
        code="00000000", message="success", url=URL, root_ca=PEM, company_id="c", site_id=None
    )
    assert (found.code, found.text) == ("00000000", "success")


def test_a_refusal_needs_no_results() -> None:
    found = read(code="E0000003", message="bad sign", payload=...)

    assert found.judgement.right
    assert found.answer == BrokerAnswer(code="E0000003", message="bad sign")


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read_lookup(200, b"\xef\xbb\xbf" + BrokerAnswer(code="E0000003").encode(), "best-w").judgement.right


@pytest.mark.parametrize("status", [301, 403, 404, 500, 503])
def test_another_status_is_no_answer(status: int) -> None:
    found = read(status=status)

    assert (found.answer, found.code, rules(found)) == (None, f"http {status}", ["lookup.status"])
    assert found.judgement.unusable is not None


def test_another_status_of_success_is_used() -> None:
    found = read(status=201)

    assert (url_of(found), rules(found), found.judgement.unusable) == (URL, ["lookup.status"], None)


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[]", b'"text"', b"null", b'{"code":', b"\xff\xfe"])
def test_what_is_no_json_object_is_no_answer(body: bytes) -> None:
    found = read_lookup(200, body, "best-w")

    assert (found.answer, found.code, rules(found)) == (None, "malformed reply", ["lookup.not-json"])
    assert found.judgement.unusable is not None


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_cannot_be_read_as_a_whole_is_used_as_far_as_it_can(mark: bytes) -> None:
    body = b'{"code":"00000000","message":"\\ud83d","payload":{"results":{"url":"%b"}}}' % URL.encode()

    found = read_lookup(200, mark + body, "best-w")

    assert (url_of(found), found.text, rules(found)) == (URL, "", ["lookup.not-json"])
    assert found.judgement.unusable is None


def test_a_url_that_cannot_be_read_is_none() -> None:
    body = b'{"code":"00000000","message":"","payload":{"results":{"url":"ws://\\ud83d"}}}'

    found = read_lookup(200, body, "best-w")

    assert (found.answer, rules(found)) == (None, ["lookup.not-json"])
    assert found.judgement.unusable is not None


@pytest.mark.parametrize(
    "answer",
    [
        BrokerAnswer(code="00000000", message="success", url="ws://h"),
        BrokerAnswer(
            code="00000000",
            message="success",
            url=URL,
            root_ca=PEM,
            certificate=OWN.certificate,
            private_key=OWN.private_key,
            public_key="key",
            company_id="c",
            site_id="s",
        ),
        BrokerAnswer(code="E0010004", message="not authorised"),
        BrokerAnswer.refusal("E9999999"),
    ],
)
def test_every_answer_of_a_platform_can_be_read(answer: BrokerAnswer) -> None:
    found = read_lookup(200, answer.encode(), "best-w")

    assert found.answer == answer
    assert found.judgement.right


@given(st.binary() | st.from_regex(rb'\{"code":"0{8}","payload":\{"results":.*\}\}'))
def test_no_body_is_too_odd(body: bytes) -> None:
    found = read_lookup(200, body, "best-w")

    assert found.answer is not None or found.judgement.unusable is not None


@pytest.mark.parametrize("code", [0, "0", "00000000 "])
def test_a_code_is_used_where_it_is_plain(code: Any) -> None:
    found = read(code=code)

    assert (url_of(found), found.code, rules(found)) == (URL, "00000000", ["lookup.code"])


@pytest.mark.parametrize("code", [..., None, "", []])
def test_without_a_code_there_is_no_answer(code: Any) -> None:
    found = read(code=code)

    assert (found.answer, rules(found)) == (None, ["lookup.code"])
    assert found.judgement.unusable is not None


@pytest.mark.parametrize("message", [..., None, 5])
def test_a_message_that_is_missing_is_counted(message: Any) -> None:
    found = read(message=message)

    assert (url_of(found), rules(found), found.judgement.unusable) == (URL, ["lookup.message"], None)


@pytest.mark.parametrize("url", [..., None, "", " ", 5, []])
def test_a_success_without_a_url_is_no_answer(url: Any) -> None:
    found = read(results={"url": url})

    assert (found.answer, rules(found)) == (None, ["lookup.url"])


@pytest.mark.parametrize("payload", [..., None, {}, {"results": None}])
def test_a_success_without_results_is_no_answer(payload: Any) -> None:
    found = read(payload=payload)

    assert (found.answer, rules(found)) == (None, ["lookup.url"])


@pytest.mark.parametrize("url", ["http://h/", "mqtt://h", "h:8080/ws", "ws:/h", "ws://", "ws:// h"])
def test_an_address_of_another_transport_is_told_and_passed_on(url: str) -> None:
    found = read(results={"url": url})

    assert (url_of(found), rules(found)) == (url, ["lookup.url"])
    assert found.judgement.unusable is not None


@pytest.mark.parametrize("url", ["WS://h/ws", "wss://h:8/ws?a=b", "ws://[::1]:80"])
def test_an_address_of_this_transport_is_right(url: str) -> None:
    found = read(results={"url": url})

    assert found.judgement.right
    assert (url_of(found) or "").startswith(("ws://", "wss://"))


def test_blanks_around_an_address_are_counted_and_taken_off() -> None:
    found = read(results={"url": f" {URL}\n"})

    assert (url_of(found), rules(found), found.judgement.unusable) == (URL, ["lookup.url"], None)


@pytest.mark.parametrize(
    ("broker_type", "url"),
    [("best-m", "mqtts://h:8883"), ("best-t", "mqtt://h"), ("best-a", "MQTTS://h:8883"), ("push", "http://h/")],
)
def test_the_address_of_another_transport(broker_type: str, url: str) -> None:
    assert read(broker_type=broker_type, results={"url": url}).judgement.right


@pytest.mark.parametrize("broker_type", ["best-m", "best-t", "best-a"])
@pytest.mark.parametrize("url", ["ssl://h:8883", "wss://h", "mqtts//h", "h:8883"])
def test_mqtt_has_one_of_two_schemes(broker_type: str, url: str) -> None:
    found = read(broker_type=broker_type, results={"url": url})
    assert set(rules(found)) == {"lookup.url"}
    assert "should be an mqtt:// or mqtts:// address" in str(found.judgement.departures[0])


NO_CERTIFICATES = {
    "no PEM": "garbage",
    "cut off": PEM[:40],
    "no base64": PEM.replace("M", "?", 1),
    "something else inside": "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n",
}


@pytest.mark.parametrize("text", NO_CERTIFICATES.values(), ids=NO_CERTIFICATES)
def test_a_root_that_is_none_counts_as_absent(text: str) -> None:
    found = read(results={"rootCA": text})

    assert (url_of(found), rules(found), found.judgement.unusable) == (URL, ["lookup.certificate"], None)
    assert found.answer is not None
    assert found.answer.root_ca is None


def pair(certificate: Any = OWN.certificate, private_key: Any = OWN.private_key) -> ReadLookup:
    return read(results={"certificate": certificate, "privateKey": private_key})


@pytest.mark.parametrize("text", NO_CERTIFICATES.values(), ids=NO_CERTIFICATES)
def test_a_certificate_that_is_none_is_handed_on_to_whoever_connects(text: str) -> None:
    found = pair(certificate=text)

    assert (url_of(found), rules(found), found.judgement.unusable) == (URL, ["lookup.certificate"], None)
    assert found.answer is not None
    assert (found.answer.certificate, found.answer.private_key) == (text, OWN.private_key)


NO_KEYS = {
    "no PEM": "garbage",
    "cut off": OWN.private_key[:60],
    "a public key": OWN.public_key,
    "no base64": OWN.private_key.replace("M", "?", 1),
}


@pytest.mark.parametrize("text", NO_KEYS.values(), ids=NO_KEYS)
def test_a_key_that_is_none(text: str) -> None:
    found = pair(private_key=text)

    assert (url_of(found), rules(found), found.judgement.unusable) == (URL, ["lookup.certificate"], None)
    assert text not in str(found.judgement)


def test_the_key_of_another_certificate() -> None:
    found = pair(private_key=AUTHORITY.client("SN2", NOW, NOW).private_key)

    assert (url_of(found), rules(found), found.judgement.unusable) == (URL, ["lookup.certificate-pair"], None)
    assert "should be the key that the certificate was made for" in str(found.judgement.departures[0])


@pytest.mark.parametrize(("alone", "missing"), [("certificate", "privateKey"), ("privateKey", "certificate")])
@pytest.mark.parametrize("absent", [..., ""])
def test_one_without_the_other(alone: str, missing: str, absent: Any) -> None:
    found = pair(**{"private_key" if missing == "privateKey" else "certificate": absent})

    assert (url_of(found), rules(found)) == (URL, ["lookup.certificate-pair"])
    assert f"results.{missing}" in str(found.judgement.departures[0])


def test_a_key_may_be_the_base64_of_its_der() -> None:
    assert pair(private_key="".join(OWN.private_key.splitlines()[1:-1])).judgement.right


def test_a_chain_of_certificates_is_right() -> None:
    assert pair(certificate=OWN.certificate + PEM).judgement.right


@pytest.mark.parametrize(
    ("begins", "ends", "told"),
    [(-3, -1, ["lookup.certificate-time"]), (1, 2, ["lookup.certificate-time"]), (-1, 1, []), (0, 1, [])],
)
def test_a_certificate_out_of_its_time_is_told_where_the_time_is_known(begins: int, ends: int, told: list[str]) -> None:
    made = AUTHORITY.client("SN1", NOW + begins * DAY, NOW + ends * DAY)
    answer = BrokerAnswer(
        code="00000000", message="success", url=URL, certificate=made.certificate, private_key=made.private_key
    )

    found = read_lookup(200, answer.encode(), "best-w", NOW.timestamp())

    assert found.answer == answer
    assert rules(found) == told
    assert read_lookup(200, answer.encode(), "best-w").judgement.right


@pytest.mark.parametrize("apart", [-290, 290])
def test_clocks_may_be_minutes_apart(apart: int) -> None:
    moment = datetime.timedelta(seconds=apart)
    made = AUTHORITY.client("SN1", NOW, NOW + DAY) if apart < 0 else AUTHORITY.client("SN1", NOW - DAY, NOW)
    answer = BrokerAnswer(
        code="00000000", message="success", url=URL, certificate=made.certificate, private_key=made.private_key
    )
    assert read_lookup(200, answer.encode(), "best-w", (NOW + moment).timestamp()).judgement.right


def test_a_root_that_has_expired_is_told() -> None:
    answer = BrokerAnswer(code="00000000", message="success", url=URL, root_ca=PEM)
    found = read_lookup(200, answer.encode(), "best-w", (NOW + datetime.timedelta(days=9_000)).timestamp())
    assert rules(found) == ["lookup.certificate-time"]


@pytest.mark.parametrize(
    "text", [PEM, f"subject=x\n{PEM}{PEM}", PEM.replace("\n", "\r\n"), ""], ids=["one", "two", "CRLF", "none"]
)
def test_certificates_in_pem_are_right(text: str) -> None:
    assert read(results={"rootCA": text}).judgement.right


@pytest.mark.parametrize(("value", "meant"), [(5, "5"), (None, None), ([], None), (True, None)])
def test_a_field_that_is_no_text_is_counted(value: Any, meant: str | None) -> None:
    found = read(results={"companyId": value})

    assert (rules(found), found.judgement.unusable) == (["lookup.field-type"], None)
    assert found.answer is not None
    assert found.answer.company_id == meant


def test_a_rootca_that_is_null_is_of_the_wrong_type() -> None:
    assert rules(read(results={"rootCA": None})) == ["lookup.field-type"]


def test_no_key_is_shown() -> None:
    found = read(results={"privateKey": 1234567890, "rootCA": "s3cret"})

    assert len(rules(found)) == 3
    assert "1234567890" not in str(found.judgement)
    assert "s3cret" not in str(found.judgement)
