"""What is noted of TLS sessions in a scenario."""

import pytest

from simulator.scenario.scenario import parse_scenario

SCENARIO = "groups: [{{name: a, count: 1}}]\ntls: {{resume: {resume}}}\n{more}"


@pytest.mark.parametrize(
    ("resume", "more", "noted"),
    [
        ("true", "platform: {tls: {}}\nthresholds: [tls_resumption failures < 1 %]\n", ""),
        ("true", "target: https://dispatch.test\n", ""),
        ("false", "", ""),
        ("true", "", "the embedded platform speaks no TLS without `platform.tls`"),
        (
            "false",
            "thresholds: [tls_resumption failures < 1 %]\n",
            "`tls_resumption failures < 1 %`: tls_resumption is",
        ),
        ("false", "thresholds: [tls_handshake p99 < 1 s]\n", "told with `tls.resume: true` alone"),
    ],
)
def test_sessions_that_nobody_keeps_are_noted(resume: str, more: str, noted: str) -> None:
    notes = parse_scenario(SCENARIO.format(resume=resume, more=more)).notes()
    assert len(notes) == bool(noted)
    assert all(noted in note for note in notes)
