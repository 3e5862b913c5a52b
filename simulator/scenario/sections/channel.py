"""The section about the secure channel: the suite, its keys, and the options of `configurable`."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator

from simulator.fields.section import Section, known
from simulator.protocol.channel.options import (
    LEAST_FACTOR,
    MOST_FACTOR,
    ChannelOptions,
    CipherName,
    Derive,
    FactorOptions,
    FactorText,
    FramingKind,
    IvKind,
    Keys,
    Order,
    Padding,
    PublicKeyForm,
    problems,
)
from simulator.protocol.channel.registry import (
    CONFIGURABLE,
    DEFAULT_SUITE,
    PLAIN,
    BrokenSuite,
    Options,
    available_suites,
    channel_suite,
)
from simulator.scenario.yaml_source import Path
from simulator.texts.translation import _, listed, ngettext

_DEFAULTS: Final = ChannelOptions()
_OF_ALL_SUITES: Final = frozenset(("suite", "device_key_bits", "key_pool", "options"))


class FactorSection(Section):
    """The two factors of the suite `configurable`."""

    bytes: int = Field(
        default=_DEFAULTS.factor.bytes, ge=LEAST_FACTOR, le=MOST_FACTOR, description="Length of each factor."
    )
    text: FactorText = Field(default=_DEFAULTS.factor.text, description="How its ciphertext is written.")


class ChannelSection(Section):
    """The secure channel between device and platform.

    The document names two exchanges and no algorithm. The keys from `public_key` on are for `suite: configurable`, and
    both sides have to agree in them; docs/deviations.md, Secure channel, says what each does, to the byte.
    """

    suite: str = Field(
        default=DEFAULT_SUITE,
        description="`plain`, `exchange-only`, `rsa-aes`, `configurable`, or a suite that a site registered. It holds "
        "for all groups; where none is written, those over MQTT speak `plain`.",
    )
    device_key_bits: Literal[1024, 2048] = Field(default=2048, description="Size of the devices' RSA keys.")
    key_pool: int = Field(
        default=16, ge=1, le=10_000, description="RSA key pairs per process, shared by its devices; factors are fresh."
    )
    options: dict[str, Any] = Field(
        default={}, description="Handed to a suite that a site registered, which says what it takes."
    )
    public_key: PublicKeyForm = Field(
        default=_DEFAULTS.public_key,
        description="How a public key is written: SubjectPublicKeyInfo or PKCS#1, each as base64 of its DER or as PEM.",
    )
    padding: Padding = Field(default=_DEFAULTS.padding, description="RSA padding of a factor.")
    factor: FactorSection = Field(default=FactorSection(), description="The two factors.")
    order: Order = Field(
        default=_DEFAULTS.order,
        description="Which factor comes first where both are put together; not who sends first.",
    )
    derive: Derive = Field(
        default=_DEFAULTS.derive, description="What makes the keys of both factors; cut to the bytes that are needed."
    )
    info: str = Field(default=_DEFAULTS.info, description="Info text of `hkdf-sha256`.")
    salt: Annotated[str, Field(pattern="^([0-9a-fA-F]{2})*$")] = Field(
        default="", description="Salt of `hkdf-sha256`, in hex."
    )
    keys: Keys = Field(
        default=_DEFAULTS.keys,
        description="One AES key for both directions, or one each: device to platform, then back.",
    )
    cipher: CipherName = Field(default=_DEFAULTS.cipher, description="GCM with a 16-byte tag; CBC and ECB with PKCS#7.")
    iv: IvKind = Field(
        default=_DEFAULTS.iv,
        description="A counter or random bytes, at each frame's head; zeros, or the end of both factors. Not with ECB.",
    )
    framing: FramingKind = Field(
        default=_DEFAULTS.framing, description="Binary frames, or text frames of the same bytes."
    )

    @field_validator("suite")
    @classmethod
    def _known_suite(cls, name: str) -> str:
        return known(name, available_suites(), _("channel suite"))

    def suite_over(self, *, mqtt: bool) -> str:
        """The suite of devices over MQTT, or of those over WebSocket: the same, where the scenario names one."""
        return PLAIN if mqtt and "suite" not in self.model_fields_set else self.suite

    def suite_options(self, suite: str | None = None) -> Options:
        """What `channel_suite` is given with the section's suite, or with one named instead of it."""
        if (suite or self.suite) == CONFIGURABLE:
            return self._configurable()
        return self.options if suite in (None, self.suite) else {}

    def described(self) -> str:
        """The suite, and what is written down of the options of `configurable`."""
        if self.suite != CONFIGURABLE:
            return self.suite
        written = self.model_fields_set - {"suite", "key_pool", "options"}
        names = [name for name in type(self).model_fields if name in written]
        values = [
            _("{name}: {bytes} bytes, {text}", name=name, bytes=value.bytes, text=value.text)
            if isinstance(value, FactorSection)
            else f"{name}: {value}"
            for name, value in ((name, getattr(self, name)) for name in names)
        ]
        return "; ".join([self.suite, *values])

    def problems(self) -> Iterator[tuple[Path, str]]:
        """What contradicts itself in the section: the path of the key, and why."""
        written = self.model_fields_set - _OF_ALL_SUITES
        if self.suite == CONFIGURABLE:
            yield from problems(self._configurable(), written)
        elif written:
            names = listed(f"`{name}`" for name in type(self).model_fields if name in written)
            message = ngettext(
                "{names} is for `suite: {configurable}`, not {suite}",
                "{names} are for `suite: {configurable}`, not {suite}",
                len(written),
                names=names,
                configurable=CONFIGURABLE,
                suite=self.suite,
            )
            yield ("suite",), message
        if not self.options:
            return
        if self.suite == CONFIGURABLE:
            yield (
                ("options",),
                _(
                    "are for suites that a site registered; those of {configurable} stand beside `suite`",
                    configurable=CONFIGURABLE,
                ),
            )
            return
        try:
            channel_suite(self.suite, self.options)
        except BrokenSuite as error:
            yield ("options",), str(error)

    def _configurable(self) -> ChannelOptions:
        return ChannelOptions(
            device_key_bits=self.device_key_bits,
            public_key=self.public_key,
            padding=self.padding,
            factor=FactorOptions(bytes=self.factor.bytes, text=self.factor.text),
            order=self.order,
            derive=self.derive,
            info=self.info,
            salt=bytes.fromhex(self.salt),
            keys=self.keys,
            cipher=self.cipher,
            iv=self.iv,
            framing=self.framing,
        )
