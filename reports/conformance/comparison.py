"""Two conformance runs: which cases got worse or better, and where that cannot be told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.exit_codes import ExitCode
from simulator.shown import detail
from simulator.texts.told import said
from simulator.texts.translation import N_, _

_NOT_THERE: Final = N_("not there")
_RANKS: Final = {"OK": 0, "INFORMATIONAL": 0, "NON-STRICT": 1, "FAILED": 2}
"""How bad a verdict is; one that is not here tells nothing about the platform."""
_SEEN_CHARS: Final = 160


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose verdict is another one in the new run."""

    case: str
    before: str
    now: str
    observed: str
    """In the new run; empty for a case that is not there."""

    def __str__(self) -> str:
        """Both verdicts, the case and what was seen."""
        told = f"{_(self.before)} -> {_(self.now)}  {self.case}"
        return f"{told}: {detail(said(self.observed), _SEEN_CHARS)}" if self.observed else told


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one run to another."""

    worse: tuple[Change, ...]
    better: tuple[Change, ...]
    other: tuple[Change, ...]
    """Neither: left open by the document now or before, or told for the first time and nothing to mend."""
    untold: tuple[str, ...]
    """Sentences: why it cannot be told whether the platform got worse."""

    def exit_code(self, *, allow_untold: bool) -> ExitCode:
        """3 where something got worse, or where that cannot be told and is not allowed."""
        bad = bool(self.worse) or (bool(self.untold) and not allow_untold)
        return ExitCode.THRESHOLD_CROSSED if bad else ExitCode.PASSED

    def lines(self) -> Iterator[str]:
        """For the terminal, what matters most first."""
        for title, found in ((_("worse"), self.worse), (_("cannot be told"), self.untold), (_("better"), self.better)):
            if found:
                yield f"{title}:"
                yield from (f"  {each}" for each in found)
        if self.other:
            changed = _("changed")
            yield f"{changed}:"
            yield from (f"  {each}" for each in self.other)
        yield _(
            "{worse} worse, {better} better, {changed} changed, {untold} cannot be told",
            worse=len(self.worse),
            better=len(self.better),
            changed=len(self.other),
            untold=len(self.untold),
        )


def compare_conformance(base: Mapping[str, Any], new: Mapping[str, Any]) -> Comparison:
    """Compare the conformance.json documents of two runs case by case."""
    before = {case["id"]: case for case in base["cases"]}
    now = {case["id"]: case for case in new["cases"]}
    untold = [
        _("the {name} run is inconclusive: {reason}", name=name, reason=detail(said(document["reason"]), _SEEN_CHARS))
        for name, document in ((_("earlier"), base), (_("new"), new))
        if document["verdict"] == "inconclusive"
    ]
    if not before.keys() & now.keys():
        untold.append(_("the runs have no case in common"))
    worse: list[Change] = []
    better: list[Change] = []
    other: list[Change] = []
    for name in dict.fromkeys((*before, *now)):
        was, is_now = (cases[name]["result"] if name in cases else _NOT_THERE for cases in (before, now))
        if was == is_now:
            continue
        change = Change(name, was, is_now, now[name]["observed"] if name in now else "")
        old, rank = _RANKS.get(was), _RANKS.get(is_now)
        if old is None and rank:
            untold.append(_("{change} (was not judged before)", change=change))
        elif old is not None and rank is None:
            untold.append(str(change))
        elif old is None or rank is None or old == rank:
            other.append(change)
        else:
            (worse if rank > old else better).append(change)
    return Comparison(tuple(worse), tuple(better), tuple(other), tuple(untold))
