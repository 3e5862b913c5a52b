"""The suite `configurable`, written from its description alone: what an option says is what happens, to the byte."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import struct
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .channel import FrameError, strict_base64

DEFAULTS: dict[str, Any] = {
    "device_key_bits": 2048,
    "public_key": "der",
    "padding": "oaep-sha256",
    "factor": {},
    "order": "device-first",
    "derive": "hkdf-sha256",
    "info": "BEST-W channel v1",
    "salt": "",
    "keys": "one",
    "cipher": "aes-256-gcm",
    "iv": "random",
    "framing": "binary",
}
_FORMS = {
    "spki": serialization.PublicFormat.SubjectPublicKeyInfo,
    "pkcs1": serialization.PublicFormat.PKCS1,
}
_LINES = {"spki": "PUBLIC KEY", "pkcs1": "RSA PUBLIC KEY"}


def canonical(text: str) -> bytes:
    """Base64 as it must be written; ValueError for anything else."""
    data = strict_base64(text)
    if base64.b64encode(data).decode() != text:
        raise ValueError("no canonical base64")
    return data


def _oaep(name: type[hashes.SHA1] | type[hashes.SHA256]) -> rsa_padding.OAEP:
    return rsa_padding.OAEP(mgf=rsa_padding.MGF1(name()), algorithm=name(), label=None)


class Configurable:
    """The options of a scenario's `channel`, and what they make of keys and factors."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        chosen = {**DEFAULTS, **options}
        self.bits = int(chosen["device_key_bits"])
        name = str(chosen["public_key"])
        self._form = "pkcs1" if name.startswith("pkcs1") else "spki"
        self._pem = name.endswith("pem")
        self._padding = {
            "oaep-sha256": _oaep(hashes.SHA256),
            "oaep-sha1": _oaep(hashes.SHA1),
            "pkcs1v15": rsa_padding.PKCS1v15(),
        }[chosen["padding"]]
        factor = {"bytes": 32, "text": "base64", **chosen["factor"]}
        self.factor_bytes, self._hex_factor = int(factor["bytes"]), factor["text"] == "hex"
        self._device_first = chosen["order"] == "device-first"
        self._derive, self._info, self._salt = chosen["derive"], chosen["info"].encode(), bytes.fromhex(chosen["salt"])
        self._one = chosen["keys"] == "one"
        _, bits, self.mode = chosen["cipher"].split("-")
        self._key_bytes = int(bits) // 8
        self.iv = "none" if self.mode == "ecb" else chosen["iv"]
        self.framing = chosen["framing"]

    # --- the exchange ---

    def public_text(self, key: rsa.RSAPrivateKey) -> str:
        encoding = serialization.Encoding.PEM if self._pem else serialization.Encoding.DER
        data = key.public_key().public_bytes(encoding, _FORMS[self._form])
        return data.decode() if self._pem else base64.b64encode(data).decode()

    def read_public(self, text: str) -> rsa.RSAPublicKey:
        if self._pem:
            line = _LINES[self._form]
            body = r"((?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/=]{1,64})\n"
            found = re.fullmatch(f"-----BEGIN {line}-----\n{body}-----END {line}-----\n", text)
            if not found:
                raise ValueError("no such PEM")
            data = canonical(found[1].replace("\n", ""))
        else:
            data = canonical(text)
        key = serialization.load_der_public_key(data)
        if not isinstance(key, rsa.RSAPublicKey):
            raise ValueError("no RSA key")
        if key.public_bytes(serialization.Encoding.DER, _FORMS[self._form]) != data:
            raise ValueError("another form of a key")
        if key.key_size != self.bits:
            raise ValueError(f"a key of {key.key_size} bits")
        return key

    def new_factor(self) -> bytes:
        return os.urandom(self.factor_bytes)

    def wrap(self, factor: bytes, key: rsa.RSAPublicKey) -> str:
        data = key.encrypt(factor, self._padding)
        return data.hex() if self._hex_factor else base64.b64encode(data).decode()

    def unwrap(self, text: str, key: rsa.RSAPrivateKey) -> bytes:
        if self._hex_factor and text != text.lower():
            raise ValueError("a device writes hex in lower case")
        factor = key.decrypt(bytes.fromhex(text) if self._hex_factor else canonical(text), self._padding)
        if len(factor) != self.factor_bytes:
            raise ValueError(f"a factor has {self.factor_bytes} bytes")
        return factor

    # --- the session ---

    def material(self, device: bytes, platform: bytes) -> bytes:
        """M, both factors one behind the other."""
        return device + platform if self._device_first else platform + device

    def keys(self, device: bytes, platform: bytes) -> tuple[bytes, bytes]:
        """(device to platform, platform to device)"""
        length = self._key_bytes * (1 if self._one else 2)
        both = self.material(device, platform)
        match self._derive:
            case "none":
                made = both
            case "xor":
                made = bytes(ours ^ theirs for ours, theirs in zip(device, platform, strict=True))
            case "md5":
                made = hashlib.md5(both).digest()
            case "sha256":
                made = hashlib.sha256(both).digest()
            case _:
                made = HKDF(hashes.SHA256(), length, self._salt, self._info).derive(both)
        assert len(made) >= length, f"{len(made)} bytes where {length} are needed"
        return made[: self._key_bytes], made[length - self._key_bytes : length]

    def directions(self, device: bytes, platform: bytes) -> tuple[Direction, Direction]:
        """(device to platform, platform to device)"""
        both = self.material(device, platform)
        there, back = self.keys(device, platform)
        return Direction(self, there, both), Direction(self, back, both)


