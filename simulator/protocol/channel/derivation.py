"""From two factors to the keys and the fixed IV of one connection of the suite `configurable`."""

from hashlib import md5, sha256
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from simulator.protocol.channel.options import ChannelOptions

IV_BYTES: Final = {"gcm": 12, "cbc": 16, "ecb": 0}
"""By mode."""


class Agreed(NamedTuple):
    """What both sides make of the factors. `repr` is not for logs."""

    to_platform: bytes
    """Key of what the device sends."""
    to_device: bytes
    """Key of what the platform sends; the same one with `keys: one`."""
    fixed_iv: bytes
    """IV of all messages where `iv` is `zero` or `factors`; empty for the other kinds and ECB."""


def derive(options: ChannelOptions, device_factor: bytes, platform_factor: bytes) -> Agreed:
    """Keys and IV, as `options` have them."""
    mixed = device_factor + platform_factor
    if options.order == "platform-first":
        mixed = platform_factor + device_factor
    keys = _key_bytes(options, mixed, device_factor, platform_factor)
    size = options.key_bytes
    first, second = keys[:size], keys[size:]
    return Agreed(first, second or first, _fixed_iv(options, mixed))


def _key_bytes(options: ChannelOptions, mixed: bytes, device_factor: bytes, platform_factor: bytes) -> bytes:
    needed = options.needed
    match options.derive:
        case "none":
            return mixed[:needed]
        case "xor":
            return bytes(a ^ b for a, b in zip(device_factor, platform_factor, strict=True))[:needed]
        case "md5":
            return md5(mixed, usedforsecurity=False).digest()[:needed]
        case "sha256":
            return sha256(mixed).digest()[:needed]
        case "hkdf-sha256":
            hkdf = HKDF(algorithm=SHA256(), length=needed, salt=options.salt, info=options.info.encode())
            return hkdf.derive(mixed)


def _fixed_iv(options: ChannelOptions, mixed: bytes) -> bytes:
    size = IV_BYTES[options.mode]
    if options.iv == "factors" and size:
        return mixed[-size:]
    return bytes(size) if options.iv == "zero" else b""
