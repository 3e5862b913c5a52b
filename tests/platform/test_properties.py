"""Every valid message of every funcId is accepted; with any one rule broken it is refused with that rule's code.

The session is driven without sockets here, one for each funcId: what is looked at is what it answers.
"""

from __future__ import annotations

from typing import Any, cast

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.clock import ManualClock
from simulator.platform.broker import Broker
from simulator.platform.device_session import DeviceSession
from simulator.platform.ledger.transactions import Ledger
from simulator.platform.pushes import Pushes
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.channel.keys import KeyRing
from simulator.protocol.channel.registry import channel_suite
from simulator.wire.connection import Connection
from tests.platform.harness import DEVICE_KEY, IDENTITIES, OK, report_params
from tests.platform.parts import platform_settings, services_of
from tests.strategies import REQUEST_FUNC_IDS, Message, broken_rules, valid_message

ONE = IDENTITIES[0]
SN = ONE.sn
EXCHANGES = {"device.exchange.publicKey", "device.exchange.factor"}
LOGIN_FLOW = {"dev.register", "dev.accredit", "dev.login"}
FUNC_IDS = [func_id for func_id in REQUEST_FUNC_IDS if func_id not in EXCHANGES]
NEEDS_A_FILE = {"dev.file.upload.package", "dev.file.upload.end"}


class FakeConnection:
    """Keeps what is sent."""

    is_open = True

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.close_code: int | None = None

    def send(self, payload: bytes, binary: bool) -> None:
        assert not binary
        self.sent.append(payload)

    def close(self, code: int, reason: str) -> None:
        self.close_code = code


class Desk:
    """A session with a device that is online, or before its login where `online` is false."""

    def __init__(self, online: bool) -> None:
        clock = ManualClock()
        chosen = platform_settings()
        self.ledger = Ledger(None)
        services = services_of(chosen, self.ledger, clock, tuple(IDENTITIES))
        self.tally = services.tally
        pushes = Pushes(services, photo_url=lambda sn, pin: "http://h/p")
        broker = Broker(services, pushes, channel_suite("plain"), channel_suite("plain"), KeyRing([DEVICE_KEY]))
        self.connection = FakeConnection()
        self.session: DeviceSession = broker.new_session(broker.new_channel())
        self.session.opened(cast("Connection", self.connection))
        self.count = 0
        proof = {"productId": ONE.product_id, "devKey": ONE.digest}
        params = {"protType": "best-w", "protVer": "1", "devType": "meet", **proof}
        self.proof = proof | {"authCode": self.ask("dev.register", params)["payload"]["results"]["authCode"]}
        self.proof |= {"secret": self.ask("dev.accredit", self.proof)["payload"]["results"]["secret"]}
        if online:
            assert self.ask("dev.login", self.proof)["code"] == OK
            report = report_params(maxPackageSize="10000")
            assert self.ask("dev.report", report)["code"] == OK

    def mid(self) -> str:
        self.count += 1
        return f"m{self.count}"

    def ask(self, func_id: str, params: dict[str, Any]) -> dict[str, Any]:
        reply = self.send({"funcId": func_id, "mid": self.mid(), "sn": SN, "payload": {"params": params}})
        assert reply is not None
        return reply

    def send(self, message: Message) -> dict[str, Any] | None:
        """The reply, or None where there was none."""
        self.connection.sent.clear()
        self.session.message(orjson.dumps(message), False)
        assert self.connection.close_code is None
        return orjson.loads(self.connection.sent[0]) if self.connection.sent else None

    def code(self, message: Message) -> str:
        """The code a message got; that of a `dev.cmd.response`, which is not answered, out of the counts."""
        self.tally.flush()
        before = dict(self.ledger.rows("SELECT func_id || code, count FROM messages"))
        reply = self.send(message)
        if reply is not None:
            mid = message.get("mid")
            assert reply["mid"] == (mid if isinstance(mid, str) else "")
            return str(reply["code"])
        self.tally.flush()
        after = self.ledger.rows("SELECT func_id || code, code, count FROM messages")
        changed = [code for key, code, count in after if before.get(key) != count]
        assert len(changed) == 1
        assert message["funcId"] == "dev.cmd.response"
        return str(changed[0])


DESKS: dict[bool, Desk] = {}


def desk_for(func_id: str) -> Desk:
    """One desk for all examples: what devices said before must not matter."""
    online = func_id not in LOGIN_FLOW
    if online not in DESKS:
        DESKS[online] = Desk(online)
    return DESKS[online]


def made_right(desk: Desk, func_id: str, message: Message) -> Message:
    """The message with what a declaration cannot say: credentials, a known file, a mid of its own."""
    message["mid"] = desk.mid()
    if CATALOGUE[func_id].sn_required:
        message["sn"] = SN
    params = message.get("payload", {}).get("params")
    if func_id == "dev.report":
        params["maxPackageSize"] = "10000"  # the next message is measured by it
    if func_id in LOGIN_FLOW:
        params.update({name: value for name, value in desk.proof.items() if name in params})
    for group in (params or {}).values():
        for entry in group if isinstance(group, list) else ():
            if isinstance(entry, dict) and ("contentFileId" in entry or "contentFileDialog" in entry):
                if not entry.get("content"):
                    entry["content"] = "AAAA"
                entry.pop("contentFileDialog", None)
                entry["contentFileId"] = ""
    return message


@pytest.mark.parametrize("func_id", sorted(set(FUNC_IDS) - NEEDS_A_FILE - {"dev.register", "dev.accredit"}))
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_valid_messages_are_accepted(func_id: str, data: st.DataObject) -> None:
    desk = desk_for(func_id)
    message = made_right(desk, func_id, data.draw(valid_message(func_id)))
    if func_id == "dev.file.upload.start":
        message["payload"]["params"]["size"] = "10"
    assert desk.code(message) == OK


@pytest.mark.parametrize("func_id", FUNC_IDS)
def test_broken_rules_are_refused_with_their_code(func_id: str) -> None:
    desk = desk_for(func_id)

    @settings(max_examples=1)
    @given(st.data())
    def complete_message(data: st.DataObject) -> None:
        complete.append(data.draw(valid_message(func_id, complete=True)))

    complete: list[Message] = []
    complete_message()
    rules = broken_rules(func_id)
    assert rules
    for rule in rules:
        message = complete[0] | {"mid": desk.mid()}
        if "sn" in message:
            message["sn"] = SN
        broken = rule.broken(message)
        if broken.get("mid") == "m" * 33:
            assert desk.code(broken) == "E0000004"
            continue
        assert desk.code(broken) == rule.code, rule


@pytest.mark.parametrize("func_id", sorted(NEEDS_A_FILE))
@settings(max_examples=15)
@given(data=st.data())
def test_valid_pieces_of_unknown_files_are_refused(func_id: str, data: st.DataObject) -> None:
    desk = desk_for(func_id)
    message = made_right(desk, func_id, data.draw(valid_message(func_id)))
    message["payload"]["params"]["fileId"] = "nobodyknows"
    assert desk.code(message) == "E0000004"
