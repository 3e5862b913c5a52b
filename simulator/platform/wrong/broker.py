"""The broker of a platform that makes mistakes."""

from simulator.platform.broker import Broker
from simulator.platform.device_session import DeviceSession
from simulator.platform.pushes import Pushes
from simulator.platform.services import Services
from simulator.platform.wrong.mistakes import Mistakes
from simulator.platform.wrong.session import WrongSession
from simulator.protocol.channel.base import ChannelSuite, KeySource


class WrongBroker(Broker):
    """Makes sessions that make mistakes."""

    def __init__(
        self, services: Services, pushes: Pushes, suite: ChannelSuite, keys: KeySource, mistakes: Mistakes
    ) -> None:
        super().__init__(services, pushes, suite, keys)
        self._mistakes = mistakes

    def new_session(self) -> DeviceSession:
        channel = self._suite.platform_side(self._keys)
        return WrongSession(
            self._services, channel, self._handlers, self._reports, self.online, self._pushes, self._mistakes
        )
