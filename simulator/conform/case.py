"""What a case of `best-fleet conform` is, and how one ends.

A case is a declaration and one coroutine function:

    async def _wrong_sign(bench: Bench) -> Outcome:
        answer = await bench.look_up(change={"sign": "0" * 32})
        return refused(answer)

    CASES = (
        Case(
            id="lookup.sign.wrong",
            section="3.1",
            title="A look-up with a wrong sign is refused",
            sends="getBrokerServer whose sign is 32 zeros",
            expects="a code other than 00000000",
            why="sign: 签名 …",          # the document's own words, or the decision of docs/deviations.md in English
            run=_wrong_sign,
        ),
    )

How to write one:

- `id`: `<family>.<what>[.<detail>]`; letters, digits, `.`, `-` and `_` (funcIds keep their letters). The file in
  `simulator/conform/cases` that declares it needs no other entry: `simulator.conform.registry` collects `CASES` of all.
- `required=False`: the document leaves it open, so whatever comes is INFORMATIONAL at most: a FAILED or NON-STRICT
  outcome of such a case becomes INFORMATIONAL by itself, an OK stays.
- What it needs of the initial flow needs no declaration: `bench.device(Stage.ONLINE)` ends the case as NOT-RUN with
  the reason, where the platform has blocked a step. `needs` names the ids of other cases that must not have ended
  FAILED or NOT-RUN before (they run earlier, whatever their order, and are run for it with `--only` as well).
- `waits=True`: it waits for the platform (`bench.pushed`) or for silence. All such cases run at the same time at the
  end, in one listening period of `--wait` seconds; `bench.left` says how many are left.
- `suites`: the channel suites in which it has a meaning; empty for all. In others it is NOT-RUN.
- `about_form=True`: it fails because a message of the platform cannot be read (broken frames, no JSON). Any other case
  is NOT-RUN then: one mistake is told once.
- Over MQTT: a case that has no meaning there says why (`over_mqtt="there are no frames"`), and is listed as not
  applicable; one that is another there (other words, another verdict) has that one in `over_mqtt`, with the same id.
  `only_mqtt=True`: it is about MQTT.
- Verdicts come from `simulator.conform.expect` (`accepted`, `refused`, `closed` …) or from `ok`, `non_strict`,
  `informational`, `failed`, `not_run` here. `observed` says what the platform did, in a few words; secrets are taken
  out of it by the runner.
- To end a case from the middle of a helper raise `Ended(outcome)`.
- Many alike are made in a loop: `CASES = (*_by_hand, *(_missing(name) for name in …))`; bind the loop's values with
  `functools.partial(_run, name)`, a lambda in a loop sees the last one only.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from simulator.conform.outcome import Ended, Outcome, Result, failed, informational, non_strict, not_run, ok
from simulator.texts.told import Told

if TYPE_CHECKING:
    from simulator.conform.bench import Bench

__all__ = [
    "Case",
    "Ended",
    "Outcome",
    "Result",
    "Run",
    "failed",
    "informational",
    "non_strict",
    "not_run",
    "ok",
]

_ID: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]*(?:\.[a-zA-Z0-9_-]+)+")


Run = Callable[["Bench"], Awaitable[Outcome]]
"""What a case does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One numbered case. The module's docstring tells how to write one.

    Raises:
        ValueError: If the id has another form.
    """

    id: str
    section: str
    """Of the document, such as `3.1`, or of docs/deviations.md."""
    title: str
    """A sentence of what is right: `A look-up with a wrong sign is refused`."""
    sends: str
    expects: str
    why: str
    """The document's own words, in Chinese where it has them, or the decision, in English."""
    run: "Run"
    required: bool = True
    needs: tuple[str, ...] = ()
    waits: bool = False
    suites: tuple[str, ...] = ()
    about_form: bool = False
    over_mqtt: "str | Case | None" = None
    """Why it has no meaning over MQTT, or what stands in its place there; None where it is the same."""
    only_mqtt: bool = False

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise ValueError(f"{self.id!r} is no id of a case: such as lookup.sign.wrong")

    @property
    def family(self) -> str:
        """The first part of the id."""
        return self.id.partition(".")[0]

    def over(self, *, mqtt: bool) -> "Case":
        """The case as it is over MQTT, or over WebSocket; one that says why it is not applicable where it is none."""
        if not mqtt:
            return self._not_applicable("over WebSocket: it is about MQTT") if self.only_mqtt else self
        if isinstance(self.over_mqtt, str):
            return self._not_applicable(Told("over MQTT: {over_mqtt}", over_mqtt=self.over_mqtt))
        return self.over_mqtt or self

    def but_over_mqtt(self, **changes: Any) -> "Case":
        """The same, and over MQTT with these fields changed."""
        return replace(self, over_mqtt=replace(self, over_mqtt=None, **changes))

    def not_over_mqtt(self, why: str) -> "Case":
        """The same, and without a meaning over MQTT."""
        return replace(self, over_mqtt=why)

    def _not_applicable(self, why: str) -> "Case":
        async def run(bench: "Bench") -> Outcome:
            return not_run(Told("not applicable {why}", why=why))

        return replace(self, run=run, needs=(), waits=False, suites=(), over_mqtt=None)

    def settled(self, outcome: Outcome) -> Outcome:
        """The outcome that counts: what is not required cannot fail."""
        if not self.required and outcome.result in (Result.FAILED, Result.NON_STRICT):
            return replace(outcome, result=Result.INFORMATIONAL)
        return outcome
