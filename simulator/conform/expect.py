"""From answers to verdicts: what a case says in its last line.

    return refused(await device.request("dev.heartbeat", {"isFree": "maybe"}))

A verdict is about the case's own subject. That a reply's form departs elsewhere (a code as a number) is counted once,
in the report's violations and by the form.* cases; `accepted(answer, form=True)` makes it part of this case.
"""

from collections.abc import Iterable

from simulator.conform.answers import Answer, Closed, LookedUp, Reply, Silence, Unreached
from simulator.conform.outcome import Outcome, Result, failed, informational, non_strict, ok
from simulator.texts.told import Told, joined

_SHOWN = 3


def accepted(answer: Answer, *, form: bool = False) -> Outcome:
    """OK if it is a success; FAILED for a refusal, silence or a lost connection.

    Args:
        form: NON-STRICT where the reply departs from the document's letter, FAILED where it leaves no plain meaning.
    """
    if not isinstance(answer, Reply | LookedUp) or not answer.ok:
        return failed(answer.told)
    return well_formed(answer) if form else ok(answer.told)


def refused(answer: Answer, *, or_closed: bool = False) -> Outcome:
    """OK if it is any code but success; FAILED for a success, silence or a lost connection.

    Args:
        or_closed: The document or docs/deviations.md lets the platform close the connection instead.
    """
    if isinstance(answer, LookedUp) and answer.read.answer is None:
        if 400 <= answer.status < 500:
            return non_strict(Told("{told}; a refusal is status 200 with a code", told=answer.told))
        return failed(answer.told)
    if isinstance(answer, Reply) and not answer.code:
        return failed(answer.told)
    if isinstance(answer, Reply | LookedUp) and not answer.ok:
        return ok(answer.told)
    if or_closed and isinstance(answer, Closed) and not answer.by_us:
        return ok(answer.told)
    return failed(answer.told)


def refused_or_lost(answer: Answer) -> Outcome:
    """OK if it is any code but success, INFORMATIONAL if there is none: for payloads that a broker may not take."""
    if isinstance(answer, Silence) or (isinstance(answer, Closed) and not answer.by_us):
        return informational(answer.told)
    return refused(answer)


def answered(answer: Answer) -> Outcome:
    """OK if it is a reply, whichever; FAILED for silence or a lost connection."""
    return ok(answer.told) if isinstance(answer, Reply | LookedUp) else failed(answer.told)


def told(answer: Answer) -> Outcome:
    """INFORMATIONAL, whatever it is: the document leaves it open."""
    return informational(answer.told)


def closed(answer: Answer, *codes: int) -> Outcome:
    """OK if the platform closed the connection with one of `codes` (any, where none is given, and over MQTT).

    NON-STRICT if it ended the connection with another code or without a close frame; FAILED for a reply or silence.
    """
    if isinstance(answer, Closed) and not answer.by_us:
        if not codes or isinstance(answer.code, str) or answer.code in codes:
            return ok(answer.told)
        return non_strict(Told("{told}; {names} is right", told=answer.told, names=" or ".join(map(str, codes))))
    if isinstance(answer, Silence):
        return failed(Told("the connection stayed open: nothing came within {seconds:g} s", seconds=answer.seconds))
    return failed(answer.told)


def silent(answer: Answer) -> Outcome:
    """OK if nothing came: for what gets no reply."""
    return ok(answer.told) if isinstance(answer, Silence) else failed(answer.told)


def well_formed(answer: Answer) -> Outcome:
    """OK if the form of a reply or look-up's answer is right to the letter; NON-STRICT, or FAILED if it is unusable."""
    if not isinstance(answer, Reply | LookedUp):
        return failed(answer.told)
    judgement = answer.read.judgement
    if judgement.unusable is not None:
        return failed(Told("{told}, but {unusable}", told=answer.told, unusable=judgement.unusable.told))
    if judgement.departures:
        words = first_of([each.told for each in judgement.departures], _SHOWN)
        return non_strict(Told("{told}, but {words}", told=answer.told, words=words))
    return ok(answer.told)


def both(*outcomes: Outcome) -> Outcome:
    """The worst of several; all that was observed by those."""
    order = (Result.FAILED, Result.NOT_RUN, Result.NON_STRICT, Result.INFORMATIONAL, Result.OK)
    worst = min((each.result for each in outcomes), key=order.index)
    return Outcome(worst, joined("; ", dict.fromkeys(each.observed for each in outcomes if each.result is worst)))


def first_of(texts: Iterable[str], most: int) -> Told:
    """Different texts one after another; of many the first `most`, and how many more there are."""
    found = list(dict.fromkeys(texts))
    words = joined("; ", found[:most])
    return Told("{words}; and {more} more", words=words, more=len(found) - most) if len(found) > most else words


def holds(condition: bool, observed: str, otherwise: str) -> Outcome:
    """OK with `observed` if `condition` holds, else FAILED with `otherwise`."""
    return ok(observed) if condition else failed(otherwise)


def reached(answer: Answer) -> bool:
    """Whether the platform said anything at all."""
    return not isinstance(answer, Unreached | Silence)
