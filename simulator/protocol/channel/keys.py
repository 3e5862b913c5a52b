"""RSA key pairs of the channel: making them, handing them out, and their form on the wire.

Making a 2,048-bit key takes tens of milliseconds or more of CPU, so a fleet shares a ring of keys between its devices.
Only key pairs are shared so: the factors, and with them every session key, are fresh for each connection.
"""

from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from simulator.protocol.channel.base import ChannelFault, ChannelViolation

DEFAULT_BITS: Final = 2048
MIN_BITS: Final = 1024
"""Below this a public key is refused; real devices use 1,024 bits."""
MAX_BITS: Final = 8192
"""Above this a public key is refused: one operation under it would hold up every other connection."""

_PUBLIC_EXPONENT: Final = 65537


def generate_key(bits: int = DEFAULT_BITS) -> RSAPrivateKey:
    """A new RSA key pair.

    Raises:
        ValueError: If `bits` is outside 1,024 to 8,192.
    """
    if not MIN_BITS <= bits <= MAX_BITS:
        raise ValueError(f"an RSA key has {MIN_BITS} to {MAX_BITS} bits here, not {bits}")
    return generate_private_key(_PUBLIC_EXPONENT, bits)


class KeyRing:
    """A fixed list of key pairs, handed out in turn: connections share key pairs, never factors.

    For one thread; two threads at once could be handed the same pair, which is allowed but uneven.
    """

    __slots__ = ("_keys", "_next")

    def __init__(self, keys: Sequence[RSAPrivateKey]) -> None:
        """
        Raises:
            ValueError: If there is no key.
        """
        if not keys:
            raise ValueError("a key ring needs a key")
        self._keys = tuple(keys)
        self._next = 0

    def take(self) -> RSAPrivateKey:
        """The next key pair of the list; after the last the first again."""
        key = self._keys[self._next]
        self._next = (self._next + 1) % len(self._keys)
        return key

    def __len__(self) -> int:
        return len(self._keys)


def encode_public_key(key: RSAPrivateKey) -> str:
    """The pair's public half for the wire: standard base64, one line, padded, of the DER SubjectPublicKeyInfo."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(der).decode("ascii")


def decode_public_key(text: object) -> RSAPublicKey:
    """The peer's public key from the value of a `publicKey` field.

    Raises:
        ChannelViolation: If it is no RSA key of 1,024 to 8,192 bits in the form of `encode_public_key`.
    """
    der = decode_base64("publicKey", text)
    try:
        key = load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        raise ChannelViolation("publicKey is no public key that can be used here", ChannelFault.KEY) from None
    if not isinstance(key, RSAPublicKey):
        raise ChannelViolation("publicKey is no RSA key", ChannelFault.KEY)
    # The loader takes the bare PKCS#1 form as well.
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise ChannelViolation("publicKey is no SubjectPublicKeyInfo", ChannelFault.KEY)
    if not MIN_BITS <= key.key_size <= MAX_BITS:
        raise ChannelViolation(
            f"publicKey has {key.key_size} bits; {MIN_BITS} to {MAX_BITS} are allowed", ChannelFault.KEY
        )
    return key


def decode_base64(name: str, text: object) -> bytes:
    """The bytes in the base64 value of field `name`.

    Raises:
        ChannelViolation: If it is no text, empty, or not standard base64 on one line with its padding.
    """
    if not isinstance(text, str) or not text:
        raise ChannelViolation(f"{name} is missing", ChannelFault.KEY)
    # Python's strict mode lets more padding follow a complete text than belongs there.
    if len(text) % 4 == 0 and not text.endswith("==="):
        try:
            return a2b_base64(text, strict_mode=True)
        except (Base64Error, ValueError):
            pass
    raise ChannelViolation(f"{name} is not base64", ChannelFault.KEY)
