"""`conformance.md`: the verdict, and every case that is not OK, by section."""

from collections.abc import Iterator, Mapping
from typing import Any

from reports.conformance.words import families, headline, tally
from reports.markup import code, sentence
from simulator.texts.told import said
from simulator.texts.translation import _


def render_markdown(document: Mapping[str, Any]) -> str:
    """The whole file."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    platform = document["platform"]
    yield f"# {sentence(headline(document))}"
    yield ""
    yield _(
        "{tool} judged {platform}, suite {suite}, at\n{started}, in {seconds} s.",
        tool=sentence(document["tool"]),
        platform=code(platform["dispatch"]),
        suite=code(platform["suite"]),
        started=document["started"],
        seconds=document["duration_s"],
    )
    yield from (sentence(said(note)) for note in document["notes"])
    yield ""
    yield " | ".join(("| " + _("section"), *document["counts"])) + " |"
    yield "|---|" + "---:|" * len(document["counts"])
    for family, cases in families(document["cases"]):
        counts = tally(cases)
        yield f"| {family} | " + " | ".join(str(counts.get(result, 0)) for result in document["counts"]) + " |"
    for family, cases in families(document["cases"]):
        odd = [case for case in cases if case["result"] != "OK"]
        if odd:
            yield from (
                "",
                f"## {family}",
                "",
                _("| case | title | verdict | what came | what is right |"),
                "|---|---|---|---|---|",
            )
        for case in odd:
            seen, right = sentence(said(case["observed"])), sentence(said(case["expected"]))
            yield f"| {code(case['id'])} | {sentence(said(case['title']))} | {case['result']} | {seen} | {right} |"
    for title, key in ((_("Violations of the platform"), "violations"), (_("Internal errors"), "internal_errors")):
        if document[key]["total"]:
            yield from ("", f"## {title}", "", _("| rule | times | example |"), "|---|---:|---|")
        for rule, found in document[key]["by_rule"].items():
            yield f"| {code(rule)} | {found['count']} | {sentence(found['example'])} |"
    if document["leaves_behind"]:
        yield from ("", "## " + _("Left behind on the platform"), "")
        yield from (f"- {sentence(said(each))}" for each in document["leaves_behind"])
