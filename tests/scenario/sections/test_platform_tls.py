"""`platform: {tls: …}`: what goes together and what does not."""

from __future__ import annotations

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import parse_scenario

GROUPS = "groups: [{name: a, count: 1}]\n"


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ("{}", False),
        ("{device_certificates: true}", True),
        ("{certificate: a, key: b, device_certificates: true}", True),
    ],
)
def test_what_the_platform_is_told(tls: str, expected: bool) -> None:
    settings = parse_scenario(f"{GROUPS}platform: {{tls: {tls}}}").platform_settings()
    assert settings.tls is not None
    assert settings.tls.device_certificates is expected


@pytest.mark.parametrize(("tls", "expected"), [("{}", "ecdsa"), ("{algorithm: rsa}", "rsa")])
def test_the_key_of_the_certificate_that_is_made(tls: str, expected: str) -> None:
    settings = parse_scenario(f"{GROUPS}platform: {{tls: {tls}}}").platform_settings()
    assert settings.tls is not None
    assert settings.tls.algorithm == expected


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        ("{certificate: a.pem}", "`certificate` and `key` go together"),
        ("{client_ca: a.pem, device_certificates: true}", "leave out `client_ca`, or `device_certificates`"),
        (
            "{certificate: a.pem, key: b.pem, algorithm: rsa}",
            "`algorithm` is for a certificate that the platform makes",
        ),
        ("{algorithm: dsa}", "platform.tls.algorithm"),
        ("{device_certificates: maybe}", "platform.tls.device_certificates"),
    ],
)
def test_what_does_not_go_together_is_told(tls: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(f"{GROUPS}platform:\n  tls: {tls}\n")
    assert len(caught.value.problems) == 1
    assert words in str(caught.value)
