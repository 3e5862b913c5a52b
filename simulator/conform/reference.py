"""docs/conformance.md: every case, made from the declarations (`best-fleet docs` writes it)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from simulator.conform.case import Case
from simulator.conform.registry import all_cases

_HEAD: Final = """\
# What `best-fleet conform` tries

<!-- Made from the cases' declarations by `best-fleet docs`; a test fails when it is stale. -->

One to three devices walk through these {count} cases against a platform, right ones and wrong ones on purpose.
`best-fleet conform --only GLOB` runs some of them alone; a name without a wildcard stands for all below it as well
(`--only upload.verifyLog`).

| verdict | meaning |
|---|---|
| OK | as it has to be |
| NON-STRICT | it works, but a message of the platform departs from the document's letter |
| INFORMATIONAL | the document leaves it open: this is what the platform does |
| FAILED | a required behaviour is not there |
| NOT-RUN | it could not be judged, and why |

*Open* cases are INFORMATIONAL at most. Cases that *wait* share one listening period of `--wait` seconds: they need the
platform to push something, or to be silent. Over MQTT (`--type best-m`) some are about something else, which stands
below them; those without a meaning there, and those of MQTT over WebSocket, are NOT-RUN: not applicable. Where a case
has channel suites it has a meaning in these alone. What it quotes is the document's own text, or a decision of
[deviations.md](deviations.md).
"""


def conformance_page() -> str:
    """The whole page."""
    return "\n".join(_lines(all_cases())) + "\n"


def _lines(cases: Sequence[Case]) -> Iterator[str]:
    yield _HEAD.format(count=len(cases))
    families = dict.fromkeys(case.family for case in cases)
    for family in families:
        yield from _family(family, [case for case in cases if case.family == family])


def _family(family: str, cases: Iterable[Case]) -> Iterator[str]:
    yield f"## {family}\n"
    yield "| case | title | expected | why | |"
    yield "|---|---|---|---|---|"
    for case in cases:
        why = f"{case.section}: {case.why}"
        yield f"| `{case.id}` | {_cell(case.title)} | {_cell(case.expects)} | {_cell(why)} | {_marks(case)} |"
        other = case.over_mqtt
        if isinstance(other, Case):
            why = f"{other.section}: {other.why}"
            name = f"`{case.id}` over MQTT"
            yield f"| {name} | {_cell(other.title)} | {_cell(other.expects)} | {_cell(why)} | {_marks(other)} |"
    yield ""


def _marks(case: Case) -> str:
    marks = [] if case.required else ["open"]
    if case.waits:
        marks.append("waits")
    if case.only_mqtt:
        marks.append("over MQTT alone")
    if isinstance(case.over_mqtt, str):
        marks.append("not over MQTT")
    return ", ".join([*marks, *(f"`{suite}`" for suite in case.suites)])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
