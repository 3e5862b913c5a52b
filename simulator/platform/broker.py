"""The broker: what a new connection of a device gets to begin with."""

from collections.abc import Mapping

from simulator.platform.before_login import BeforeLogin
from simulator.platform.device_session import DeviceSession
from simulator.platform.handlers import Handler, handler_table, over_publish_subscribe
from simulator.platform.online import OnlineDevices
from simulator.platform.publisher import Publisher
from simulator.platform.pushes import Pushes
from simulator.platform.reported import Reports
from simulator.platform.services import Services
from simulator.protocol.channel.base import ChannelFault, ChannelSuite, KeySource, PlatformChannel
from simulator.protocol.channel.context import PlatformContext


class Broker:
    """Makes the sessions of one platform.

    Args:
        suite: What the channel of each WebSocket speaks.
        topic_suite: Likewise of a device over publish/subscribe.
        keys: Where a suite with an exchange takes its key pairs.

    Attributes:
        online: Who is connected and online.
    """

    def __init__(
        self, services: Services, pushes: Pushes, suite: ChannelSuite, topic_suite: ChannelSuite, keys: KeySource
    ) -> None:
        self._services = services
        self._pushes = pushes
        self._suite = suite
        self._topic_suite = topic_suite
        self._keys = keys
        self._context = PlatformContext(device=services.authority.identity, tell=self._told)
        self._handlers = self._handler_table()
        self._handlers_of_topics = over_publish_subscribe(self._handlers, services)
        self._reports = Reports(services.settings)
        self.online = OnlineDevices(services, pushes)

    def _handler_table(self) -> Mapping[str, Handler]:
        return handler_table(self._services, self._pushes)

    def new_channel(self, *, publish_subscribe: bool = False) -> PlatformChannel:
        """The platform's end of a channel, before any exchange."""
        return self._end(self._topic_suite if publish_subscribe else self._suite)

    def _end(self, suite: ChannelSuite) -> PlatformChannel:
        return suite.platform_side(self._keys, self._context)

    def new_session(self, channel: PlatformChannel, publisher: Publisher | None = None) -> DeviceSession:
        """A session without a connection; over publish/subscribe, that of a topic's publisher."""
        handlers = self._handlers if publisher is None else self._handlers_of_topics
        return DeviceSession(self._services, channel, handlers, self._reports, self.online, self._pushes, publisher)

    def _told(self, fault: ChannelFault, text: str) -> None:
        """A device broke a rule of the channel in a message that can be read all the same."""
        self._services.tally.event(f"channel violation: {text}")

    def connection_handler(self) -> BeforeLogin:
        """The handler of a new connection of the server, which is a session's after its login."""
        return self.guarded(self.new_session(self.new_channel()))

    def guarded(self, session: DeviceSession) -> BeforeLogin:
        """The handler that stands before a session until its device has logged in."""
        notices = self._services.notices
        return BeforeLogin(session, lambda: notices.turned_away("too many messages"))
