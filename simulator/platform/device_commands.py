"""Flow control to one device: never more commands at a time than it takes, and again after a reconnect.

A command stands in the ledger before it is sent and keeps its cmdId until it is answered, over reconnects and restarts;
each sending has a mid of its own. What is sent when is left to `pushes`, the connection is a `Link`.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

from simulator.platform.contents import Content, Draft
from simulator.platform.ledger.commands import CommandTable
from simulator.platform.ledger.errors import FAULT, LedgerFault
from simulator.platform.reported import Reported
from simulator.platform.services import Services
from simulator.protocol import codes
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.envelope import encode_command

_QUERY_SECONDS = 10.0
"""All users that were asked for come within this time (docs/deviations.md)."""
_QUERY_USER = "cmd.data.query.user"
_REBOOT = "cmd.control.reboot"
_AGAIN_SECONDS = 1.0
"""After which what a failed commit took away is written again."""


class Link(Protocol):
    """A device that is online, as it is seen from here."""

    sn: str
    reported: Reported

    def deliver(self, func_id: str, json: bytes) -> bool:
        """Send a message; False where the connection is gone."""
        ...


class Command:
    """One command on its way."""

    __slots__ = ("cmd_id", "content", "earlier", "func_id", "mid", "urgent")

    def __init__(self, cmd_id: int, func_id: str, content: Content, urgent: bool) -> None:
        self.cmd_id = cmd_id
        self.func_id = func_id
        self.content = content
        self.urgent = urgent
        self.mid = ""
        self.earlier = ""
        """The mid of the sending before: a broker may have kept it, and a device answers both."""

    def encode(self) -> bytes:
        """The whole message; the params that devices share are put in as they are."""
        frame = encode_command(self.func_id, self.mid, {"cmdId": str(self.cmd_id)}, imme="1" if self.urgent else None)
        params = self.content.json[1:-1]
        return frame if not params else b"".join((frame[:-3], b",", params, frame[-3:]))


class CommandNumbers:
    """The cmdIds and mids of one platform's commands: none is given out twice, also after a restart."""

    def __init__(self, table: CommandTable, started: float) -> None:
        self._next_cmd_id = table.next_cmd_id()
        self._mid_prefix = f"p{int(started * 1000):x}"
        self._mids = 0

    def cmd_id(self) -> int:
        """A new cmdId."""
        cmd_id = self._next_cmd_id
        self._next_cmd_id += 1
        return cmd_id

    def mid(self) -> str:
        """A new mid."""
        self._mids += 1
        return f"{self._mid_prefix}n{self._mids}"


