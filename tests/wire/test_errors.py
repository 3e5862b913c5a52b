"""What people read when something fails: the kind fits, the place is named, secrets are not."""

from __future__ import annotations

import socket
import ssl

import pytest
from websockets.uri import parse_uri

from simulator.wire.errors import connect_failure, explain_tls, in_words, shown_address, shown_url

TARGET = parse_uri("wss://user:secret@platform.example:8443/best?token=secret")


def tls_error(reason: str) -> ssl.SSLError:
    """An error as OpenSSL's binding makes it."""
    error = ssl.SSLError(1, f"[SSL: {reason}] {reason.lower()} (_ssl.c:1006)")
    error.reason = reason
    return error


def verification_error(code: int, message: str) -> ssl.SSLCertVerificationError:
    """A refused certificate."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


def test_urls_and_addresses_are_shown_without_secrets() -> None:
    assert shown_url(TARGET) == "wss://platform.example:8443/best"
    assert shown_address("::1", 80) == "[::1]:80"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (verification_error(18, "self-signed certificate"), "CA file"),
        (verification_error(20, "unable to get local issuer certificate"), "CA file"),
        (verification_error(62, "hostname mismatch"), "another host"),
        (verification_error(64, "IP address mismatch"), "another host"),
        (verification_error(10, "certificate has expired"), "has expired: renew it"),
        (verification_error(63, "email address mismatch"), "another host"),
        (verification_error(66, "EE certificate key too weak"), "too weak"),
        (verification_error(26, "unsuitable certificate purpose"), "unsuitable certificate purpose"),
        (verification_error(9, "certificate is not yet valid"), "clocks"),
        (verification_error(23, "certificate revoked"), "was revoked: it needs a new one"),
        (tls_error("WRONG_VERSION_NUMBER"), "ws:// instead of wss://"),
        (tls_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "demands a client certificate"),
        (tls_error("TLSV1_ALERT_UNKNOWN_CA"), "refuses our client certificate"),
        (tls_error("SSLV3_ALERT_BAD_CERTIFICATE"), "refuses our client certificate"),
        (tls_error("NO_PROTOCOLS_AVAILABLE"), "no protocols available"),
        (tls_error("UNSUPPORTED_PROTOCOL"), "TLS 1.2 is the least"),
        (tls_error("TLSV1_ALERT_PROTOCOL_VERSION"), "TLS 1.2 is the least"),
        (tls_error("SSLV3_ALERT_HANDSHAKE_FAILURE"), "it demands a client certificate"),
        (tls_error("TLSV1_UNRECOGNIZED_NAME"), "does not serve the host name 'platform.example'"),
    ],
)
def test_faults_of_tls(error: ssl.SSLError, words: str) -> None:
    text = explain_tls(error, TARGET)
    assert words in text
    assert "platform.example:8443" in text
    assert "_ssl.c" not in text
    # Only where the issuer is unknown does it help to name one.
    assert ("(ca_file)" in text) == (words == "CA file")
    assert connect_failure(error, TARGET, None).kind == "tls"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "dns", "platform.example"),
        (ConnectionResetError(104, "reset"), "tls", "broke off the TLS handshake"),
        (ConnectionAbortedError("SSL handshake is taking longer"), "timeout", "TLS handshake in time"),
        (OSError("no number"), "unreachable", "no number"),
    ],
)
def test_faults_before_the_handshake(error: OSError, kind: str, words: str) -> None:
    failure = connect_failure(error, TARGET, None)
    assert (failure.kind, words in failure.detail, "secret" in failure.detail) == (kind, True, False)


def test_endings_in_words() -> None:
    assert in_words(ConnectionResetError(104, "x")) == "connection reset by the peer"
    assert in_words(BrokenPipeError(32, "x")) == "the peer does not take data any more"
    assert in_words(OSError(110, "Connection timed out")) == "connection timed out"
    assert in_words(tls_error("DECRYPTION_FAILED_OR_BAD_RECORD_MAC")) == "decryption failed or bad record mac"
    assert in_words(ValueError()) == "ValueError"
