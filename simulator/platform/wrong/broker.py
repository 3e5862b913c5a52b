"""The broker of a platform that makes mistakes."""

from collections.abc import Mapping
from typing import Any

from simulator.platform.broker import Broker
from simulator.platform.device_session import DeviceSession
from simulator.platform.handlers import Handler, Results, handler_table
from simulator.platform.publisher import Publisher
from simulator.platform.pushes import Pushes
from simulator.platform.services import Services
from simulator.platform.wrong import leniency_modes as modes
from simulator.platform.wrong.channel import wrong_channel
from simulator.platform.wrong.files import WrongFiles
from simulator.platform.wrong.mistakes import Mistakes
from simulator.platform.wrong.session import WrongSession
from simulator.protocol import codes
from simulator.protocol.channel.base import ChannelSuite, KeySource, PlatformChannel

_RECORDS = "dev.data.upload.verifyLog"
_PHOTOS = ("dev.data.upload.userPhoto", "dev.data.upload.bioPhoto", "dev.data.upload.verifyPhoto")


class WrongBroker(Broker):
    """Makes sessions that make mistakes."""

    def __init__(
        self,
        services: Services,
        pushes: Pushes,
        suite: ChannelSuite,
        topic_suite: ChannelSuite,
        keys: KeySource,
        mistakes: Mistakes,
    ) -> None:
        self._mistakes = mistakes
        super().__init__(services, pushes, suite, topic_suite, keys)

    def _handler_table(self) -> Mapping[str, Handler]:
        mistakes = self._mistakes
        table = dict(handler_table(self._services, self._pushes, lambda tables: WrongFiles(tables, mistakes)))
        if modes.REFUSES_AGAIN in mistakes:
            table[_RECORDS] = _refusing_again(table[_RECORDS])
        if modes.ACCEPTS_UNKNOWN_FILE in mistakes:
            table |= {name: _accepting(table[name]) for name in _PHOTOS}
        return table

    def _end(self, suite: ChannelSuite) -> PlatformChannel:
        return wrong_channel(suite, self._keys, self._mistakes, self._context)

    def new_session(self, channel: PlatformChannel, publisher: Publisher | None = None) -> DeviceSession:
        services, handlers, reports = self._services, self._handlers, self._reports
        if publisher is not None:
            handlers = self._handlers_of_topics
        return WrongSession(services, channel, handlers, reports, self.online, self._pushes, self._mistakes, publisher)


def _refusing_again(handler: Handler) -> Handler:
    """A handler of records that refuses what it has taken before."""
    taken: set[tuple[str, str]] = set()

    def handle(sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        records = {(sn, entry["logId"]) for entry in params["verifyLog"]}
        if records & taken:
            return codes.BAD_VALUE, None
        code, results = handler.handle(sn, params)
        if code == codes.SUCCESS:
            taken.update(records)
        return code, results

    return Handler(handle)


def _accepting(handler: Handler) -> Handler:
    """A handler that acknowledges photos whose files are not there."""

    def handle(sn: str, params: Mapping[str, Any]) -> tuple[str, Results]:
        code, results = handler.handle(sn, params)
        return (codes.SUCCESS, None) if code == codes.BAD_VALUE else (code, results)

    return Handler(handle)
