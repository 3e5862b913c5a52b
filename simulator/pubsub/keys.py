"""The keys of a profile as they are written, in a scenario's `mqtt` section and in the shipped profiles alike."""

from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from simulator.closest import closest
from simulator.fields.quantities import Duration, Size, within_time
from simulator.fields.section import Section, Shown, Within, WrongWord
from simulator.fields.units import parse_size
from simulator.fields.wrong_kind import WrongKind
from simulator.pubsub.login import ALGORITHMS
from simulator.pubsub.profile import Password, PasswordKind, ProtocolVersion
from simulator.pubsub.templates import OF_CLIENT_ID, OF_KEY, OF_PASSWORD, OF_USERNAME, SECRETS, checked, placeholders
from simulator.pubsub.topics import Topics
from simulator.texts.translation import N_, _, listed

MOST_KEEP_ALIVE: Final = "65535s"
"""Two bytes of seconds (standard, 3.1.2.10)."""
_KINDS: Final = N_('none, text in quotes, {devKey: digest}, or {hmac: {algorithm: sha256, key: "{deviceSecret}"}}')
_HMAC_KEYS: Final = ("algorithm", "key", "suffix")


def _topic(template: str) -> str:
    return Topics(template).template


def _keep_alive(seconds: float) -> float:
    if seconds != int(seconds):
        raise WrongKind(_("must be whole seconds; 0s for none"))
    return seconds


def _qos(value: Any) -> Any:
    if value in (0, 1) and not isinstance(value, bool):
        return value
    raise WrongKind(_("must be 0 or 1: no device here speaks QoS 2, and Tencent's and AWS's brokers do not either"))


def _protocol(value: Any) -> Any:
    if value == ProtocolVersion.V3_1_1:
        return value
    raise WrongKind(_("must be {version}, the version that devices here speak", version=ProtocolVersion.V3_1_1))


def _alpn(value: str) -> str:
    if not value.isascii() or not value.isprintable() or not 1 <= len(value) <= 255:
        raise WrongKind(_("must be the name of a protocol: 1 to 255 ASCII characters"))
    return value


def _password(value: Any) -> Password:
    """A password as it is written; no error repeats it, as it may be one."""
    if isinstance(value, Password):
        return value
    if value == PasswordKind.NONE.value:
        return Password()
    if isinstance(value, str):
        return Password(kind=PasswordKind.TEXT, text=checked(value, OF_PASSWORD))
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(_("must be {kinds}", kinds=_(_KINDS)))
    ((kind, of),) = value.items()
    if kind == "devKey":
        if of != "digest":
            raise ValueError(
                _('`devKey` takes `digest` alone; a devKey as it is: "{{devKey}}"; all ways: {kinds}', kinds=_(_KINDS))
            )
        return Password(kind=PasswordKind.DEV_KEY_DIGEST)
    if kind == "hmac":
        return _hmac(of)
    raise WrongWord(
        _("'{kind}' is no way to make a password: write {kinds}", kind=kind, kinds=_(_KINDS)),
        closest(str(kind), ("devKey", "hmac")),
    )


def _hmac(of: Any) -> Password:
    if not isinstance(of, dict) or not all(isinstance(each, str) for each in of.values()):
        raise ValueError(
            _("`hmac` must be a mapping of texts: `algorithm`, `key` and `suffix`, each with a usual value")
        )
    for name in of:
        if name not in _HMAC_KEYS:
            known = listed(_HMAC_KEYS)
            raise WrongWord(
                _("'{name}' is no key of `hmac`; known: {known}", name=name, known=known),
                closest(str(name), _HMAC_KEYS),
            )
    algorithm = of.get("algorithm", "sha256")
    if algorithm not in ALGORITHMS:
        raise ValueError(
            _(
                "'{algorithm}' is no algorithm of `hmac`; known: {algorithms}",
                algorithm=algorithm,
                algorithms=listed(ALGORITHMS),
            )
        )
    key = checked(of.get("key", "{deviceSecret}"), OF_KEY)
    if not set(SECRETS) & set(placeholders(key)):
        raise ValueError(
            _("`hmac.key` must hold {deviceSecret} or {devKey}: one in a scenario would be that of all devices")
        )
    return Password(
        kind=PasswordKind.HMAC,
        algorithm=algorithm,
        key=key,
        suffix=of.get("suffix", f";hmac{algorithm}"),
    )


