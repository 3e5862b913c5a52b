"""What can be chosen of the suite `configurable`, as plain data, and which choices contradict each other."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from simulator.protocol.channel.keys import DEFAULT_BITS
from simulator.texts.translation import _

DeviceKeyBits = Literal[1024, 2048]
PublicKeyForm = Literal["der", "pem", "pkcs1", "pkcs1-pem"]
Padding = Literal["oaep-sha256", "oaep-sha1", "pkcs1v15"]
FactorText = Literal["base64", "hex"]
Order = Literal["device-first", "platform-first"]
Derive = Literal["none", "xor", "md5", "sha256", "hkdf-sha256"]
Keys = Literal["one", "per-direction"]
CipherName = Literal["aes-128-gcm", "aes-256-gcm", "aes-128-cbc", "aes-256-cbc", "aes-128-ecb", "aes-256-ecb"]
IvKind = Literal["counter", "random", "zero", "factors"]
FramingKind = Literal["binary", "base64-text", "hex-text"]

LEAST_FACTOR: Final = 16
MOST_FACTOR: Final = 64
MOST_INFO: Final = 1024
"""Bytes of UTF-8."""
MOST_SALT: Final = 1024
"""Bytes."""

_PADDING_BYTES: Final[dict[Padding, int]] = {"oaep-sha256": 2 * 32 + 2, "oaep-sha1": 2 * 20 + 2, "pkcs1v15": 11}
"""What a padding takes of an RSA key's bytes (RFC 8017, 7.1.1 and 7.2.1)."""
_MOST_OF_HKDF: Final = 255 * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorOptions:
    """A factor's length, and how its ciphertext is written."""

    bytes: int = 32
    text: FactorText = "base64"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOptions:
    """All options of the suite `configurable` (docs/deviations.md, Secure channel)."""

    device_key_bits: DeviceKeyBits = DEFAULT_BITS
    public_key: PublicKeyForm = "der"
    padding: Padding = "oaep-sha256"
    factor: FactorOptions = FactorOptions()
    order: Order = "device-first"
    derive: Derive = "hkdf-sha256"
    info: str = "BEST-W channel v1"
    salt: bytes = b""
    keys: Keys = "one"
    cipher: CipherName = "aes-256-gcm"
    iv: IvKind = "random"
    framing: FramingKind = "binary"

    @property
    def mode(self) -> str:
        """`gcm`, `cbc` or `ecb`."""
        return self.cipher.rpartition("-")[2]

    @property
    def key_bytes(self) -> int:
        """Length of one AES key."""
        return 16 if self.cipher.startswith("aes-128") else 32

    @property
    def needed(self) -> int:
        """Bytes that `derive` has to yield."""
        return self.key_bytes * (2 if self.keys == "per-direction" else 1)

    @property
    def yielded(self) -> int:
        """Bytes that `derive` can yield."""
        yields: dict[Derive, int] = {
            "none": 2 * self.factor.bytes,
            "xor": self.factor.bytes,
            "md5": 16,
            "sha256": 32,
            "hkdf-sha256": _MOST_OF_HKDF,
        }
        return yields[self.derive]


DEFAULT_OPTIONS: Final = ChannelOptions()


class OptionProblem(NamedTuple):
    """One contradiction, under the option at which it was written."""

    path: tuple[str, ...]
    """Within the scenario's `channel`."""
    message: str


def most_factor(key_bits: int, padding: Padding) -> int:
    """The longest factor, in bytes, that one RSA operation under a key of that size takes."""
    return key_bits // 8 - _PADDING_BYTES[padding]


def problems(options: ChannelOptions, given: Collection[str] = ()) -> Iterator[OptionProblem]:
    """Everything that contradicts itself in the options.

    Args:
        given: names of options that somebody wrote down; the others stand there by default and disturb nobody.
    """
    size = options.factor.bytes
    if not LEAST_FACTOR <= size <= MOST_FACTOR:
        message = _(
            "{size} is out of range: a factor has {least} to {most} bytes",
            size=size,
            least=LEAST_FACTOR,
            most=MOST_FACTOR,
        )
        yield OptionProblem(("factor", "bytes"), message)
    for whose, bits in _keys_of(options):
        most = most_factor(bits, options.padding)
        if size > most:
            message = _(
                "a factor of {size} bytes is too long for {whose} key of {bits} bits with {padding}, which "
                "takes {most} at most",
                size=size,
                whose=whose,
                bits=bits,
                padding=options.padding,
                most=most,
            )
            yield OptionProblem(("factor", "bytes"), message)
    if options.yielded < options.needed:
        keys = (
            _("two keys of {key_bytes}", key_bytes=options.key_bytes)
            if options.keys == "per-direction"
            else _("one key")
        )
        message = _(
            "{derive} yields {yielded} bytes, and {cipher} with `keys: {keys}` needs {needed} ({told})",
            derive=options.derive,
            yielded=options.yielded,
            cipher=options.cipher,
            keys=options.keys,
            needed=options.needed,
            told=keys,
        )
        yield OptionProblem(("derive",), message)
    if options.mode == "ecb" and "iv" in given:
        yield OptionProblem(("iv",), _("{cipher} has no IV: leave it out", cipher=options.cipher))
    for name in ("info", "salt"):
        if name in given and options.derive != "hkdf-sha256":
            yield OptionProblem(
                (name,), _("only hkdf-sha256 uses it, not `derive: {derive}`: leave it out", derive=options.derive)
            )
    try:
        if len(options.info.encode()) > MOST_INFO:
            yield OptionProblem(("info",), _("is longer than {most_info:,} bytes", most_info=MOST_INFO))
    except UnicodeEncodeError:
        yield OptionProblem(("info",), _("holds half a surrogate pair, which is no text"))
    if len(options.salt) > MOST_SALT:
        yield OptionProblem(("salt",), _("is longer than {most_salt:,} bytes", most_salt=MOST_SALT))


def _keys_of(options: ChannelOptions) -> Iterator[tuple[str, int]]:
    if options.device_key_bits != DEFAULT_BITS:
        yield _("the device's"), options.device_key_bits
    yield _("the platform's"), DEFAULT_BITS
