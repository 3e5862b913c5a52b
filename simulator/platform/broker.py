"""The broker: what a new connection of a device gets to begin with."""

from collections.abc import Mapping

from simulator.platform.before_login import BeforeLogin
from simulator.platform.device_session import DeviceSession
from simulator.platform.handlers import Handler, handler_table
from simulator.platform.online import OnlineDevices
from simulator.platform.pushes import Pushes
from simulator.platform.reported import Reports
from simulator.platform.services import Services
from simulator.protocol.channel.base import ChannelFault, ChannelSuite, KeySource
from simulator.protocol.channel.context import PlatformContext


class Broker:
    """Makes the sessions of one platform.

    Args:
        suite: What the channel of each connection speaks.
        keys: Where a suite with an exchange takes its key pairs.

    Attributes:
        online: Who is connected and online.
    """

    def __init__(self, services: Services, pushes: Pushes, suite: ChannelSuite, keys: KeySource) -> None:
        self._services = services
        self._pushes = pushes
        self._suite = suite
        self._keys = keys
        self._context = PlatformContext(device=services.authority.identity, tell=self._told)
        self._handlers = self._handler_table()
        self._reports = Reports(services.settings)
        self.online = OnlineDevices(services, pushes)

    def _handler_table(self) -> Mapping[str, Handler]:
        return handler_table(self._services, self._pushes)

    def new_session(self) -> DeviceSession:
        """A session without a connection."""
        channel = self._suite.platform_side(self._keys, self._context)
        return DeviceSession(self._services, channel, self._handlers, self._reports, self.online, self._pushes)

    def _told(self, fault: ChannelFault, text: str) -> None:
        """A device broke a rule of the channel in a message that can be read all the same."""
        self._services.tally.event(f"channel violation: {text}")

    def connection_handler(self) -> BeforeLogin:
        """The handler of a new connection of the server, which is a session's after its login."""
        notices = self._services.notices
        return BeforeLogin(self.new_session(), lambda: notices.turned_away("too many messages"))
