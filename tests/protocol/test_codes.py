"""The codes: those of docs/deviations.md, Codes, each with a text, and those that never reach the wire."""

from simulator.measurements import names
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


def test_what_only_a_device_answers_has_texts_of_its_own() -> None:
    assert set(codes.COMMAND_REFUSALS) == {"E0000005", "E0000007", "E0000008"}
    assert all(codes.COMMAND_REFUSALS.values())
    assert not set(codes.COMMAND_REFUSALS) & set(codes.MESSAGES)


def test_local_codes_are_not_of_the_wire() -> None:
    assert names.TIMEOUT not in codes.MESSAGES
    assert names.DISCONNECTED not in codes.MESSAGES
    assert not set(names.OWN_CODES) & {*codes.MESSAGES, *codes.COMMAND_REFUSALS}