class DeviceCommands:
    """The commands of one device, online or not.

    Attributes:
        link: Its connection while it is online.
    """

    __slots__ = ("_in_flight", "_numbers", "_query", "_services", "_table", "_urgent", "_waiting", "link")

    def __init__(self, services: Services, table: CommandTable, numbers: CommandNumbers) -> None:
        self._services = services
        self._table = table
        self._numbers = numbers
        self._waiting: deque[Command] = deque()
        self._urgent: deque[Command] = deque()
        self._in_flight: dict[int, Command] = {}
        self._query: int | None = None
        """cmdId of a query whose users are still coming."""
        self.link: Link | None = None

    def restore(self, sn: str) -> None:
        """Queue what the ledger has without an answer from before a restart."""
        for cmd_id, func_id, params, urgent in self._table.unanswered(sn):
            queue = self._urgent if urgent else self._waiting
            queue.append(Command(cmd_id, func_id, Content(params.encode()), bool(urgent)))

    def queue(self, sn: str, origin: tuple[int, int], draft: Draft, urgent: bool) -> None:
        """Queue a new command; `send_waiting` sends it.

        Args:
            origin: Place of the rule that it comes from, and which firing of it.
        """
        func_id, content = draft
        command = Command(self._numbers.cmd_id(), func_id, content, urgent)
        if content.row is None:
            content.row = self._table.content(content.digest, content.json.decode())
        self._table.queued(command.cmd_id, sn, origin, func_id, content.row, urgent, self._services.clock.wall())
        (self._urgent if urgent else self._waiting).append(command)
        again = partial(self._queue_and_send, sn, origin, draft, urgent)
        self._services.ledger.when_durable(partial(self._queued, command, again))

    def _queued(self, command: Command, again: Callable[[], None], durable: bool) -> None:
        """A new command is kept, or the ledger has no row of it: then it was not sent, and gets another cmdId."""
        if durable:
            return
        command.content.row = None
        self._in_flight.pop(command.cmd_id, None)
        for queue in (self._urgent, self._waiting):
            if command in queue:
                queue.remove(command)
        self._later(again)

    def _queue_and_send(self, sn: str, origin: tuple[int, int], draft: Draft, urgent: bool) -> None:
        self.queue(sn, origin, draft, urgent)
        self.send_waiting()

    def _later(self, task: Callable[[], None]) -> None:
        """Do it when the ledger may be well again, and as often as it takes."""
        ledger = self._services.ledger
        self._services.timers.call_later(_AGAIN_SECONDS, ledger.perform, task, partial(self._later, task))

    def send_waiting(self) -> None:
        """Send as many as the device takes, the urgent ones first."""
        link = self.link
        if link is None:
            return
        while len(self._in_flight) < link.reported.max_pending:
            command = self._next(link.reported)
            if command is None:
                return
            command.earlier, command.mid = command.mid, self._numbers.mid()
            self._in_flight[command.cmd_id] = command
            self._table.sent(command.cmd_id, self._services.clock.wall())
            # A cmdId must not be given out again after a kill: the device would take the next command for this one.
            self._services.ledger.when_durable(partial(self._send, link, command, command.mid))

    def _next(self, reported: Reported) -> Command | None:
        """Take the next command that the device supports; what it does not list any more waits on."""
        for queue in (self._urgent, self._waiting):
            for place, command in enumerate(queue):
                # What the protocol does not have was asked for by name.
                if command.func_id in reported.func_ids or command.func_id not in CATALOGUE:
                    del queue[place]
                    return command
        return None

    def _send(self, link: Link, command: Command, mid: str, durable: bool) -> None:
        if self.link is not link or self._in_flight.get(command.cmd_id) is not command or command.mid != mid:
            return
        if durable:
            link.deliver(command.func_id, command.encode())
            return
        del self._in_flight[command.cmd_id]
        queue = self._urgent if command.urgent else self._waiting
        queue.append(command)
        in_order = sorted(queue, key=lambda one: one.cmd_id)
        queue.clear()
        queue.extend(in_order)
        self._later(self.send_waiting)

    def disconnected(self) -> None:
        """The connection is gone: what it has not answered waits for the next one, with the same cmdId."""
        self.link = None
        for command in sorted(self._in_flight.values(), key=lambda one: -one.cmd_id):
            (self._urgent if command.urgent else self._waiting).appendleft(command)
        self._in_flight.clear()

    def answered(self, cmd_id: str, mid: str, code: str) -> bool:
        """A `dev.cmd.response` has come; False where no such command is on its way."""
        command = None
        if cmd_id.isascii() and cmd_id.isdigit() and len(cmd_id) < 19:
            command = self._in_flight.pop(int(cmd_id), None) or self._take_waiting(int(cmd_id), mid)
        if command is None:
            return False
        if mid not in (command.mid, command.earlier):
            self._services.tally.event("command answer with another mid")
        self._keep_answer(command.cmd_id, self._services.clock.wall(), code)
        if command.func_id == _QUERY_USER and code == codes.SUCCESS:
            self._query = command.cmd_id
            self._table.query_answered(command.cmd_id)
            # Not one of the device's timers: a query goes on over a reconnect, and its end is noted in any case.
            self._services.timers.call_later(_QUERY_SECONDS, self._query_over, command.cmd_id)
        elif command.func_id == _REBOOT and code == codes.SUCCESS and self.link is not None:
            self._services.demands.rebooted(self.link.sn)
        self.send_waiting()
        return True

    def _keep_answer(self, cmd_id: int, at: float, code: str) -> None:
        """Write an answer, again where that cannot be kept: the device gives it only once."""
        ledger = self._services.ledger
        again = partial(self._keep_answer, cmd_id, at, code)
        try:
            self._table.answered(cmd_id, at, code)
        except LedgerFault as fault:
            ledger.on_fault(FAULT, str(fault))
            self._later(again)
        else:
            ledger.when_durable(lambda durable: None if durable else self._later(again))

    def _take_waiting(self, cmd_id: int, mid: str) -> Command | None:
        """A command that was sent, waits to be sent again, and is answered all the same."""
        for queue in (self._urgent, self._waiting):
            for place, command in enumerate(queue):
                if command.cmd_id == cmd_id and command.mid == mid:
                    del queue[place]
                    return command
        return None

    def uploaded_users(self) -> None:
        """The device sent users: perhaps those it was asked for."""
        asked = self._query
        if asked is None:
            # A device may send the users before it says that it will.
            asked = next((one.cmd_id for one in self._in_flight.values() if one.func_id == _QUERY_USER), None)
        if asked is not None:
            self._table.query_upload(asked)

    def _query_over(self, cmd_id: int) -> None:
        if self._query == cmd_id:
            self._query = None
        self._services.ledger.perform(lambda: self._table.query_over(cmd_id))
