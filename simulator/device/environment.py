"""What a device is handed from outside: clocks, timers, the network, keys, photos, and where its events go.

One `Environment` serves all devices of an engine. Every member is an interface, so that a test replaces the network by
a few lines in memory and moves time by hand.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from simulator.clock import Clock, TimerQueue
from simulator.device.deadlines import Deadlines
from simulator.device.people import People
from simulator.device.photos import PhotoStudio
from simulator.device.recall import Recall
from simulator.device.right_replies import RightReplies
from simulator.device.settings import DeviceSettings
from simulator.device.unsent import UnsentStore
from simulator.faults import describe
from simulator.measurements.recorder import Recorder
from simulator.mqtt.login import ClientState, Login
from simulator.protocol.broker import BrokerAnswer
from simulator.protocol.channel.base import ChannelSuite, KeySource
from simulator.received import Received
from simulator.wire.resumption import KeptSession

NOT_ALLOWED = "not allowed"
"""Kind of a failed download: its address is one that a platform may not send devices to."""


class NetworkError(Exception):
    """A look-up, a connection or a download could not be made.

    `kind` is a short stable word (`refused`, `tls`, `timeout` …) that becomes the request's code; the text is for
    people and holds no secret. `after` is the time-out in seconds where that decided: so long it lasted, whenever it
    was noticed.
    """

    def __init__(self, kind: str, detail: str, *, after: float | None = None) -> None:
        super().__init__(detail)
        self.kind = kind
        self.after = after

    def lasted(self, seconds: float) -> float:
        """How long the attempt lasted, `seconds` after which it was noticed that it had failed."""
        return seconds if self.after is None else self.after


class MqttWay(NamedTuple):
    """What a device connects to an MQTT broker with; `tls` as of `Network.connect`."""

    login: Login
    state: ClientState
    tls: KeptSession | None = None


class Connection(Protocol):
    """An open connection, as the session uses it: a WebSocket, or what a device has with an MQTT broker.

    Attributes:
        resumed: whether the peer goes on with an earlier session, of which messages may still come.
        redelivered: whether the message that is being handed over may have come before.
    """

    @property
    def resumed(self) -> bool: ...

    @property
    def redelivered(self) -> bool: ...

    def send(self, payload: bytes, binary: bool) -> None: ...

    def close(self, code: int = 1000, reason: str = "") -> None: ...

    def abort(self) -> None: ...

    def ping(self) -> None: ...

    @property
    def bytes_in(self) -> int:
        """Bytes received so far, of whatever kind."""
        ...

    @property
    def fault(self) -> tuple[int | str, str] | None:
        """Close code (or the transport's word) and cause where this side ended it for what the peer had sent."""
        ...

    def trust(self, max_size: int) -> None:
        """The peer has proved who it is: take messages of up to `max_size` bytes from now on."""
        ...

    async def drain(self) -> None:
        """Return when the peer has taken enough for more to be sent."""
        ...

    @property
    def paused(self) -> bool:
        """Whether more is waiting to be sent than the peer takes."""
        ...


class MqttConnection(Connection, Protocol):
    """A connection with an MQTT broker, accepted by CONNACK."""

    @property
    def needs_subscription(self) -> bool:
        """Whether `Network.subscribe` has to come before anything is sent."""
        ...

    async def subscribe(self) -> None:
        """For the network; raises an error of the transport's own."""
        ...


class ConnectionHandler(Protocol):
    """What a connection tells its owner."""

    def opened(self, connection: Connection) -> None: ...

    def message(self, payload: bytes, binary: bool) -> None: ...

    def closed(self, code: int, reason: str, detail: str) -> None: ...


class MqttHandler(Protocol):
    """What a connection with an MQTT broker tells its owner."""

    def opened(self, connection: Connection) -> None: ...

    def message(self, payload: bytes, binary: bool) -> None:
        """A message; there are no kinds of frames, and `binary` says nothing."""
        ...

    def closed(self, code: str, reason: str, detail: str) -> None:
        """It has ended; `code` is a stable word for how."""
        ...

    def unusual(self, what: str) -> None:
        """The peer does what the transport allows and no profile does: a retained message, another topic."""
        ...


class Network(Protocol):
    """The ways out of a device; `index` is the device's, which always leaves from the same address."""

    async def turn(self) -> None:
        """Wait until this device may begin to come online: a fleet's connects are paced."""
        ...

    async def look_up(self, url: str, *, index: int, date: Callable[[float], None] | None = None) -> tuple[int, bytes]:
        """GET the dispatch `url`: HTTP status and body.

        Args:
            date: told the date of the answer (epoch seconds), whatever that says.

        Raises:
            NetworkError: If there is no answer, or one that says no; its kind is `http 403` then.
        """
        ...

    async def connect(
        self, broker: BrokerAnswer, handler: ConnectionHandler, *, index: int, tls: KeptSession | None = None
    ) -> Connection:
        """Open the connection that a look-up's successful answer leads to, with what it holds for TLS.

        Args:
            tls: the device's TLS session, to go on with; None for a full handshake.

        Raises:
            NetworkError: If it does not open.
        """
        ...

    async def connect_mqtt(
        self, broker: BrokerAnswer, handler: MqttHandler, *, index: int, way: MqttWay
    ) -> MqttConnection:
        """As `connect`, to an MQTT broker: until that has accepted the connection.

        Raises:
            NetworkError: If it does not open; its kind is the broker's reason where it refuses (`not authorized`).
        """
        ...

    async def subscribe(self, connection: MqttConnection) -> None:
        """Subscribe to the device's topic over what `connect_mqtt` has opened.

        Raises:
            NetworkError: If the broker does not grant it.
        """
        ...

    async def download(self, url: str, limit: int, *, index: int) -> bytes:
        """GET the file at `url`, at most `limit` bytes.

        Raises:
            NetworkError: If it is not to be had or larger.
        """
        ...


class CredentialStore(Protocol):
    """Keeps `authCode` and `secret` of the devices between runs."""

    def granted(self, sn: str, auth_code: str, secret: str) -> None:
        """The platform accepted these for a login."""
        ...

    def forgotten(self, sn: str) -> None:
        """The platform refused them; the device threw them away."""
        ...


@dataclass(slots=True, kw_only=True)
class Environment:
    """Everything that the devices of one engine share."""

    clock: Clock
    timers: TimerQueue
    deadlines: Deadlines
    recorder: Recorder
    network: Network
    suite: ChannelSuite
    """Of devices over WebSocket."""
    keys: KeySource
    people: People
    photos: PhotoStudio
    dispatch_urls: tuple[str, ...]
    """Dispatch URLs; a device keeps to one of them by its index."""
    started: float
    """Monotonic time at which the run began."""
    log: Callable[[int, str], None]
    """Takes a level of `logging` and a line without secrets."""
    mqtt_suite: ChannelSuite | None = None
    """Of devices over MQTT; None for the same."""
    credentials: CredentialStore | None = None
    unsent: UnsentStore | None = None
    trace: Callable[[str, bytes], None] | None = None
    """Given every decrypted message with its direction (`>` sent, `<` received); for a single device only."""
    traces: dict[int, Callable[[str, bytes], None]] = field(default_factory=dict)
    """As `trace`, of single devices by index, while somebody looks at them."""
    recall: Recall = field(default_factory=Recall)
    """What the platform sent before."""
    right_replies: RightReplies = field(default_factory=RightReplies)
    """What most replies of the platform look like."""
    keeps_tls_sessions: bool = False
    """Whether a device that connects again offers the TLS session of its last connection."""
    received: Received = field(default_factory=Received)
    """When the message that is being handed over arrived, where the network knows."""
    epoch: float = field(init=False)
    """Wall time (epoch seconds) at the monotonic time 0, so that a request's start needs no second look at a clock."""

    def __post_init__(self) -> None:
        self.epoch = self.clock.wall() - self.clock.monotonic()

    def trace_of(self, index: int) -> Callable[[str, bytes], None] | None:
        """Who is given the messages of device `index`; None for nobody."""
        return self.trace or self.traces.get(index)

    def suite_of(self, settings: DeviceSettings) -> ChannelSuite:
        """The channel suite that devices with these settings speak."""
        return self.suite if settings.mqtt is None else self.mqtt_suite or self.suite

    def package_bytes(self, settings: DeviceSettings) -> int:
        """Largest JSON of a message that devices with these settings send, before encryption."""
        own = settings.package_bytes
        return own if settings.mqtt is None else min(own, self.suite_of(settings).room(settings.mqtt.max_packet))

    def internal_error(self, rule: str, error: BaseException, index: int) -> None:
        """An exception of this program ended something of device `index`; `rule` names what (`device.exception`)."""
        self.recorder.internal_error(rule, describe(error), self.clock.wall(), index)

    def dispatch_url(self, index: int) -> str:
        """The dispatch URL of device `index`."""
        return self.dispatch_urls[index % len(self.dispatch_urls)]
