"""The names under which a run is measured, each declared once: series, flows, record events, states, outcome codes.

Whatever counts, judges, draws or describes takes them from here. Names of messages are the catalogue's, codes that
travel on the wire stand in `simulator.protocol.codes`; both are taken up here, so that one look-up gives any text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from simulator.protocol.catalogue import CONNECT, LOOKUP, PROTOCOL_ORDER, SUBSCRIBE
from simulator.protocol.codes import COMMAND_REFUSALS, MESSAGES, SUCCESS
from simulator.texts.translation import N_, _

# --- Series ---

FLOW_PREFIX: Final = "flow:"
COMMAND_PREFIX: Final = "cmd."
INTENDED_PREFIX: Final = "intended:"
"""Latency from the intended moment, of requests that the scenario's clock schedules (open-loop truth)."""
FAILED_PREFIX: Final = "failed:"
"""Those of a series that did not succeed once more, as a series of their own: what is left are the successful ones'
durations."""
GROUP_PREFIX: Final = "group:"
"""A series of one group of the fleet alone (`measurements.groups`)."""
LOOP_LAG_TAG: Final = "generator:loop_lag"
REPLY_WAIT_TAG: Final = "generator:reply_wait"
"""How long replies had waited to be read."""
GENERATOR_TAGS: Final = (LOOP_LAG_TAG, REPLY_WAIT_TAG)
OTHERS: Final = "others"
"""What is counted beyond the bounded number of names."""


def is_request(tag: str) -> bool:
    """Whether the series `tag` holds requests of devices, not a flow, commands or the generator's own figures."""
    return ":" not in tag and not tag.startswith(COMMAND_PREFIX)


def is_flow(tag: str) -> bool:
    """Whether the series `tag` holds a flow."""
    return tag.startswith(FLOW_PREFIX)


def is_command(tag: str) -> bool:
    """Whether the series `tag` holds how a command of the platform was handled."""
    return tag.startswith(COMMAND_PREFIX)


def is_series(tag: str) -> bool:
    """Whether `tag` is a request, a flow or a command, not another view of one nor the generator's own figures."""
    return tag not in GENERATOR_TAGS and not tag.startswith((INTENDED_PREFIX, FAILED_PREFIX, GROUP_PREFIX))


def name_of(tag: str) -> str:
    """The name that people use for the series `tag`."""
    return tag.removeprefix(FLOW_PREFIX)


# --- Flows ---


@dataclass(frozen=True, slots=True)
class Flow:
    """Several steps that are measured as one."""

    name: str
    measures: str
    """From when to when, for people."""
    parts: tuple[str, ...]
    """The requests whose time it contains, in their order."""

    @property
    def tag(self) -> str:
        """The series in which it is counted."""
        return FLOW_PREFIX + self.name


_FILE_UPLOAD: Final = ("dev.file.upload.start", "dev.file.upload.package", "dev.file.upload.end")

INIT: Final = Flow(
    "init",
    N_("the initial flow (docs/deviations.md, Initial flow): from the broker look-up until the device is online"),
    (
        *(LOOKUP, CONNECT, SUBSCRIBE, "device.exchange.publicKey", "device.exchange.factor"),
        *("dev.register", "dev.accredit", "dev.login", "dev.report"),
    ),
)
RECORD_DELIVERY: Final = Flow(
    "record_delivery",
    N_("from a person's verification until the platform acknowledged the record"),
    ("dev.data.upload.verifyLog",),
)
PHOTO_DELIVERY: Final = Flow(
    "photo_delivery",
    N_("from a person's verification until the platform had the picture that goes with the record"),
    ("dev.data.upload.verifyLog", "dev.data.upload.verifyPhoto", *_FILE_UPLOAD),
)
ENROLMENT_DELIVERY: Final = Flow(
    "enrolment_delivery",
    N_("from a person's enrolment at the device until the platform had user, portrait, biometric photo and card"),
    (
        *("dev.data.upload.user", "dev.data.upload.userPhoto", "dev.data.upload.bioPhoto", *_FILE_UPLOAD),
        "dev.data.upload.multiCard",
    ),
)
PUBACK: Final = Flow(
    "puback",
    N_("over MQTT with quality of service 1: from a message's first sending until the broker acknowledged it"),
    (),
)
TLS_HANDSHAKE: Final = Flow(
    "tls_handshake",
    N_("with `tls.resume`: the full TLS handshake of a device with a broker that it had not been connected to before"),
    (),
)
TLS_RESUMPTION: Final = Flow(
    "tls_resumption",
    N_(
        "with `tls.resume`: the TLS handshake of a device that connects again; it succeeded if the broker went on with "
        "the session of the last connection"
    ),
    (),
)
FLOWS: Final = (INIT, RECORD_DELIVERY, PHOTO_DELIVERY, ENROLMENT_DELIVERY, PUBACK, TLS_HANDSHAKE, TLS_RESUMPTION)
"""Every flow, in the order of tables."""

