"""The exchange of the suite `configurable`: how its public keys and factors are written, and what else was seen.

Where the peer's is written in another way, the text names the option that says how (`channel.public_key`).
"""

from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64, unhexlify
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from simulator.protocol.channel.exchange import THE_DEVICES, ExchangeForm
from simulator.protocol.channel.faults import ChannelFault, ChannelViolation
from simulator.protocol.channel.keys import MAX_BITS, MIN_BITS
from simulator.protocol.channel.options import ChannelOptions, Padding, PublicKeyForm, most_factor

_PADDINGS: Final[dict[Padding, AsymmetricPadding]] = {
    "oaep-sha256": OAEP(mgf=MGF1(SHA256()), algorithm=SHA256(), label=None),
    "oaep-sha1": OAEP(mgf=MGF1(SHA1()), algorithm=SHA1(), label=None),
    "pkcs1v15": PKCS1v15(),
}
_FORMS: Final[dict[PublicKeyForm, tuple[Encoding, PublicFormat]]] = {
    "der": (Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "pem": (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "pkcs1": (Encoding.DER, PublicFormat.PKCS1),
    "pkcs1-pem": (Encoding.PEM, PublicFormat.PKCS1),
}
_SEEN: Final[dict[PublicKeyForm, str]] = {
    "der": "a SubjectPublicKeyInfo in base64",
    "pem": "PEM",
    "pkcs1": "PKCS#1 in base64",
    "pkcs1-pem": "PEM of PKCS#1",
}
_DOUBT: Final = ", or it was encrypted for another key pair"


class ConfiguredForm(ExchangeForm):
    """The form that `options` describe."""

    def __init__(self, options: ChannelOptions) -> None:
        self._options = options
        self._padding = _PADDINGS[options.padding]
        self.factor_bytes = options.factor.bytes

    def write_key(self, key: RSAPrivateKey) -> str:
        return _written(key.public_key(), self._options.public_key)

    def read_key(self, text: object, whose: str) -> RSAPublicKey:
        if not isinstance(text, str) or not text:
            raise _unusable(f"{whose} publicKey is missing")
        options = self._options
        key = _loaded(text, whose)
        if key is None:
            raise _unusable(f"{whose} publicKey is no public key that can be used here: channel.public_key")
        form = next((name for name in _FORMS if _canonical(text, name) == _written(key, name)), None)
        if form != options.public_key:
            seen = "no canonical DER, base64 or PEM" if form is None else _SEEN[form]
            raise _unusable(f"{whose} publicKey is {seen}: channel.public_key")
        bits = key.key_size
        if whose == THE_DEVICES and bits != options.device_key_bits:
            raise _unusable(f"{whose} publicKey has {bits} bits: channel.device_key_bits")
        if not MIN_BITS <= bits <= MAX_BITS:
            raise _unusable(f"{whose} publicKey has {bits} bits; {MIN_BITS} to {MAX_BITS} are allowed")
        if most_factor(bits, options.padding) < self.factor_bytes:
            told = f"{whose} publicKey has {bits} bits, too few for a factor of {self.factor_bytes} bytes"
            raise _unusable(f"{told}: channel.factor.bytes, channel.padding")
        return key

    def write_factor(self, factor: bytes, key: RSAPublicKey) -> str:
        sealed = key.encrypt(factor, self._padding)
        return sealed.hex() if self._options.factor.text == "hex" else b64encode(sealed).decode("ascii")

    def read_factor(self, text: object, key: RSAPrivateKey, whose: str) -> bytes:
        if not isinstance(text, str) or not text:
            raise _unusable(f"{whose} factor is missing")
        as_hex, as_base64 = _of_hex(text), of_base64(text)
        if self._options.factor.text == "hex":
            sealed, other, seen = as_hex, as_base64, "base64"
        else:
            sealed, other, seen = as_base64, as_hex, "hex"
        size = key.key_size // 8
        if other is not None and len(other) == size and (sealed is None or len(sealed) != size):
            raise _unusable(f"{whose} factor is {seen}: channel.factor.text")
        if sealed is None:
            raise _unusable(f"{whose} factor is not {self._options.factor.text}: channel.factor.text")
        factor = _decrypted(sealed, key, self._padding)
        if factor is None or len(factor) != self.factor_bytes:
            # What PKCS#1 v1.5 makes of another padding looks like a factor of some length.
            for name, padding in _PADDINGS.items():
                if name not in (self._options.padding, "pkcs1v15") and _decrypted(sealed, key, padding) is not None:
                    raise _unusable(f"{whose} factor is encrypted with {name}: channel.padding")
        if factor is None:
            raise _unusable(f"{whose} factor cannot be decrypted: channel.padding{_DOUBT}")
        return factor

    def wrong_length(self, count: int, whose: str) -> str:
        doubt = _DOUBT if self._options.padding == "pkcs1v15" else ""
        return f"{whose} factor has {count} bytes, {self.factor_bytes} are wanted: channel.factor.bytes{doubt}"


def of_base64(text: str | bytes) -> bytes | None:
    """The bytes of canonical, padded base64 in one line; None for anything else."""
    written = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    try:
        data = a2b_base64(written, strict_mode=True)
    except (Base64Error, ValueError):
        return None
    # The strict mode minds neither bits that are left over nor too much padding.
    return data if b2a_base64(data, newline=False) == written else None


def _of_hex(text: str) -> bytes | None:
    try:
        return unhexlify(text)
    except (Base64Error, ValueError):
        return None


def _unusable(text: str) -> ChannelViolation:
    return ChannelViolation(text, ChannelFault.KEY)


def _written(key: RSAPublicKey, form: PublicKeyForm) -> str:
    encoding, kind = _FORMS[form]
    data = key.public_bytes(encoding, kind)
    return data.decode("ascii") if encoding is Encoding.PEM else b64encode(data).decode("ascii")


def _canonical(text: str, form: PublicKeyForm) -> str:
    """As `_written` would have it, where only line ends differ: CRLF, and none at the end, are read as well."""
    if _FORMS[form][0] is not Encoding.PEM:
        return text
    text = text.replace("\r\n", "\n")
    return text if text.endswith("\n") else f"{text}\n"


def _loaded(text: str, whose: str) -> RSAPublicKey | None:
    """The RSA key in the text, in whatever form; None for none."""
    try:
        if text.lstrip().startswith("-----"):
            key = load_pem_public_key(text.encode("utf-8", "surrogatepass"))
        elif (der := of_base64(text)) is not None:
            key = load_der_public_key(der)
        else:
            return None
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPublicKey):
        raise _unusable(f"{whose} publicKey is no RSA key")
    return key


def _decrypted(sealed: bytes, key: RSAPrivateKey, padding: AsymmetricPadding) -> bytes | None:
    try:
        return key.decrypt(sealed, padding)
    except ValueError:
        return None
