"""Thresholds: what a scenario demands of the figures, as text. This is the parser; `reports.evaluation` judges.

    threshold  = demand comparison number [unit] { "after" duration | "abort" }
    demand     = name [ "intended_" ] metric | "generator.loop_lag" metric | measure | class [ "." rule ] | of faults
    name       = a funcId, `getBrokerServer`, `connect`, a flow, a command (its handling time), or a glob over these
                 (`dev.data.upload.*`: each one that occurred has to keep it, and one must have occurred)
    metric     = a measure of a funcId or of the event loop (`reports.measures`), a percentile as "p" number
    measure    = a measure of the whole fleet
    class      = "violations" | "observations"; rule = one of that class, or a glob over them
    of faults  = a measure of the scenario's faults (`reports.weather_readings` says how a kind stands in it)
    comparison = "<" | "<=" | ">" | ">=" | "==" | "!="
    unit       = one of the measure's unit; only counts and rates may go without
    duration   = number ( "ms" | "s" | "min" )

`docs/thresholds.md` lists all of them. `after 30s` leaves the run's first 30 seconds out of account; `abort` stops the
run once the threshold was crossed for 10 s without a break, judged on the last 10 s each time; it is crossed whatever
the whole run is. A threshold on something that never occurred cannot be judged, which fails a run that went to its end.

Durations and failures: an upper limit (`<`, `<=`) of a percentile or of `max` counts a failed request as one that took
for ever, however fast it was refused: `p95 < 5 s` holds if 95 of 100 succeeded within 5 s. `min`, `mean` and lower
limits speak of the successful ones. Where none succeeded, every such threshold is crossed. Records that are still
pending when the run ends count in `record_delivery` like failed ones. `intended_` ones are those of all requests,
failed ones with the time until they failed.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Final

from reports.measures import (
    DURATION,
    INTENDED,
    LOOP_LAG,
    PERCENTILE,
    RUN_MEASURES,
    Measure,
    Scope,
    measures_of,
    percent_of,
    spellings,
)
from reports.occurrences import KINDS, OBSERVATIONS, VIOLATIONS, known_rules
from reports.readings import is_of
from reports.weather_readings import OF_MISBEHAVIOUR, part_of, parts_known, spelled
from simulator.closest import closest, closest_words
from simulator.measurements.names import KNOWN_NAMES, is_series, name_of
from simulator.measurements.run import RunMeasurements
from simulator.texts.translation import _
from simulator.wide_marks import first_wide, narrowed

_MOST_AFTER_S: Final = 30 * 86_400
_FORMER: Final = {"anomalies": " or ".join(KINDS)}
"""Measures of earlier versions, and what took their place."""
_SIGNS: Final = {"=": "==", "=<": "<=", "=>": ">="}
"""What is no comparison, and which one is meant."""
_WEATHER_OF_PARTS: Final = [
    spelled(measure.name, part) for measure in measures_of(Scope.WEATHER) for part in parts_known(measure.name)
]
_LISTED: Final = [
    spelling for scope in (Scope.RUN, Scope.RULE) for spelling in spellings(measures_of(scope)) if "." not in spelling
]
"""Measures of the whole fleet that stand for themselves; those of records and of faults are many."""
_MOST_LISTED: Final = 12
_SHOWN: Final = 120
"""Characters of an expression that an error repeats."""

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<comparison><=|>=|==|!=|<|>)|(?P<number>\d+(?:\.\d+)?|\.\d+)(?![\w.*])|(?P<amount>\d+(?:\.\d+)?)"
    r"(?P<unit>[a-zA-Zµ]+(?:/h)?)(?![\w.*])|(?P<sign>%|/s|(?:MB)?/h)|(?P<word>[A-Za-z_µ*?\[][\w.*?\[\]\-µ]*))"
)


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
        hint = _(" (did you mean {suggestion}?)", suggestion=suggestion) if suggestion else ""
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        told = _("threshold {shown!r}, column {column}: {problem}", shown=shown, column=position + 1, problem=problem)
        super().__init__(told + hint)


@dataclass(frozen=True, slots=True)
class Threshold:
    """A parsed expression."""

    expression: str
    subject: str
    """A name or glob, `generator.loop_lag`, or the name of a measure of the whole fleet."""
    measure: Measure
    percent: float
    """Of a percentile; else 0."""
    intended: bool
    comparison: str
    limit: float
    """In `unit`: ms for durations, percent for shares, else as written."""
    after_s: float
    abort: bool

    @property
    def unit(self) -> str:
        """`ms`, `%`, `MB`, `/s` or empty: the unit of `limit` and of the value it is compared with."""
        return self.measure.unit.symbol

    @property
    def promised_percent(self) -> float | None:
        """How many percent of all an upper limit was promised of, failed ones included; None: none was."""
        if self.intended or self.comparison not in ("<", "<="):
            return None
        return {PERCENTILE: self.percent, "max": 100.0}.get(self.measure.name)

    def speaks_of(self, rule: str) -> bool:
        """Whether a threshold on a class of rules counts this one."""
        return is_of(self.subject, rule)

    def matches(self, name: str) -> bool:
        """Whether `name` is what this threshold speaks of."""
        return fnmatchcase(name, self.subject)


_NO_RULES: Final[Mapping[str, Collection[str]]] = MappingProxyType({})


def parse_threshold(
    text: str, known_names: Collection[str], rules: Mapping[str, Collection[str]] = _NO_RULES
) -> Threshold:
    """Read one expression.

    Args:
        text: the expression; see the module's text.
        known_names: every request, flow and command that can occur in the run.
        rules: those that were found beside the declared ones, by class.

    Raises:
        ThresholdError: If the expression is wrong, or speaks of a name or metric that does not exist.
    """
    return _Parser(text, known_names, rules).parse()


def parse_all(expressions: Iterable[str], measurements: RunMeasurements) -> list[Threshold]:
    """The thresholds of a run, which may speak of whatever it measured beside the names that are known before.

    Raises:
        ThresholdError: If one is wrong.
    """
    names = {*KNOWN_NAMES, *(name_of(tag) for tag in measurements.totals if is_series(tag))}
    rules = {VIOLATIONS: measurements.violations.by_rule, OBSERVATIONS: measurements.observations.by_rule}
    return [parse_threshold(expression, names, rules) for expression in expressions]


def wrong_threshold(text: str) -> str | None:
    """What is wrong with a threshold of a scenario that has not been run yet, or None."""
    try:
        parse_threshold(text, KNOWN_NAMES)
    except ThresholdError as error:
        return str(error)
    return None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int
    unit: str = ""


class _Parser:
    """One pass over the tokens, left to right."""

    def __init__(self, text: str, known_names: Collection[str], rules: Mapping[str, Collection[str]]) -> None:
        self.text = text
        self.known = known_names
        self.rules = rules
        self.tokens = self._tokens()
        self.next = 0

    def _tokens(self) -> list[_Token]:
        tokens, at = [], 0
        end = len(self.text.rstrip())
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                word = self.text[at:].split()[0][:_SHOWN]
                signs = word[: len(word) - len(word.lstrip("=<>"))]
                if first_wide(word) is not None:
                    raise ThresholdError(self.text, at, _("cannot read {word!r}", word=word), narrowed(self.text))
                raise ThresholdError(self.text, at, _("cannot read {word!r}", word=signs or word), _SIGNS.get(signs))
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
            raise self._fail(_("expected {wanted}, but the expression ends", wanted=wanted))
        token = self.tokens[self.next]
        if token.kind != kind:
            raise self._fail(_("expected {wanted} instead of {found!r}", wanted=wanted, found=token.text))
        self.next += 1
        return token

    def _peek(self, kind: str) -> _Token | None:
        token = self.tokens[self.next] if self.next < len(self.tokens) else None
        return token if token is not None and token.kind == kind else None

    def parse(self) -> Threshold:
        subject = self._take("word", _("a funcId, a flow or an overall measure"))
        percent, intended = 0.0, False
        measures = [measure for measure in measures_of(Scope.RUN) if measure.name == subject.text]
        measures = measures or self._of_rules(subject) or self._of_weather(subject)
        named = self._peek("word")
        if not measures or (named is not None and subject.text in self.known):
            self._check_subject(subject)
            measures, percent, intended = self._metric(subject.text)
        elif named is not None:
            raise self._fail(_("{name!r} takes no metric, but a comparison", name=subject.text))
        comparison = self._take("comparison", _("a comparison (<, <=, >, >=, ==, !=)"))
        measure, limit = self._limit(measures)
        after_s, abort = self._modifiers(measure)
        return Threshold(
            " ".join(self.text.split()),
            subject.text,
            measure,
            percent,
            intended,
            comparison.text,
            limit,
            after_s,
            abort,
        )

    def _of_rules(self, subject: _Token) -> list[Measure]:
        """The measure of a class of rules, where the subject is one: alone, or with a rule or a glob behind its dot."""
        name, dot, rules = subject.text.partition(".")
        measures = [measure for measure in measures_of(Scope.RULE) if measure.name == name]
        if not measures or not dot:
            return measures
        known = [*known_rules(name), *self.rules.get(name, ())]
        if any(fnmatchcase(rule, rules) for rule in known):
            return measures
        at = subject.at + len(name) + 1
        elsewhere = next((of for of in KINDS if any(fnmatchcase(rule, rules) for rule in known_rules(of))), None)
        if elsewhere is not None:
            problem = _("{rules!r} is none of the {name}", rules=rules, name=name)
            raise self._fail(problem, at, f"{elsewhere}.{rules}")
        if any(letter in rules for letter in "*?["):
            raise self._fail(_("no rule of the {name} matches {rules!r}", name=name, rules=rules), at)
        problem = _("there is no rule {rule!r} of the {name}", rule=rules, name=name)
        raise self._fail(problem, at, closest(rules, known))

    def _of_weather(self, subject: _Token) -> list[Measure]:
        """The measure of faults or misbehaviour that the subject is, alone or with one kind or way in it."""
        for measure in measures_of(Scope.WEATHER):
            part = part_of(measure.name, subject.text)
            known = parts_known(measure.name)
            if part == "" or part in known:
                return [measure]
            if part is not None and subject.text not in self.known:
                if measure.name.startswith(OF_MISBEHAVIOUR):
                    problem = _("there is no way of misbehaviour {part!r}", part=part)
                else:
                    problem = _("there is no kind of fault {part!r}", part=part)
                raise self._fail(problem, subject.at, closest(part, known))
        return []

    def _check_subject(self, subject: _Token) -> None:
        name = subject.text
        if name == LOOP_LAG or name in self.known:
            return
        if any(letter in name for letter in "*?["):
            if any(fnmatchcase(known, name) for known in self.known):
                return
            raise self._fail(_("no funcId, flow or command matches {name!r}", name=name), subject.at)
        if name in _FORMER:
            raise self._fail(_("there is no measure {name!r} any more", name=name), subject.at, _FORMER[name])
        problem = _("there is no funcId, flow, command or measure {name!r}", name=name)
        known = [*self.known, *RUN_MEASURES, *_WEATHER_OF_PARTS, LOOP_LAG]
        family, dot, _rest = name.partition(".")
        near = closest(name, known)
        alike = [each for each in known if dot and each.startswith(f"{family}.")]
        # Of a family with more members than anybody reads, the nearest one says enough.
        listed = alike if 0 < len(alike) <= _MOST_LISTED else () if near and dot else _LISTED
        if listed:
            there_are = _("there are {names} and the funcIds (docs/thresholds.md)", names=", ".join(listed))
            problem = f"{problem}; {there_are}"
        raise self._fail(problem, subject.at, near)

    def _metric(self, subject: str) -> tuple[list[Measure], float, bool]:
        """The measures of that name, which the limit's unit tells apart; a percentile's percent; whether intended."""
        measures = measures_of(Scope.LOOP_LAG if subject == LOOP_LAG else Scope.NAME)
        allowed = spellings(measures)
        token = self._take("word", _("a metric ({names})", names=", ".join(allowed)))
        intended = subject != LOOP_LAG and token.text.startswith(INTENDED)
        name = token.text.removeprefix(INTENDED) if intended else token.text
        found = [item for item in measures if item.is_written(name) and (item.unit is DURATION or not intended)]
        if not found:
            near = closest_words(token.text, allowed, most=3)
            names = ", ".join([*near, *(name for name in allowed if name not in near)])
            problem = _(
                "there is no metric {metric!r} of {name}; there are {names}",
                metric=token.text,
                name=subject,
                names=names,
            )
            raise self._fail(problem, token.at, next(iter(near), None))
        if found[0].name != PERCENTILE:
            return found, 0.0, intended
        percent = percent_of(name)
        if not 0 < percent <= 100:
            raise self._fail(_("a percentile lies above 0 and not above 100"), token.at)
        return found, percent, intended

    def _limit(self, measures: Sequence[Measure]) -> tuple[Measure, float]:
        """Which of the measures the limit's unit means, and the limit."""
        number = self._take("number", _("a number"))
        unit, at = number.unit, number.at
        if not unit:
            sign = self._peek("sign") or self._peek("word")
            if sign is not None and sign.text not in ("after", "abort"):
                unit, at = sign.text, sign.at
                self.next += 1
        measure = next((measure for measure in measures if unit in measure.unit.written), None)
        if measure is None:
            names = _(" or ").join(item or _("no unit") for measure in measures for item in measure.unit.written)
            wanted = _("{names} after the number", names=names)
            if not unit:
                raise self._fail(_("expected {wanted}", wanted=wanted), at)
            raise self._fail(_("expected {wanted} instead of {found!r}", wanted=wanted, found=unit), at)
        symbol, most = measure.unit.symbol, measure.unit.most
        limit = float(number.text) * measure.unit.written[unit]
        if limit > most:
            most_shown = f"{most:,}{f' {symbol}' if symbol else ''}"
            raise self._fail(_("the limit is out of range: at most {most} can be meant", most=most_shown), at)
        return measure, limit

    def _modifiers(self, measure: Measure) -> tuple[float, bool]:
        after_s, abort = 0.0, False
        while self.next < len(self.tokens):
            either = _("`after` or `abort`")
            word = self._take("word", either)
            if word.text not in ("after", "abort"):
                raise self._fail(_("expected {wanted} instead of {found!r}", wanted=either, found=word.text), word.at)
            if measure.whole_run:
                problem = _("{name} is judged for the whole run, without {word!r}", name=measure.name, word=word.text)
                raise self._fail(problem, word.at)
            if word.text == "abort":
                abort = True
                continue
            amount = self._take("number", _("a duration such as 30s"))
            unit = amount.unit
            if not unit:
                unit = self._take("word", _("the duration's unit (ms, s, min)")).text
            if unit not in DURATION.written:
                raise self._fail(
                    _("expected {wanted} instead of {found!r}", wanted=_("ms, s or min"), found=unit), amount.at
                )
            after_s = float(amount.text) * DURATION.written[unit] / 1000.0
            if after_s > _MOST_AFTER_S:
                raise self._fail(_("`after` is out of range: a run takes 30 days at most"), amount.at)
        return after_s, abort