KNOWN_NAMES: Final = (*PROTOCOL_ORDER, *(flow.name for flow in FLOWS))
"""Every request, command and flow that can occur, in the order of tables."""

# --- Verification records and the pictures that go with them ---

GENERATED: Final = "generated"
ACKNOWLEDGED: Final = "acknowledged"
PENDING: Final = "pending"
REFUSED: Final = "refused"
REJECTED: Final = "rejected"
LOST: Final = "lost"
RESENT: Final = "resent"
RESTORED: Final = "restored"
KEPT: Final = "kept"
UNKEPT: Final = "unkept"
UNCLAIMED: Final = "unclaimed"
PHOTO_PREFIX: Final = "photo_"
"""Before an event's name: it happened to the picture, not to the record."""
PHOTO_GENERATED: Final = "photo_generated"
PHOTO_ACKNOWLEDGED: Final = "photo_acknowledged"
PHOTO_REFUSED: Final = "photo_refused"
PHOTO_REJECTED: Final = "photo_rejected"
PHOTO_LOST: Final = "photo_lost"
PHOTO_RESTORED: Final = "photo_restored"
PHOTO_KEPT: Final = "photo_kept"
RECORD_EVENTS: Final = (
    *(GENERATED, ACKNOWLEDGED, REFUSED, REJECTED, LOST, RESENT),
    *(PHOTO_GENERATED, PHOTO_ACKNOWLEDGED, PHOTO_REFUSED, PHOTO_REJECTED, PHOTO_LOST),
    *(RESTORED, KEPT, UNKEPT, UNCLAIMED, PHOTO_RESTORED, PHOTO_KEPT),
)
"""What is told of records and pictures: by the devices, and in the last line by who keeps them between runs."""
STATE_FILE_FIGURES: Final = (RESTORED, KEPT, UNKEPT, UNCLAIMED)
"""Of those that say something where the scenario has a `state_file` alone."""
RARE_FIGURES: Final = (LOST, *STATE_FILE_FIGURES)
"""Of those that are 0 in most runs, whatever the platform does."""
RECORD_GAUGES: Final = (KEPT, UNCLAIMED, PHOTO_KEPT)
"""Of those that go down again: how many there are, not how many there were."""
RECORD_FIGURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        GENERATED: N_("records that devices made when people verified"),
        ACKNOWLEDGED: N_("records that the platform acknowledged"),
        PENDING: N_("records without an acknowledgement when the run ended, which nobody gave up either"),
        REFUSED: N_("records that a device could not keep, because its store was full"),
        REJECTED: N_("records that were given up: refused five times by the platform, or too large for a package"),
        LOST: N_(
            "records lost with a store that a fault of the scenario emptied (`power_cut` with `store: unsent lost`)"
        ),
        RESENT: N_("records that were sent again"),
        RESTORED: N_("records of earlier runs that devices took back from `state_file`, to send them first"),
        KEPT: N_("pending records that `state_file` holds for the next run"),
        UNKEPT: N_("records that `state_file` did not take, because it was full; devices sent them all the same"),
        UNCLAIMED: N_("records in `state_file` of devices that this run did not start: they stay there"),
    }
)
"""What is reported of records, in the order of tables; `PENDING` is computed from the others."""
PHOTO_FIGURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        GENERATED: N_("pictures that devices took when people verified"),
        ACKNOWLEDGED: N_("pictures that the platform acknowledged"),
        PENDING: N_("pictures without an acknowledgement when the run ended, which nobody gave up either"),
        REFUSED: N_("pictures that a device could not keep, because its store was full"),
        REJECTED: N_("pictures that were given up, alone or together with their records"),
        LOST: N_("pictures lost with a store that a fault of the scenario emptied"),
        RESTORED: N_("pictures of earlier runs that devices took back from `state_file`"),
        KEPT: N_("pending pictures that `state_file` holds for the next run"),
    }
)
"""Likewise of the pictures that go with records."""

