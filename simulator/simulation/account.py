"""What is known of one device from outside: what it told its recorder, and what went over its connections.

The messages are the truth that the device's own counts are held against: which records were ever sent, which of them
the platform has acknowledged, which commands arrived. Invariants that a single message can break are looked at here.
"""

from collections import Counter
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, Final, NamedTuple
from zlib import crc32

import orjson

from simulator.measurements.attendance import Attended, MeetingHeld
from simulator.measurements.misbehaviours import ACCEPTED, SENT
from simulator.measurements.names import PUBACK
from simulator.measurements.violation_rules import COMMAND_UNKNOWN, REPLY_LATE, SESSION_CLOSED_UNANNOUNCED
from simulator.mqtt.packets import Packet, Publish
from simulator.protocol.codes import SUCCESS
from simulator.protocol.envelope import REPLY, params_of
from simulator.simulation.history import History
from simulator.texts.told import Told

_VERIFY_LOG: Final = "dev.data.upload.verifyLog"
_LOGIN: Final = "dev.login"
_ARROWS: Final = (">>", "<<")
_SAME_MOMENT_S: Final = 1e-6
"""Latencies are differences of floating-point numbers."""
_FUNC_ID: Final = b'"funcId":"'


class _Batch(NamedTuple):
    """Records that went up in one message."""

    sent: float
    """Virtual seconds."""
    entries: list[dict[str, str]]
    answered: float = -1.0


