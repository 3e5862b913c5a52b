"""Thresholds: what a scenario demands of the figures, as text. This is the parser; `reports.evaluation` judges.

    threshold  = measure comparison number [unit] { "after" duration | "abort" }
    measure    = name metric | overall
    name       = a funcId, `getBrokerServer`, `connect`, a flow (`init`, `record_delivery`, `photo_delivery`), a
                 command (`cmd.data.update.user`: its handling time), or a glob over these (`dev.data.upload.*`:
                 each one that occurred has to keep it, and one must have occurred)
    metric     = latency | "intended_" latency | "failures" | "count" | "rate" | "missed"
    latency    = "min" | "mean" | "max" | "p" number          p50, p99, p99.9 (also written p999)
    overall    = "failures" | "online" | "came_online" | "requests_per_second" | "disconnects" | "anomalies"
               | "internal_errors"
               | "records." ( "generated" | "acknowledged" | "pending" | "refused" | "rejected" | "resent" )
               | "generator.loop_lag" latency | "generator.cpu" | "generator.rss"
    comparison = "<" | "<=" | ">" | ">=" | "==" | "!="
    unit       = "us" | "ms" | "s" | "min" for latencies and durations, which must have one
               | "%" for `online` and `came_online` (must), `failures` (without it: their number), `generator.cpu`
               | "MB" for `generator.rss` (must), "/s" for `rate` and `requests_per_second` (may)
    duration   = number ( "ms" | "s" | "min" )

`intended_p99` counts from the moment the scenario had planned a request for, `p99` from its sending; `missed` counts
requests that were planned and never sent, because the generator stood still over their moments. `rate` and
`requests_per_second` are per second of the run. `after 30s` leaves the run's first 30 seconds out of account;
`abort` stops the run once the threshold was crossed for 10 s without a break, judged on the last 10 s each time.
A threshold that names something which never occurred is crossed, and so is one whose abort fired. `disconnects` are
connections that were lost: those that the fleet ended itself, as at the end of the run, are none.

Latency and failures: an upper limit (`<`, `<=`) of a percentile or of `max` counts a failed request as one that took
for ever, however fast it was refused: `p95 < 5 s` holds if 95 of 100 succeeded within 5 s. `min`, `mean` and lower
limits speak of the successful ones. Where none succeeded, every latency threshold is crossed. Records that are still
pending when the run ends count in `record_delivery` like failed ones. `intended_` latencies are those of all requests,
failed ones with the time until they failed.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from simulator.closest import closest

LATENCY, SHARE_OR_COUNT, SHARE, COUNT, RATE, MEGABYTES = "latency", "share_or_count", "share", "count", "rate", "MB"

OVERALL: Final = {
    "failures": SHARE_OR_COUNT,
    "online": SHARE,
    "came_online": SHARE,
    "requests_per_second": RATE,
    "disconnects": COUNT,
    "anomalies": COUNT,
    "internal_errors": COUNT,
    **{f"records.{name}": COUNT for name in ("generated", "acknowledged", "pending", "refused", "rejected", "resent")},
    "generator.cpu": SHARE,
    "generator.rss": MEGABYTES,
}
LOOP_LAG: Final = "generator.loop_lag"
NAMED_METRICS: Final = {"failures": SHARE_OR_COUNT, "count": COUNT, "rate": RATE, "missed": COUNT}
LATENCY_METRICS: Final = ("min", "mean", "max", "p50", "p90", "p95", "p99", "p99.9")
WHOLE_RUN_ONLY: Final = frozenset(
    {
        "came_online",
        "anomalies",
        "internal_errors",
        "generator.cpu",
        "generator.rss",
        *(name for name in OVERALL if "records." in name),
    }
)
"""Kept as one number for the whole run: neither `after` nor `abort` can be told of them."""

_MILLISECONDS: Final = {"us": 0.001, "µs": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0}
_UNITS: Final = {
    LATENCY: tuple(_MILLISECONDS),
    SHARE_OR_COUNT: ("%", ""),
    SHARE: ("%",),
    COUNT: ("",),
    RATE: ("", "/s"),
    MEGABYTES: ("MB",),
}
_MOST: Final = {"ms": 86_400_000, "%": 100, "": 10**12, "/s": 10**9, "MB": 10**7}
"""The largest limit in each unit: one beyond it could never be crossed, and the run would pass whatever it did."""
_MOST_LOAD: Final = 100_000
"""Percent of one core."""
_MOST_AFTER_S: Final = 30 * 86_400
_SHOWN: Final = 120
"""Characters of an expression that an error repeats."""

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<comparison><=|>=|==|!=|<|>)|(?P<number>\d+(?:\.\d+)?|\.\d+)(?![\w.*])|(?P<amount>\d+(?:\.\d+)?)"
    r"(?P<unit>[a-zA-Zµ]+)(?![\w.*])|(?P<sign>%|/s)|(?P<word>[A-Za-z_µ*?\[][\w.*?\[\]\-µ]*))"
)
_PERCENTILE: Final = re.compile(r"p(\d+(?:\.\d+)?)")


class ThresholdError(ValueError):
    """An expression that the grammar does not know; says where and what was probably meant.

    Attributes:
        text: the expression.
        position: index of the character at which reading failed.
        problem: what is wrong there.
        suggestion: what was probably meant, or None.
    """

    def __init__(self, text: str, position: int, problem: str, suggestion: str | None = None) -> None:
        self.text = text
        self.position = position
        self.problem = problem
        self.suggestion = suggestion
        hint = f" (did you mean {suggestion}?)" if suggestion else ""
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        super().__init__(f"threshold {shown!r}, column {position + 1}: {problem}{hint}")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A parsed expression. `limit` is in ms for latencies, in percent for shares, else as written."""

    expression: str
    subject: str
    """A name or glob, one of `OVERALL`, or `generator.loop_lag`."""
    metric: str
    """`min`, `mean`, `max`, `percentile`, `failures`, `count`, `rate`, `missed`; empty for an overall measure."""
    percent: float
    """Of a percentile; else 0."""
    intended: bool
    comparison: str
    limit: float
    unit: str
    """`ms`, `%`, `MB`, `/s` or empty: the unit of `limit` and of the value it is compared with."""
    after_s: float
    abort: bool

    @property
    def is_overall(self) -> bool:
        return not self.metric

    @property
    def is_latency(self) -> bool:
        return self.metric in ("percentile", "min", "mean", "max")

    def matches(self, name: str) -> bool:
        """Whether `name` is what this threshold speaks of."""
        return fnmatchcase(name, self.subject)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int
    unit: str = ""