# --- Device states ---


_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "offline": N_("offline"),
        "lookup": N_("lookup"),
        "connecting": N_("connecting"),
        "exchange": N_("exchange"),
        "register": N_("register"),
        "accredit": N_("accredit"),
        "login": N_("login"),
        "report": N_("report"),
        "online": N_("online"),
        "waiting": N_("waiting"),
        "rebooting": N_("rebooting"),
        "unpowered": N_("unpowered"),
        "failed": N_("failed"),
        "stopped": N_("stopped"),
        "lost": N_("lost"),
    }
)


def state_word(state: str) -> str:
    """A device's state as people read it; one that another version had as it is."""
    return _(_STATES[state]) if state in _STATES else state


class DeviceState(Enum):
    """Where a device is in its life; the values are the names in reports and charts."""

    _value_: str
    text: str
    """What it means, for people."""

    def __new__(cls, value: str, text: str) -> "DeviceState":
        state = object.__new__(cls)
        state._value_ = value
        state.text = text
        return state

    OFFLINE = "offline", N_("made, not started yet")
    LOOKUP = "lookup", N_("asks for the broker's address")
    CONNECTING = "connecting", N_("opens the WebSocket")
    EXCHANGE = "exchange", N_("exchanges keys")
    REGISTER = "register", N_("sends dev.register")
    ACCREDIT = "accredit", N_("sends dev.accredit")
    LOGIN = "login", N_("sends dev.login")
    REPORT = "report", N_("sends dev.report")
    ONLINE = "online", N_("went through the initial flow")
    WAITING = "waiting", N_("between two attempts to come online")
    REBOOTING = "rebooting", N_("a command told it to restart")
    UNPOWERED = "unpowered", N_("without power, by a fault of the scenario (`power_cut`)")
    FAILED = "failed", N_("cannot come online in this run, as when the platform's broker is no WebSocket")
    STOPPED = "stopped", N_("told to stop, at the end of the run or because its user left")
    LOST = "lost", N_("told by no device: its worker fell silent, and no other worker has the device yet")


INACTIVE_STATES: Final = frozenset({DeviceState.OFFLINE.value, DeviceState.STOPPED.value})
"""States before a device was started and since it was told to stop: they do not count for the online ratio.

A device without power counts: it ought to be online, as one whose network is gone, and the ratio says what part was.
"""

# --- Ends of connections ---

STOPPED: Final = "stopped"
"""The device was told to stop, at the end of the run or because its user left."""
REBOOT: Final = "reboot"
"""A command told the device to restart."""
POWER_LOST: Final = "power lost"
"""The device's power was cut, as the scenario wants it."""
OWN_ENDINGS: Final = frozenset({STOPPED, REBOOT, POWER_LOST})
"""Reasons for which a connection ends because somebody asked for it; every other one is a lost connection."""

# --- Outcome codes ---

