"""`conformance.md`: the verdict, and every case that is not OK, by section."""

from collections.abc import Iterator, Mapping
from typing import Any

from reports.conformance.words import families, headline, tally
from reports.markup import code, sentence


def render_markdown(document: Mapping[str, Any]) -> str:
    """The whole file."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    platform = document["platform"]
    yield f"# {sentence(headline(document))}"
    yield ""
    yield f"{sentence(document['tool'])} judged {code(platform['dispatch'])}, suite {code(platform['suite'])}, at"
    yield f"{document['started']}, in {document['duration_s']} s."
    yield from (sentence(note) for note in document["notes"])
    yield ""
    yield "| section | " + " | ".join(document["counts"]) + " |"
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
                "| case | title | verdict | what came | what is right |",
                "|---|---|---|---|---|",
            )
        for case in odd:
            seen, right = sentence(case["observed"]), sentence(case["expected"])
            yield f"| {code(case['id'])} | {sentence(case['title'])} | {case['result']} | {seen} | {right} |"
    for title, key in (("Violations of the platform", "violations"), ("Internal errors", "internal_errors")):
        if document[key]["total"]:
            yield from ("", f"## {title}", "", "| rule | times | example |", "|---|---:|---|")
        for rule, found in document[key]["by_rule"].items():
            yield f"| {code(rule)} | {found['count']} | {sentence(found['example'])} |"
    if document["leaves_behind"]:
        yield from ("", "## Left behind on the platform", "")
        yield from (f"- {sentence(each)}" for each in document["leaves_behind"])
