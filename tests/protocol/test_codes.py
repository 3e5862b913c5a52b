"""The codes: those of docs/deviations.md, Codes, each with a text, and two that never reach the wire."""

from simulator.protocol import codes


def test_the_codes_are_those_agreed_upon() -> None:
    assert set(codes.MESSAGES) == {
        "00000000",
        "E0000001",
        "E0000002",
        "E0000003",
        "E0000004",
        "E0000006",
        "E0010004",
    }


def test_every_code_has_a_text() -> None:
    assert all(codes.MESSAGES.values())
    assert codes.MESSAGES[codes.SUCCESS] == "success"


def test_local_codes_are_not_of_the_wire() -> None:
    assert codes.TIMEOUT not in codes.MESSAGES
    assert codes.DISCONNECTED not in codes.MESSAGES