TIMEOUT: Final = "timeout"
DISCONNECTED: Final = "disconnected"
INTERNAL_ERROR: Final = "internal error"
MALFORMED_REPLY: Final = "malformed reply"
BAD_KEY: Final = "bad key"
BAD_CERTIFICATE: Final = "bad certificate"
UNSUPPORTED_TRANSPORT: Final = "unsupported transport"
TOO_LARGE: Final = "too large"
NOT_ANSWERED: Final = "not answered"
SESSION_REFUSED: Final = "session refused"
NO_SESSION: Final = "no session"
BAD_URL: Final = "bad url"
BAD_PROFILE: Final = "bad profile"
NO_HTTP: Final = "http"
PROXY: Final = "proxy"
OWN_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        TIMEOUT: N_("no reply before the deadline"),
        DISCONNECTED: N_("the connection was lost before the reply"),
        INTERNAL_ERROR: N_("an exception of best-fleet itself"),
        "dns": N_("the host name could not be resolved"),
        "refused": N_("nothing listens at the address"),
        "unreachable": N_("the network does not reach the address"),
        "tls": N_("the platform's certificate or TLS settings were refused"),
        "handshake": N_("no WebSocket server or MQTT broker opened the connection, or the address is none"),
        PROXY: N_("the proxy (`network.proxy`) could not be used, or did not let the connection through"),
        "limit": N_("this machine has no file descriptor or port left"),
        NO_HTTP: N_("the server broke off, or did not answer in HTTP"),
        BAD_URL: N_("an address that is none of http or https"),
        MALFORMED_REPLY: N_("a reply that is not as the protocol says"),
        BAD_KEY: N_("the platform's half of the key exchange cannot be used"),
        BAD_CERTIFICATE: N_("the certificate and private key of the look-up's answer cannot be used"),
        UNSUPPORTED_TRANSPORT: N_("the broker's address is neither a WebSocket's nor one of MQTT"),
        BAD_PROFILE: N_(
            "the MQTT profile cannot be filled in with what this device has and the look-up's answer holds"
        ),
        TOO_LARGE: N_("not sent: it does not fit a package"),
        "not authorized": N_("MQTT: the broker knows the client and does not let it in (CONNACK 5)"),
        "bad user name or password": N_("MQTT: the broker refused the client's login (CONNACK 4)"),
        "identifier rejected": N_("MQTT: the broker refused the client id (CONNACK 2)"),
        "server unavailable": N_("MQTT: the broker takes no clients now (CONNACK 3)"),
        "unacceptable protocol version": N_("MQTT: the broker does not speak 3.1.1 (CONNACK 1)"),
        "subscription refused": N_("MQTT: the broker does not let the client subscribe to its topic (SUBACK 128)"),
        "unusable login": N_("MQTT: a client id, user name, password or topic that the protocol has no bytes for"),
        "no proper MQTT": N_("MQTT: the broker sent what the standard forbids"),
        "message too large": N_("MQTT: the broker sent a message over the limit"),
        "closed by the broker": N_("MQTT: the broker ended the connection"),
        "connection lost": N_("MQTT: the connection was reset, or TCP gave it up"),
        "keep-alive": N_("MQTT: the broker did not answer PINGREQ"),
        "taken over": N_("MQTT: a newer connection with the same client id took its place"),
        "internal fault": N_("MQTT: the connection ended by a fault of best-fleet itself"),
        SESSION_REFUSED: N_("TLS: the broker made a full handshake, although the device offered its last session"),
        NO_SESSION: N_(
            "TLS: a full handshake, because the last connection had left the device no session: the broker gives "
            "none, or it ended before"
        ),
        NOT_ANSWERED: N_("a command that was carried out in silence, as the scenario wants some (`command_failures`)"),
    }
)
"""Codes that a device notes by itself and never sends, with what each means; some are kinds of `wire.ConnectFailed`."""

KNOWN_CODES: Final[Mapping[str, str]] = MappingProxyType({**MESSAGES, **COMMAND_REFUSALS, **OWN_CODES})
"""Every code that is not a foreign platform's own, with what it means."""


def is_failure(code: str) -> bool:
    """Whether a request, a flow or a command that ended with `code` failed (docs/deviations.md, Codes)."""
    return code != SUCCESS


def text_of(code: str) -> str:
    """What `code` means, in English; empty for one that a platform made up."""
    return KNOWN_CODES.get(code, "")