class Direction:
    """What one side seals and the other opens."""

    def __init__(self, way: Configurable, key: bytes, both: bytes) -> None:
        self.way, self._key, self.counter = way, key, 0
        self.size = 12 if way.mode == "gcm" else 16
        self.fixed = {"zero": bytes(self.size), "factors": both[-self.size :]}.get(way.iv, b"")
        self.text = way.framing != "binary"
        self.seen: set[bytes] = set()
        self.repeated = 0
        """How many random IVs came that had come before."""
        self.next_iv = b""
        """In place of the next random one, for tests."""

    def _crypt(self, iv: bytes, data: bytes, seal: bool) -> bytes:
        if self.way.mode == "gcm":
            aead = AESGCM(self._key)
            return aead.encrypt(iv, data, None) if seal else aead.decrypt(iv, data, None)
        mode = modes.ECB() if self.way.mode == "ecb" else modes.CBC(iv)
        cipher = Cipher(algorithms.AES(self._key), mode)
        padder = padding.PKCS7(128)
        if seal:
            add, run = padder.padder(), cipher.encryptor()
            return run.update(add.update(data) + add.finalize()) + run.finalize()
        take, run = padder.unpadder(), cipher.decryptor()
        return take.update(run.update(data) + run.finalize()) + take.finalize()

    def seal(self, text: bytes) -> bytes | str:
        head, iv = b"", self.fixed
        if self.way.iv == "counter":
            head = struct.pack(">Q", self.counter)
            iv = head.rjust(self.size, b"\0")
        elif self.way.iv == "random":
            head = iv = self.next_iv or os.urandom(self.size)
        self.counter += 1
        return self.framed(head + self._crypt(iv, text, True))

    def framed(self, data: bytes) -> bytes | str:
        if self.way.framing == "binary":
            return data
        return data.hex() if self.way.framing == "hex-text" else base64.b64encode(data).decode()

    def open(self, frame: bytes | str) -> bytes:
        try:
            return self._open(self._unframed(frame))
        except (ValueError, InvalidTag) as error:
            raise FrameError(f"a frame that cannot be read: {error!r}") from error

    def _unframed(self, frame: bytes | str) -> bytes:
        if isinstance(frame, bytes):
            return frame
        if self.way.framing == "base64-text":
            return canonical(frame)
        if not re.fullmatch("[0-9a-f]*", frame):
            raise ValueError("no lower-case hex")
        return bytes.fromhex(frame)

    def _open(self, data: bytes) -> bytes:
        iv = self.fixed
        if self.way.iv == "counter":
            if data[:8] != struct.pack(">Q", self.counter):
                raise ValueError("wrong counter")
            iv, data = data[:8].rjust(self.size, b"\0"), data[8:]
        elif self.way.iv == "random":
            iv, data = data[: self.size], data[self.size :]
            self.repeated += iv in self.seen
            self.seen.add(iv)
        self.counter += 1
        return self._crypt(iv, data, False)