def _write_password(password: Password) -> str:
    """As in a scenario file; a text is not repeated."""
    match password.kind:
        case PasswordKind.NONE:
            return "none"
        case PasswordKind.TEXT:
            return "***"
        case PasswordKind.DEV_KEY_DIGEST:
            return "{devKey: digest}"
        case PasswordKind.HMAC:
            return f'{{hmac: {{algorithm: {password.algorithm}, key: "{password.key}", suffix: "{password.suffix}"}}}}'


_PASSWORD_SCHEMA: Final = {
    "title": "password",
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"devKey": {"const": "digest"}},
            "required": ["devKey"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "hmac": {
                    "type": "object",
                    "properties": {
                        "algorithm": {"enum": list(ALGORITHMS)},
                        "key": {"type": "string"},
                        "suffix": {"type": "string"},
                    },
                    "additionalProperties": False,
                }
            },
            "required": ["hmac"],
            "additionalProperties": False,
        },
    ],
    "examples": ["none", {"devKey": "digest"}, {"hmac": {"algorithm": "sha256"}}],
}

_AS_SHIPPED: Final[Any] = None
"""What an attribute holds whose key is not written."""

Topic = Annotated[str, AfterValidator(_topic), Field(examples=["best/{productId}/{sn}/up"])]
"""Template of a topic."""
PasswordRule = Annotated[
    Password, BeforeValidator(_password), WithJsonSchema(_PASSWORD_SCHEMA), Shown("password", _write_password)
]


class ProfileKeys(Section):
    """What a profile says; a key that is not written is as in the shipped profile that it begins from.

    Templates may hold `{sn}`, `{productId}`, `{companyId}`, `{siteId}` and `{deviceName}` (the serial number);
    `username` and `password` also `{clientId}`, `{sdkappid}`, `{connid}` and `{expiry}`.

    No attribute says anything where its key is not written: `written` has what is.
    """

    client_id: Annotated[str, AfterValidator(lambda text: checked(text, OF_CLIENT_ID))] = Field(
        default=_AS_SHIPPED, description="Client id of CONNECT; a template."
    )
    username: Annotated[str, AfterValidator(lambda text: checked(text, OF_USERNAME))] | None = Field(
        default=_AS_SHIPPED, description="User name of CONNECT; a template, or `null` for none."
    )
    password: PasswordRule = Field(
        default=_AS_SHIPPED,
        description="Password of CONNECT: `none`; text, which may also hold `{devKey}` and `{deviceSecret}`; "
        '`{devKey: digest}` as in `dev.register`; or `{hmac: {algorithm: sha256, key: "{deviceSecret}"}}` over the '
        "user name, in hex, with `;hmacsha256` after it or what `suffix` says.",
    )
    up: Topic = Field(default=_AS_SHIPPED, description="Topic that the device publishes to; a template.")
    down: Topic = Field(default=_AS_SHIPPED, description="Topic that the device subscribes to; a template.")
    qos: Annotated[Literal[0, 1], BeforeValidator(_qos)] = Field(
        default=_AS_SHIPPED, description="Quality of service of publishes and of the subscription."
    )
    keep_alive: Annotated[Duration, within_time("0s", MOST_KEEP_ALIVE), AfterValidator(_keep_alive)] = Field(
        default=_AS_SHIPPED, description="Keep-alive of CONNECT, in whole seconds; `0s` for none."
    )
    clean_session: bool = Field(
        default=_AS_SHIPPED, description="Whether the broker forgets the session with each connection."
    )
    alpn: Annotated[str, AfterValidator(_alpn)] | None = Field(
        default=_AS_SHIPPED, description="Protocol offered in the TLS handshake, or `null` for none."
    )
    max_packet: Annotated[Size, Within("1KB", "1MB", parse_size)] = Field(
        default=_AS_SHIPPED,
        description="Largest payload of a PUBLISH, either way, after encryption; beside `max_package`, and the "
        "smaller one counts.",
    )
    protocol: Annotated[Literal["3.1.1"], BeforeValidator(_protocol)] = Field(
        default=_AS_SHIPPED, description="Version of MQTT."
    )

    def written(self) -> dict[str, Any]:
        """The values of the keys that are written, by key, as `Profile` holds them."""
        values = {name: getattr(self, name) for name in ProfileKeys.model_fields if name in self.model_fields_set}
        if "keep_alive" in values:
            values["keep_alive"] = int(values["keep_alive"])
        if "protocol" in values:
            values["protocol"] = ProtocolVersion(values["protocol"])
        return values
