"""What the end of a request says."""

import pytest

from simulator.device.replies import Reply


@pytest.mark.parametrize(
    ("code", "ok", "answered", "refused"),
    [
        ("00000000", True, True, False),
        ("E0000004", False, True, True),
        ("malformed reply", False, True, False),
        ("timeout", False, False, False),
        ("disconnected", False, False, False),
        ("too large", False, False, False),
    ],
)
def test_how_a_request_ended(code: str, ok: bool, answered: bool, refused: bool) -> None:
    reply = Reply(code, "", {}, 1.0)
    assert (reply.ok, reply.answered, reply.refused) == (ok, answered, refused)
