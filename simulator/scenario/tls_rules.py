"""What may not have been meant of TLS in a whole scenario: sessions that nobody can keep."""

from collections.abc import Iterator

from simulator.measurements.names import TLS_HANDSHAKE, TLS_RESUMPTION
from simulator.scenario.sections.document import ScenarioDocument
from simulator.texts.translation import _


def notes(document: ScenarioDocument) -> Iterator[str]:
    """For people to know."""
    resumes = document.tls.resume
    if resumes and not document.target and document.platform.tls is None:
        yield _("`tls.resume`: the embedded platform speaks no TLS without `platform.tls`, and nobody has a session")
    for text in document.thresholds:
        name = text.split()[0] if text.strip() else ""
        if not resumes and name in (TLS_HANDSHAKE.name, TLS_RESUMPTION.name):
            yield _(
                "threshold `{text}`: {name} is told with `tls.resume: true` alone, so that it never occurs and the "
                "threshold is crossed",
                text=text,
                name=name,
            )
