"""What a platform's broker expects of a device: topics, names, password, limits. The document gives none of it.

A profile is data of the scenario, begun from one that is shipped (`shipped`); where that assumes what nobody has
written down, its key stands in `assumed`, and docs and reports say so.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from simulator.texts.translation import _


class ProtocolVersion(StrEnum):
    """Of MQTT."""

    V3_1_1 = "3.1.1"


class PasswordKind(StrEnum):
    """Where a password comes from."""

    NONE = "none"
    TEXT = "text"
    """A template, as the other values."""
    DEV_KEY_DIGEST = "devKey digest"
    """As in `dev.register`: PBKDF2 of devKey with productId."""
    HMAC = "hmac"


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """How the password of CONNECT is made. `text` may hold a secret, and is not shown."""

    kind: PasswordKind = PasswordKind.NONE
    text: str = field(default="", repr=False)
    """Of kind `text`: a template."""
    key: str = field(default="", repr=False)
    """Of kind `hmac`: a template of the key, in base64."""
    algorithm: str = "sha256"
    """Of kind `hmac`: sha256 or sha1; over the user name, in lower-case hex."""
    suffix: str = ""
    """Of kind `hmac`: what follows the digest."""

    def described(self) -> str:
        """How it is made, in words that hold no secret."""
        match self.kind:
            case PasswordKind.NONE:
                return "none"
            case PasswordKind.TEXT:
                return _("a text of the scenario")
            case PasswordKind.DEV_KEY_DIGEST:
                return _("digest of devKey, as in dev.register")
            case PasswordKind.HMAC:
                return _(
                    "HMAC-{algorithm} of the user name, then {suffix!r}",
                    algorithm=self.algorithm.upper().replace("SHA", "SHA-"),
                    suffix=self.suffix,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a broker of this kind is known to allow; None where nothing is known."""

    keep_alive: tuple[int, int] | None = None
    """Seconds: the shortest and the longest."""
    max_packet: int | None = None
    """Bytes of a PUBLISH payload."""
    slashes: int | None = None
    """In a topic."""
    topics_per_subscribe: int | None = None
    publishes_per_second: float | None = None
    """By one device."""
    deliveries_per_second: float | None = None
    """To one device."""
    connect_interval: float | None = None
    """Seconds between two connects of one device."""
    alpn_ports: frozenset[int] | None = None
    """The ports at which `alpn` of the shipped profile is offered; at any where it is None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Templates hold `{sn}`, `{productId}`, `{companyId}`, `{siteId}` and `{deviceName}`."""

    name: str
    """Of the shipped profile that it began from; empty for none."""
    client_id: str
    username: str | None
    password: Password
    up: str
    """Topic that the device publishes to."""
    down: str
    """Topic that the device subscribes to."""
    qos: int
    keep_alive: int
    """Seconds."""
    clean_session: bool
    alpn: str | None
    max_packet: int
    """Bytes of a PUBLISH payload, after encryption."""
    protocol: ProtocolVersion = ProtocolVersion.V3_1_1
    limits: Limits = Limits()
    """Of the shipped profile."""
    assumed: frozenset[str] = frozenset()
    """Keys whose values are our assumption, and were not overridden."""

    def offered_alpn(self, port: int | None) -> str | None:
        """What is offered in the TLS handshake at `port`, which is None where it is not known."""
        ports = self.limits.alpn_ports
        return self.alpn if ports is None or port in ports else None

    @property
    def keeps_session(self) -> bool:
        """Whether what was sent before a cut is sent again after it, and what came meanwhile is delivered."""
        return self.qos > 0 and not self.clean_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What fills the templates in: the device's own, and what the look-up's answer says."""

    sn: str
    product_id: str
    dev_key: str = field(repr=False)
    device_secret: str | None = field(default=None, repr=False)
    """From the list of identities; devKey stands in for it where there is none."""
    company_id: str | None = None
    site_id: str | None = None
