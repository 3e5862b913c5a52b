"""Reads the dispatch's answers to getBrokerServer (document 3.1)."""

from dataclasses import dataclass
from typing import Any, Final

from simulator.judge.departures import Family, Judgement, Notes, number_text, shown
from simulator.judge.envelopes import read_code, read_results, read_text
from simulator.judge.replies import DEFAULT_ZONE
from simulator.measurements.names import MALFORMED_REPLY
from simulator.measurements.violation_rules import (
    LOOKUP_CERTIFICATE,
    LOOKUP_CERTIFICATE_PAIR,
    LOOKUP_CERTIFICATE_TIME,
    LOOKUP_CODE,
    LOOKUP_FIELD_TYPE,
    LOOKUP_MESSAGE,
    LOOKUP_NOT_JSON,
    LOOKUP_STATUS,
    LOOKUP_URL,
)
from simulator.protocol import device_certificate, envelope
from simulator.protocol.broker import BrokerAnswer, schemes
from simulator.protocol.catalogue import formats as f
from simulator.protocol.codes import SUCCESS
from simulator.texts.told import Told

_FAMILY: Final = Family(LOOKUP_URL, LOOKUP_FIELD_TYPE, LOOKUP_FIELD_TYPE)
_OK: Final = 200
_TEXTS: Final = {
    "certificate": "certificate",
    "private_key": "privateKey",
    "public_key": "publicKey",
    "company_id": "companyId",
    "site_id": "siteId",
}
_CLOCKS_S: Final = 300.0
"""How far the platform's clock and ours may be apart before a certificate counts as out of its time."""


@dataclass(frozen=True, slots=True)
class ReadLookup:
    """An answer as it is meant."""

    answer: BrokerAnswer | None
    """None where it is no answer: another status than a success, no JSON object, no code, or a success without url."""
    code: str
    """The answer's own, else `http` and the status, or a device's word for what cannot be read."""
    text: str
    """Of the code, or what is wrong; what a platform says in it is unmasked and as long as it likes."""
    judgement: Judgement


def read_lookup(status: int, body: bytes, broker_type: str, now: float | None = None) -> ReadLookup:
    """What an answer over HTTP means, and what departs in it.

    Args:
        broker_type: the transport that was asked for.
        now: seconds since the epoch, which certificates have to hold at; without it nothing is said of that.
    """
    notes = Notes(_FAMILY, DEFAULT_ZONE)
    if not _OK <= status < 300:
        notes.fail(
            LOOKUP_STATUS,
            "the HTTP status",
            Told("is {status}, should be {ok}, also with a refusal", status=status, ok=_OK),
        )
        return ReadLookup(None, f"http {status}", "", notes.judgement())
    if status != _OK:
        notes.depart(LOOKUP_STATUS, "the HTTP status", Told("is {status}, should be {ok}", status=status, ok=_OK))
    try:
        message = envelope.decode(body)
    except envelope.UnreadableMessage as error:
        return _partly_read(error, broker_type, notes, now)
    except envelope.MalformedMessage as error:
        notes.fail(LOOKUP_NOT_JSON, "the answer", Told("is {error}, should be a JSON object", error=error))
        return ReadLookup(None, MALFORMED_REPLY, str(error), notes.judgement())
    return _read_answer(message, broker_type, notes, now)


def _partly_read(error: envelope.UnreadableMessage, broker_type: str, notes: Notes, now: float | None) -> ReadLookup:
    """What can be read may be all that a device needs; what else is missing in it may be what could not be read."""
    read = _read_answer(error.message, broker_type, Notes(_FAMILY, DEFAULT_ZONE), now)
    (notes.depart if read.judgement.unusable is None else notes.fail)(LOOKUP_NOT_JSON, "the answer", str(error))
    return ReadLookup(read.answer, read.code, read.text, notes.judgement())


def _read_answer(message: dict[str, Any], broker_type: str, notes: Notes, now: float | None) -> ReadLookup:
    code = read_code(message, LOOKUP_CODE, notes)
    text = read_text(message, LOOKUP_MESSAGE, notes)
    if not code:
        return ReadLookup(None, MALFORMED_REPLY, "a look-up's answer without a code", notes.judgement())
    if code != SUCCESS:
        return ReadLookup(BrokerAnswer(code=code, message=text), code, text, notes.judgement())
    results = read_results(message, ("url",), notes)
    url = None if results is None else _read_url(results, broker_type, notes)
    if results is None or url is None:
        return ReadLookup(None, MALFORMED_REPLY, "a look-up's success without a url", notes.judgement())
    values: dict[str, str | None] = {name: _read_text(results, wire, notes) for name, wire in _TEXTS.items()}
    values["root_ca"] = _read_root(results, notes)
    _judge_pair(values["certificate"], values["private_key"], notes)
    if now is not None:
        for wire, held in (("rootCA", values["root_ca"]), ("certificate", values["certificate"])):
            fault = None if held is None else device_certificate.validity_fault(held, now, _CLOCKS_S)
            if fault is not None:
                notes.depart(LOOKUP_CERTIFICATE_TIME, f"results.{wire}", fault)
    return ReadLookup(BrokerAnswer(code=code, message=text, url=url, **values), code, text, notes.judgement())


def _read_url(results: dict[str, Any], broker_type: str, notes: Notes) -> str | None:
    """The address; also one that this transport cannot use, which is told."""
    path = "results.url"
    value = results.get("url")
    begins = schemes(broker_type)
    article = "an" if begins and begins[0][0] == "m" else "a"
    right = (
        Told("{article} {begins} address", article=article, begins=" or ".join(begins))
        if begins
        else "an address with its scheme"
    )
    url = value.strip() if isinstance(value, str) else ""
    if not url:
        what = Told("is {value}", value=shown(value)) if "url" in results else "is missing"
        notes.fail(LOOKUP_URL, path, Told("{what}, should be {right}", what=what, right=right))
        return None
    scheme, _, rest = url.partition("://")
    fits = f.URL.problem(url) is None and (not begins or f"{scheme.lower()}://" in begins)
    if not fits:
        notes.fail(LOOKUP_URL, path, Told("is {value}, should be {right}", value=shown(value), right=right))
        return url
    if url != value:
        notes.depart(LOOKUP_URL, path, Told("is {value}, should be without blanks around it", value=shown(value)))
    return f"{scheme.lower()}://{rest}"


def _read_text(results: dict[str, Any], name: str, notes: Notes) -> str | None:
    value = results.get(name, "")
    if type(value) is str:
        return value or None
    path = f"results.{name}"
    notes.depart(
        LOOKUP_FIELD_TYPE, path, Told("is {value}, should be a text or left out", value=shown(value, secret=True))
    )
    return number_text(value)


def _read_root(results: dict[str, Any], notes: Notes) -> str | None:
    """The rootCA; None also for one that nobody can read, as a device goes on without it."""
    text = _read_text(results, "rootCA", notes)
    if text is None or device_certificate.is_certificate(text):
        return text
    notes.depart(LOOKUP_CERTIFICATE, "results.rootCA", "is a text, should be a certificate in PEM")
    return None


def _judge_pair(certificate: str | None, private_key: str | None, notes: Notes) -> None:
    """The device's own; also one that cannot be used is handed on, for whoever connects by it to say so."""
    fault = device_certificate.pair_fault(certificate, private_key)
    if fault is not None:
        rule = LOOKUP_CERTIFICATE_PAIR if fault.together else LOOKUP_CERTIFICATE
        notes.depart(rule, f"results.{fault.field}", fault.problem)
