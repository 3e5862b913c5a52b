"""The trace of one device: legible, one line an entry, without secrets and without a command for the terminal."""

import io
import json

import orjson
import pytest

from simulator.clock import SystemClock
from simulator.fleet.trace import Trace

HOSTILE = "\x1b[2J\x9b31m\r\n\u202e\u2028\x7f"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_terminal_obeys_nothing_of_it(as_json: bool) -> None:
    out = io.StringIO()
    trace = Trace(out, SystemClock(), as_json=as_json)
    trace.message("<", orjson.dumps({"funcId": HOSTILE, HOSTILE: [HOSTILE], "authCode": "hush"}))
    trace.message("<", b"\x1b[2J no json")
    trace.event(HOSTILE, f"{HOSTILE} secret=hush")
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert all(line.isprintable() for line in lines)
    assert "hush" not in out.getvalue()
    if as_json:
        entries = [json.loads(line) for line in lines]
        assert entries[0]["message"] == {"funcId": HOSTILE, HOSTILE: [HOSTILE], "authCode": "***"}
        assert entries[2]["detail"].endswith("secret=***")
