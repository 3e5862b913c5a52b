"""What is known of one device from outside: what it told its recorder, and what went over its connections.

The messages are the truth that the device's own counts are held against: which records were ever sent, which of them
the platform has acknowledged, which commands arrived. Invariants that a single message can break are looked at here.
"""

from collections import Counter
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, Final
from zlib import crc32

import orjson

from simulator.measurements.attendance import Attended, MeetingHeld
from simulator.measurements.violation_rules import COMMAND_UNKNOWN, REPLY_LATE, SESSION_CLOSED_UNANNOUNCED
from simulator.protocol.codes import SUCCESS
from simulator.protocol.envelope import REPLY, params_of
from simulator.simulation.history import History

_VERIFY_LOG: Final = "dev.data.upload.verifyLog"
_FUNC_ID: Final = b'"funcId":"'


class Account:
    """A `Recorder` and an `Eavesdropper` of one device, over all its lives.

    Args:
        now: virtual seconds.
        broken: told of an invariant that does not hold.
        unknown: Commands that the document does not have and the scenario wants to be sent.

    Attributes:
        index: The device's place in the fleet.
        ever_sent: Content of all records that were sent, whatever became of them, by logId.
        acknowledged: Content of the records whose acknowledgement arrived, by logId.
        lost: Records that were lost with a store, on purpose.
    """

    def __init__(
        self,
        index: int,
        history: History,
        now: Callable[[], float],
        broken: Callable[[int, str], None],
        *,
        unknown: Collection[str] = (),
    ) -> None:
        self.index = index
        self._history = history
        self._now = now
        self._broken = broken
        self._unknown = unknown
        self.records: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        """Requests that did not succeed, by name and code."""
        self.requests = 0
        self.acknowledged: dict[str, dict[str, str]] = {}
        self.unchecked: list[str] = []
        """logIds of acknowledged records that were not yet looked for in the ledger."""
        self.lost = 0
        self.lost_photos = 0
        self.ever_sent: dict[str, dict[str, str]] = {}
        self._latest = 0
        self._latest_taken = 0
        self._refused: set[str] = set()
        self._cut = False
        """The weather has just ended the connection, which is not the platform's fault."""
        self._waiting: dict[str, list[dict[str, str]]] = {}
        self._commands: dict[str, set[str]] = {}
        self._applied: Counter[str] = Counter()

    def new_life(self) -> None:
        """The device is made anew: it knows no command that came before."""
        self._waiting.clear()
        self._commands.clear()
        self._applied.clear()

    # --- Eavesdropper ---

    def sent(self, payload: bytes) -> None:
        name = _name_of(payload)
        self._history.write(self._now(), self.index, f"> {name} {len(payload)} {crc32(payload):08x}")
        if name == _VERIFY_LOG:
            message = orjson.loads(payload)
            entries = params_of(message)["verifyLog"]
            self._waiting[message["mid"]] = entries
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
            entries = self._waiting.pop(message.get("mid"), None)
            if entries is not None and message.get("code") != SUCCESS:
                # Each goes up again by itself, when it may, behind those that were taken.
                self._refused.update(entry["logId"] for entry in entries)
            elif entries is not None:
                for entry in entries:
                    self._latest_taken = max(self._latest_taken, int(entry["logId"]))
                    if entry["logId"] not in self.acknowledged:
                        self.acknowledged[entry["logId"]] = entry
                        self.unchecked.append(entry["logId"])

    def cut(self) -> None:
        self._cut = True

    def _record_sent(self, entry: dict[str, str]) -> None:
        log_id = entry["logId"]
        before = self.ever_sent.get(log_id)
        if before is None:
            self.ever_sent[log_id] = entry
            before = entry
            if int(log_id) <= self._latest:
                self._broken(self.index, f"logId {log_id} was first sent after {self._latest}")
            self._latest = max(self._latest, int(log_id))
        if int(log_id) < self._latest_taken and log_id not in self._refused:
            self._broken(self.index, f"logId {log_id} goes up after {self._latest_taken} was taken")
        if before != entry:
            self._broken(self.index, f"logId {log_id} was sent again with other content")

    def _command_arrived(self, name: str, message: dict[str, Any]) -> None:
        self._commands.setdefault(name, set()).add(params_of(message)["cmdId"])

    def command_applied(self, func_id: str) -> None:
        """The device has carried out a command."""
        self._applied[func_id] += 1
        self._history.event(self._now(), self.index, "applied", func_id)
        if self._applied[func_id] > len(self._commands.get(func_id, ())):
            self._broken(self.index, f"{func_id} was applied more often than there were commands: one of them twice")

    # --- Recorder ---

    def request(
        self, name: str, started: float, latency: float, code: str, bytes_out: int, bytes_in: int, late: float
    ) -> None:
        self.requests += 1
        if code != SUCCESS:
            self.failures[f"{name} {code}"] += 1
            self._history.event(self._now(), self.index, "failed", f"{name} {code} {latency:.6f}")

    def detail(self, name: str, code: str, text: str, at: float) -> None:
        pass

    def flow(self, name: str, started: float, duration: float, code: str) -> None:
        self._history.event(self._now(), self.index, "flow", f"{name} {code} {duration:.6f}")

    def command(self, func_id: str, started: float, handling: float, code: str) -> None:
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
        self._broken(self.index, f"the judge counts a violation {rule} {func_id}: {example}")

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
        pass

    def internal_error(self, rule: str, detail: str, at: float, index: int = -1) -> None:
        self._broken(self.index, f"internal error {rule}: {detail}")


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