def parse_threshold(text: str, known_names: Collection[str]) -> Threshold:
    """Read one expression.

    Args:
        text: the expression; see the module's text.
        known_names: every request, flow and command that can occur in the run.

    Raises:
        ThresholdError: If the expression is wrong, or speaks of a name or metric that does not exist.
    """
    return _Parser(text, known_names).parse()


class _Parser:
    """One pass over the tokens, left to right."""

    def __init__(self, text: str, known_names: Collection[str]) -> None:
        self.text = text
        self.known = known_names
        self.tokens = self._tokens()
        self.next = 0

    def _tokens(self) -> list[_Token]:
        tokens, at = [], 0
        end = len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                raise ThresholdError(self.text, at, f"cannot read {self.text[at:].split()[0][:_SHOWN]!r}")
            kind = match.lastgroup or ""
            if kind == "unit":
                tokens.append(_Token("number", match["amount"], match.start("amount"), match["unit"]))
            else:
                tokens.append(_Token(kind, match[kind], match.start(kind)))
            at = match.end()
        return tokens

    def _fail(self, problem: str, at: int | None = None, suggestion: str | None = None) -> ThresholdError:
        if at is None:
            at = self.tokens[self.next].at if self.next < len(self.tokens) else len(self.text.rstrip())
        return ThresholdError(self.text, at, problem, suggestion)

    def _take(self, kind: str, wanted: str) -> _Token:
        if self.next >= len(self.tokens):
            raise self._fail(f"expected {wanted}, but the expression ends")
        token = self.tokens[self.next]
        if token.kind != kind:
            raise self._fail(f"expected {wanted} instead of {token.text!r}")
        self.next += 1
        return token

    def _peek(self, kind: str) -> _Token | None:
        token = self.tokens[self.next] if self.next < len(self.tokens) else None
        return token if token is not None and token.kind == kind else None

    def parse(self) -> Threshold:
        subject = self._take("word", "a funcId, a flow or an overall measure")
        metric, percent, intended, kind = "", 0.0, False, OVERALL.get(subject.text, "")
        named = self._peek("word")
        if subject.text not in OVERALL or (named is not None and subject.text in self.known):
            self._check_subject(subject)
            metric, percent, intended, kind = self._metric(subject.text)
        elif named is not None:
            raise self._fail(f"{subject.text!r} takes no metric, but a comparison")
        comparison = self._take("comparison", "a comparison (<, <=, >, >=, ==, !=)")
        limit, unit = self._limit(kind)
        after_s, abort = self._modifiers(subject)
        return Threshold(
            " ".join(self.text.split()), subject.text, metric, percent, intended, comparison.text, limit, unit,
            after_s, abort,
        )  # fmt: skip

    def _check_subject(self, subject: _Token) -> None:
        name = subject.text
        if name == LOOP_LAG or name in self.known:
            return
        if any(letter in name for letter in "*?["):
            if any(fnmatchcase(known, name) for known in self.known):
                return
            raise self._fail(f"no funcId, flow or command matches {name!r}", subject.at)
        raise self._fail(
            f"there is no funcId, flow, command or measure {name!r}",
            subject.at,
            closest(name, [*self.known, *OVERALL, LOOP_LAG]),
        )

    def _metric(self, subject: str) -> tuple[str, float, bool, str]:
        allowed = [*LATENCY_METRICS] if subject == LOOP_LAG else [*LATENCY_METRICS, *NAMED_METRICS]
        token = self._take("word", f"a metric ({', '.join(allowed)})")
        text = token.text
        if text in NAMED_METRICS and subject != LOOP_LAG:
            return text, 0.0, False, NAMED_METRICS[text]
        intended = text.startswith("intended_") and subject != LOOP_LAG
        text = text.removeprefix("intended_") if intended else text
        if text in ("min", "mean", "max"):
            return text, 0.0, intended, LATENCY
        match = _PERCENTILE.fullmatch(text)
        if match is not None:
            digits = match[1]
            short = len(digits) > 2 and digits.startswith("99") and "." not in digits
            percent = float(f"{digits[:2]}.{digits[2:]}" if short else digits)
            if 0 < percent <= 100:
                return "percentile", percent, intended, LATENCY
            raise self._fail("a percentile lies above 0 and not above 100", token.at)
        raise self._fail(f"there is no metric {token.text!r} of {subject}", token.at, closest(token.text, allowed))

    def _limit(self, kind: str) -> tuple[float, str]:
        number = self._take("number", "a number")
        value, unit, at = float(number.text), number.unit, number.at
        if not unit:
            sign = self._peek("sign") or self._peek("word")
            if sign is not None and sign.text not in ("after", "abort"):
                unit, at = sign.text, sign.at
                self.next += 1
        allowed = _UNITS[kind]
        if unit not in allowed:
            names = " or ".join(item or "no unit" for item in allowed)
            raise self._fail(f"expected {names} after the number" + (f" instead of {unit!r}" if unit else ""), at)
        if kind == LATENCY:
            value, unit = value * _MILLISECONDS[unit], "ms"
        elif kind == RATE:
            unit = "/s"
        most = _MOST_LOAD if self.tokens[0].text == "generator.cpu" else _MOST[unit]
        if value > most:
            raise self._fail(
                f"the limit is out of range: at most {most:,}{f' {unit}' if unit else ''} can be meant", at
            )
        return value, unit

    def _modifiers(self, subject: _Token) -> tuple[float, bool]:
        after_s, abort = 0.0, False
        while self.next < len(self.tokens):
            word = self._take("word", "`after` or `abort`")
            if word.text not in ("after", "abort"):
                raise self._fail(f"expected `after` or `abort` instead of {word.text!r}", word.at)
            if subject.text in WHOLE_RUN_ONLY:
                raise self._fail(f"{subject.text} is judged for the whole run, without {word.text!r}", word.at)
            if word.text == "abort":
                abort = True
                continue
            amount = self._take("number", "a duration such as 30s")
            unit = amount.unit
            if not unit:
                unit = self._take("word", "the duration's unit (ms, s, min)").text
            if unit not in _MILLISECONDS:
                raise self._fail(f"expected ms, s or min instead of {unit!r}", amount.at)
            after_s = float(amount.text) * _MILLISECONDS[unit] / 1000.0
            if after_s > _MOST_AFTER_S:
                raise self._fail("`after` is out of range: a run takes 30 days at most", amount.at)
        return after_s, abort