class Account:
    """A `Recorder` and `Ears` of one device, over all its lives.

    Args:
        now: virtual seconds.
        broken: told of an invariant that does not hold.
        unknown: Commands that the document does not have and the scenario wants to be sent.
        on_login: told of each login of the device that succeeded, with its index.

    Attributes:
        index: The device's place in the fleet.
        ever_sent: Content of all records that were sent, whatever became of them, by logId.
        acknowledged: Content of the records whose acknowledgement arrived while the device waited for it, by logId.
        misbehaving: Whether the device may send again what is acknowledged.
    """

    def __init__(
        self,
        index: int,
        history: History,
        now: Callable[[], float],
        broken: Callable[[int, str], None],
        *,
        unknown: Collection[str] = (),
        on_login: Callable[[int], None],
    ) -> None:
        self.index = index
        self._on_login = on_login
        self._history = history
        self._now = now
        self._broken = broken
        self._unknown = unknown
        self.records: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        """Requests that did not succeed, by name and code."""
        self.requests = 0
        self.publishes_known = 0
        """Publishes over MQTT that were counted: acknowledged by the broker, or never to be."""
        self.acknowledged: dict[str, dict[str, str]] = {}
        self.unchecked: list[str] = []
        """logIds of acknowledged records that were not yet looked for in the ledger."""
        self.misbehaving = False
        self.ever_sent: dict[str, dict[str, str]] = {}
        self._latest = 0
        self._latest_taken = 0
        self._refused: set[str] = set()
        self._cut = False
        """The weather has just ended the connection, which is not the platform's fault."""
        self._waiting: dict[str, _Batch] = {}
        self._answered: list[_Batch] = []
        """Those whose acknowledgement has arrived at this very moment, and was not seen to be taken."""
        self._commands: dict[str, set[str]] = {}
        self._applied: Counter[str] = Counter()

    def new_life(self) -> None:
        """The device is made anew: it knows no command that came before."""
        self._waiting.clear()
        self._answered.clear()
        self._commands.clear()
        self._applied.clear()

    # --- Eavesdropper ---

    def sent(self, payload: bytes) -> None:
        name = _name_of(payload)
        self._history.write(self._now(), self.index, f"> {name} {len(payload)} {crc32(payload):08x}")
        if name == _VERIFY_LOG:
            message = orjson.loads(payload)
            entries = params_of(message)["verifyLog"]
            self._waiting[message["mid"]] = _Batch(self._now(), entries)
            for entry in entries:
                self._record_sent(entry)

    def arrived(self, payload: bytes) -> None:
        self._cut = False
        name = _name_of(payload)
        self._history.write(self._now(), self.index, f"< {name} {len(payload)} {crc32(payload):08x}")
        if name.startswith("cmd.") and name != REPLY:
            self._command_arrived(name, orjson.loads(payload))
        elif self._waiting:
            message = orjson.loads(payload)
            batch = self._waiting.pop(message.get("mid"), None)
            if batch is None:
                return
            log_ids = [entry["logId"] for entry in batch.entries]
            if message.get("code") != SUCCESS:
                # Each goes up again by itself, when it may, behind those that were taken.
                self._refused.update(log_ids)
            else:
                # Whether the device takes it or waits no more: the platform has them.
                self.unchecked += log_ids
                self._answered = [each for each in self._answered if each.answered == self._now()]
                self._answered.append(batch._replace(answered=self._now()))

    def cut(self) -> None:
        self._cut = True

    def _record_sent(self, entry: dict[str, str]) -> None:
        log_id = entry["logId"]
        before = self.ever_sent.get(log_id)
        if before is None:
            self.ever_sent[log_id] = entry
            before = entry
            if int(log_id) <= self._latest:
                self._broken(
                    self.index, Told("logId {log_id} was first sent after {latest}", log_id=log_id, latest=self._latest)
                )
            self._latest = max(self._latest, int(log_id))
        if int(log_id) < self._latest_taken and log_id not in self._refused and not self.misbehaving:
            self._broken(
                self.index,
                Told("logId {log_id} goes up after {latest} was taken", log_id=log_id, latest=self._latest_taken),
            )
        if before != entry:
            self._broken(self.index, Told("logId {log_id} was sent again with other content", log_id=log_id))

    def _command_arrived(self, name: str, message: dict[str, Any]) -> None:
        self._commands.setdefault(name, set()).add(params_of(message)["cmdId"])

    def command_applied(self, func_id: str) -> None:
        """The device has carried out a command."""
        self._applied[func_id] += 1
        self._history.event(self._now(), self.index, "applied", func_id)
        if self._applied[func_id] > len(self._commands.get(func_id, ())):
            self._broken(
                self.index,
                Told("{func_id} was applied more often than there were commands: one of them twice", func_id=func_id),
            )

    def packet(self, direction: int, packet: Packet) -> None:
        """One of MQTT was sent; of messages that are new `sent` and `arrived` tell more."""
        packet_id = getattr(packet, "packet_id", 0)
        dup = " dup" if isinstance(packet, Publish) and packet.dup else ""
        self._history.write(self._now(), self.index, f"{_ARROWS[direction]} {type(packet).__name__} {packet_id}{dup}")

    # --- Recorder ---

    def request(
        self, name: str, started: float, latency: float, code: str, bytes_out: int, bytes_in: int, late: float
    ) -> None:
        self.requests += 1
        if code == SUCCESS:
            if name == _VERIFY_LOG:
                self._taken(self._now() - latency)
            elif name == _LOGIN:
                self._on_login(self.index)
        else:
            self.failures[f"{name} {code}"] += 1
            self._history.event(self._now(), self.index, "failed", f"{name} {code} {latency:.6f}")

    def _taken(self, sent: float) -> None:
        """The device takes the records that it sent then for acknowledged."""
        for batch in self._answered:
            if abs(batch.sent - sent) < _SAME_MOMENT_S:
                for entry in batch.entries:
                    self._latest_taken = max(self._latest_taken, int(entry["logId"]))
                    self.acknowledged[entry["logId"]] = entry
                return
        self._broken(self.index, Told("records of {sent:.6f} s are taken for acknowledged, and were not", sent=sent))

    def detail(self, name: str, code: str, text: str, at: float) -> None:
        pass

    def flow(self, name: str, started: float, duration: float, code: str) -> None:
        if name == PUBACK.name:
            self.publishes_known += 1
            self._history.write(self._now(), self.index, f"puback {code} {duration:.6f}")
        else:
            self._history.event(self._now(), self.index, "flow", f"{name} {code} {duration:.6f}")

    def command(self, func_id: str, started: float, handling: float, code: str, expected: bool = False) -> None:
        self._history.event(self._now(), self.index, "command", f"{func_id} {code}")

    def state(self, index: int, previous: str, state: str, at: float) -> None:
        self._history.event(self._now(), self.index, "state", f"{previous} {state}")

    def disconnect(self, reason: str, at: float) -> None:
        self._history.event(self._now(), self.index, "disconnect", reason)

    def record(self, event: str, count: int) -> None:
        self.records[event] += count
        self._history.write(self._now(), self.index, f"record {event} {count}")

    def violation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        if self._cut and rule == SESSION_CLOSED_UNANNOUNCED:
            self._history.event(self._now(), self.index, "cut", rule)
            return
        if rule == REPLY_LATE:
            # The platform takes no time at all here: what is late was on its way, or waited for its ledger.
            self._history.event(self._now(), self.index, "late", func_id)
            return
        if rule == COMMAND_UNKNOWN and func_id in self._unknown:
            self._history.event(self._now(), self.index, "unknown", func_id)
            return
        self._broken(
            self.index,
            Told(
                "the judge counts a violation {rule} {func_id}: {example}", rule=rule, func_id=func_id, example=example
            ),
        )

    def observation(self, rule: str, func_id: str, example: str, at: float, index: int, count: int = 1) -> None:
        self._history.event(self._now(), self.index, "observation", f"{rule} {func_id}")

    def missed(self, name: str, count: int, at: float) -> None:
        self._history.event(self._now(), self.index, "missed", f"{name} {count}")

    def attended(self, row: Attended) -> None:
        pass

    def meeting_held(self, meeting: MeetingHeld) -> None:
        pass

    def fault(self, number: int, event: str, at: float, *, name: str = "", code: str = "", amount: float = 1.0) -> None:
        pass

    def misbehaved(self, way: str, outcome: str, count: int = 1) -> None:
        if outcome != SENT:
            self._history.event(self._now(), self.index, outcome, way)
        if outcome == ACCEPTED:
            self._broken(self.index, Told("the platform takes what it must not take: {way}", way=way))

    def internal_error(self, rule: str, detail: str, at: float, index: int = -1) -> None:
        self._broken(self.index, Told("internal error {rule}: {detail}", rule=rule, detail=detail))


def _name_of(payload: bytes) -> str:
    """The funcId of a message in plain JSON; a reply to an exchange has none."""
    begin = payload.find(_FUNC_ID)
    if begin < 0:
        return "reply"
    begin += len(_FUNC_ID)
    return _text(payload[begin : payload.index(b'"', begin)])


@lru_cache(maxsize=500)
def _text(name: bytes) -> str:
    return name.decode()
