"""Mistakes in the answers to look-ups, and look-ups that are answered although they should be refused."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from simulator.measurements import violation_rules as rules
from simulator.platform.wrong.mode import Mode

Body = tuple[int, bytes, str]
"""Status, body and content type of an HTTP response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMode(Mode):
    """A mistake in the answer."""

    change: Callable[[dict[str, Any]], Body | None]
    """Makes it: changes the answer's JSON and returns None, or returns what is sent in its place."""
    successes: bool = False
    """Whether refusals are answered rightly."""


_JSON: Final = "application/json"


def _html(answer: dict[str, Any]) -> Body:
    return 200, b"<html><body>Welcome</body></html>", "text/html"


def _fault(answer: dict[str, Any]) -> Body:
    return 500, b"Internal Server Error", "text/plain"


def _created(answer: dict[str, Any]) -> Body:
    return 201, orjson.dumps(answer), _JSON


def _cut_off(answer: dict[str, Any]) -> Body:
    return 200, orjson.dumps(answer)[:-2], _JSON


def _forbidden(answer: dict[str, Any]) -> Body | None:
    return None if answer["code"] == "00000000" else (403, orjson.dumps(answer), _JSON)


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(answer: dict[str, Any]) -> None:
        answer[name] = value

    return change


def _drop(name: str) -> Callable[[dict[str, Any]], None]:
    def change(answer: dict[str, Any]) -> None:
        answer.pop(name, None)

    return change


def _result(name: str, make: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    def change(answer: dict[str, Any]) -> None:
        results = answer.get("payload", {}).get("results", {})
        results[name] = make(results.get(name))

    return change


def _no_url(answer: dict[str, Any]) -> None:
    answer.get("payload", {}).get("results", {}).pop("url", None)


def _answer(
    name: str,
    text: str,
    rule: str,
    change: Callable[[dict[str, Any]], Body | None],
    *,
    every: int = 1,
    successes: bool = False,
) -> AnswerMode:
    return AnswerMode(
        name=f"lookup.{name}",
        text=text,
        rules=(rule,),
        change=change,
        every=every,
        successes=successes,
    )


def _of_another_transport(url: object) -> str:
    scheme, _, rest = str(url).partition("://")
    return f"{'wss' if scheme.startswith('mqtt') else 'mqtts'}://{rest}"


ANSWER_MODES: Final[tuple[AnswerMode, ...]] = (
    _answer("fault", "answers every other look-up with HTTP 500", rules.LOOKUP_STATUS, _fault, every=2),
    _answer("created", "answers look-ups with HTTP 201", rules.LOOKUP_STATUS, _created),
    _answer("html", "answers every other look-up with a page of HTML", rules.LOOKUP_NOT_JSON, _html, every=2),
    _answer("cut-off", "cuts off the JSON of every other answer", rules.LOOKUP_NOT_JSON, _cut_off, every=2),
    _answer("code-number", "sends the look-up's code as a number", rules.LOOKUP_CODE, _set("code", 0), successes=True),
    _answer("code-missing", "answers every other look-up without a code", rules.LOOKUP_CODE, _drop("code"), every=2),
    _answer("message-missing", "answers look-ups without a message", rules.LOOKUP_MESSAGE, _drop("message")),
    _answer(
        "null-for-absent",
        "sends a rootCA that is null",
        rules.LOOKUP_FIELD_TYPE,
        _result("rootCA", lambda value: None),
        successes=True,
    ),
    _answer(
        "url-missing", "leaves the url out of every other answer", rules.LOOKUP_URL, _no_url, every=2, successes=True
    ),
    _answer(
        "url-scheme",
        "sends an address of another transport in every other answer",
        rules.LOOKUP_URL,
        _result("url", _of_another_transport),
        every=2,
        successes=True,
    ),
    _answer(
        "certificate",
        "sends a rootCA that is no PEM text",
        rules.LOOKUP_CERTIFICATE,
        _result("rootCA", lambda value: "MIID-not-a-certificate"),
        successes=True,
    ),
    AnswerMode(
        name="lookup.forbidden",
        text="refuses look-ups with HTTP 403",
        rules=(rules.LOOKUP_STATUS,),
        change=_forbidden,
        in_runs=False,
    ),
)


def _lenient(name: str, text: str) -> Mode:
    return Mode(name=f"lookup.{name}", text=text)


ACCEPTS_SIGN: Final = _lenient("accepts-sign", "takes look-ups with a wrong sign")
ACCEPTS_UPPER_CASE: Final = _lenient("accepts-upper-case-sign", "takes look-ups with the sign in upper case")
ACCEPTS_STALE: Final = _lenient("accepts-stale", "takes look-ups with an old timestamp")
ACCEPTS_FUTURE: Final = _lenient("accepts-future", "takes look-ups with a timestamp of the future")
ACCEPTS_NONCE: Final = _lenient("accepts-repeated-nonce", "takes look-ups with a nonce that was used before")
ACCEPTS_LONG_NONCE: Final = _lenient("accepts-long-nonce", "takes look-ups with a nonce of more than 32 characters")
ACCEPTS_UNKNOWN: Final = _lenient("accepts-unknown-sn", "gives a broker to serial numbers that it does not know")
ACCEPTS_TYPE: Final = _lenient("accepts-unknown-type", "gives a broker for types that there are not")
ACCEPTS_MISSING: Final = _lenient("accepts-missing", "takes look-ups with a parameter missing")
REFUSES_LONGEST_NONCE: Final = _lenient("refuses-nonce-of-32", "refuses nonces of 32 characters")
REFUSES_SKEW: Final = _lenient("refuses-four-minutes", "refuses timestamps that are 4 minutes old")
LOOKUP_MODES: Final[tuple[Mode, ...]] = (
    *ANSWER_MODES,
    ACCEPTS_SIGN,
    ACCEPTS_UPPER_CASE,
    ACCEPTS_STALE,
    ACCEPTS_FUTURE,
    ACCEPTS_NONCE,
    ACCEPTS_LONG_NONCE,
    ACCEPTS_UNKNOWN,
    ACCEPTS_TYPE,
    ACCEPTS_MISSING,
    REFUSES_LONGEST_NONCE,
    REFUSES_SKEW,
)
"""In the order of tables."""
