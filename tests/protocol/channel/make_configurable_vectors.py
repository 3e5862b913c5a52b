"""Makes configurable-vectors.json beside itself, with nothing of this project: OpenSSL's command line and PyCryptodome.

    python -m venv venv && venv/bin/pip install pycryptodome
    venv/bin/python tests/protocol/channel/make_configurable_vectors.py

Keys, RSA, HKDF, CBC, ECB are `openssl`'s (3.0 or newer), GCM is PyCryptodome's, the digests are Python's. Each vector
has the options as a scenario writes them, both factors, what each side sends in the exchange, the keys, and frames. RSA
padding is random, so that each call makes other ciphertexts and keys: a new file is checked in as a whole.
"""

import base64
import hashlib
import json
import subprocess
from pathlib import Path

from Crypto.Cipher import AES

HERE = Path(__file__).parent
HEARTBEAT = '{"funcId":"dev.heartbeat","imme":"0","mid":"m%d","payload":{"params":{"isFree":"1"}}}'
REPLY = '{"funcId":"cmd.dev.response","code":"00000000","message":"成功","imme":"0","mid":"m0"}'
BLOCKS = '{"funcId":"dev.heartbeat","mid":"0123456789ab"}'
"""47 bytes: PKCS#7 adds one. `WHOLE` has 48, to which it adds a block."""
WHOLE = '{"funcId":"dev.heartbeat","mid":"0123456789abc"}'

OPTIONS = [
    {},
    {"keys": "per-direction", "iv": "counter"},
    {"device_key_bits": 1024, "public_key": "pem"},
    {"public_key": "pkcs1", "padding": "oaep-sha1", "factor": {"text": "hex"}},
    {"public_key": "pkcs1-pem", "padding": "pkcs1v15", "factor": {"bytes": 16}, "cipher": "aes-128-gcm"},
    {"device_key_bits": 1024, "padding": "oaep-sha256", "factor": {"bytes": 62}},
    {"device_key_bits": 1024, "public_key": "pkcs1", "padding": "pkcs1v15", "factor": {"bytes": 64, "text": "hex"}},
    {"order": "platform-first"},
    {"order": "platform-first", "keys": "per-direction", "iv": "factors", "framing": "base64-text"},
    {"derive": "none", "iv": "counter"},
    {"derive": "none", "keys": "per-direction", "cipher": "aes-128-gcm", "iv": "zero"},
    {"derive": "none", "keys": "per-direction", "order": "platform-first", "factor": {"bytes": 64}, "iv": "factors"},
    {"derive": "xor", "cipher": "aes-256-cbc", "iv": "factors", "framing": "base64-text"},
    {"derive": "xor", "keys": "per-direction", "cipher": "aes-128-cbc", "factor": {"bytes": 64}},
    {"derive": "xor", "order": "platform-first", "cipher": "aes-128-cbc", "iv": "factors", "factor": {"bytes": 17}},
    {"derive": "md5", "cipher": "aes-128-ecb", "framing": "hex-text"},
    {"derive": "md5", "cipher": "aes-128-cbc", "iv": "counter", "order": "platform-first"},
    {"derive": "sha256", "cipher": "aes-256-ecb"},
    {"derive": "sha256", "keys": "per-direction", "cipher": "aes-128-gcm", "iv": "factors"},
    {"derive": "sha256", "cipher": "aes-256-cbc", "iv": "zero", "framing": "hex-text"},
    {"info": "会议室 v2", "salt": "00112233445566778899aabbccddeeff"},
    {"info": "", "salt": "F0" * 70, "keys": "per-direction", "cipher": "aes-256-cbc", "iv": "counter"},
    {"cipher": "aes-128-gcm", "framing": "hex-text"},
    {"iv": "zero", "framing": "base64-text"},
    {"keys": "per-direction", "cipher": "aes-256-ecb", "framing": "base64-text"},
    {"keys": "per-direction", "cipher": "aes-128-cbc", "iv": "zero"},
]


def openssl(*arguments: str, data: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def make_key(bits: int) -> dict[str, str]:
    private = openssl("genrsa", "-traditional", str(bits))
    forms = {
        "der": base64.b64encode(openssl("rsa", "-pubout", "-outform", "DER", data=private)).decode(),
        "pem": openssl("rsa", "-pubout", "-outform", "PEM", data=private).decode(),
        "pkcs1": base64.b64encode(openssl("rsa", "-RSAPublicKey_out", "-outform", "DER", data=private)).decode(),
        "pkcs1-pem": openssl("rsa", "-RSAPublicKey_out", "-outform", "PEM", data=private).decode(),
    }
    return {"private": private.decode(), **forms}


def encrypt(factor: bytes, key: dict[str, str], padding: str, text: str) -> str:
    file = HERE / "public.tmp"
    file.write_text(key["pem"])
    if padding == "pkcs1v15":
        how = ["-pkeyopt", "rsa_padding_mode:pkcs1"]
    else:
        digest = padding.removeprefix("oaep-")
        names = ("rsa_padding_mode:oaep", f"rsa_oaep_md:{digest}", f"rsa_mgf1_md:{digest}")
        how = [word for name in names for word in ("-pkeyopt", name)]
    sealed = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", str(file), *how, data=factor)
    file.unlink()
    return sealed.hex() if text == "hex" else base64.b64encode(sealed).decode()


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    options = [f"hexkey:{secret.hex()}", f"hexsalt:{salt.hex()}", f"hexinfo:{info.hex()}", "digest:SHA256"]
    # The command line takes no empty value; an absent one means the same (RFC 5869).
    words = [word for option in options if not option.endswith(":") for word in ("-kdfopt", option)]
    return openssl("kdf", "-binary", "-keylen", str(length), *words, "HKDF")


def seal(cipher: str, key: bytes, iv: bytes, message: bytes) -> bytes:
    if cipher.endswith("gcm"):
        return b"".join(AES.new(key, AES.MODE_GCM, nonce=iv, mac_len=16).encrypt_and_digest(message))
    how = ["enc", f"-{cipher}", "-K", key.hex()]
    return openssl(*how, *(["-iv", iv.hex()] if iv else []), data=message)


def vector(number: int, options: dict, keys: dict[str, dict[str, str]]) -> dict:
    def of(name: str, default: str) -> str:
        return options.get(name, default)

    size = options.get("factor", {}).get("bytes", 32)
    text = options.get("factor", {}).get("text", "base64")
    digest = hashlib.shake_128(f"vector {number}".encode()).digest(2 * size)
    device, platform = digest[:size], digest[size:]
    cipher, padding = of("cipher", "aes-256-gcm"), of("padding", "oaep-sha256")
    mixed = platform + device if of("order", "device-first") == "platform-first" else device + platform
    key_size = 16 if "128" in cipher else 32
    needed = key_size * (2 if of("keys", "one") == "per-direction" else 1)
    salt, info = bytes.fromhex(of("salt", "")), of("info", "BEST-W channel v1").encode()
    derived = {
        "none": lambda: mixed,
        "xor": lambda: bytes(a ^ b for a, b in zip(device, platform, strict=True)),
        "md5": lambda: hashlib.md5(mixed).digest(),
        "sha256": lambda: hashlib.sha256(mixed).digest(),
        "hkdf-sha256": lambda: hkdf(mixed, salt, info, needed),
    }[of("derive", "hkdf-sha256")]()
    assert len(derived) >= needed, options
    to_platform = derived[:key_size]
    to_device = derived[key_size:needed] or to_platform
    device_key, platform_key = keys[f"device_{options.get('device_key_bits', 2048)}"], keys["platform"]
    form = of("public_key", "der")
    frames = []
    counts = {"to_platform": 0, "to_device": 0}
    sent = [("to_platform", HEARTBEAT % 0), ("to_device", REPLY), ("to_platform", BLOCKS), ("to_platform", WHOLE)]
    for direction, message in sent:
        count = counts[direction]
        counts[direction] += 1
        length = {"gcm": 12, "cbc": 16, "ecb": 0}[cipher[-3:]]
        iv, head = bytes(length), b""
        if length:
            match of("iv", "random"):
                case "counter":
                    head = count.to_bytes(8, "big")
                    iv = bytes(length - 8) + head
                case "random":
                    iv = head = hashlib.shake_128(f"{number} {direction} {count}".encode()).digest(length)
                case "factors":
                    iv = mixed[-length:]
        key = to_platform if direction == "to_platform" else to_device
        sealed = head + seal(cipher, key, iv, message.encode())
        framing = of("framing", "binary")
        payload = base64.b64encode(sealed) if framing == "base64-text" else sealed.hex().encode()
        frames.append(
            {
                "direction": direction,
                "json": message,
                "random_iv": head.hex() if of("iv", "random") == "random" and length else "",
                "binary": framing == "binary",
                "payload": payload.decode() if framing != "binary" else sealed.hex(),
            }
        )
    return {
        "options": options,
        "device_factor": device.hex(),
        "platform_factor": platform.hex(),
        "device_public_key": device_key[form],
        "platform_public_key": platform_key[form],
        "device_factor_sent": encrypt(device, platform_key, padding, text),
        "platform_factor_sent": encrypt(platform, device_key, padding, text),
        "key_to_platform": to_platform.hex(),
        "key_to_device": to_device.hex(),
        "frames": frames,
    }


def main() -> None:
    keys = {"device_1024": make_key(1024), "device_2048": make_key(2048), "platform": make_key(2048)}
    vectors = [vector(number, options, keys) for number, options in enumerate(OPTIONS)]
    private = {name: key["private"] for name, key in keys.items()}
    found = {"private_keys": private, "vectors": vectors}
    (HERE / "configurable-vectors.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
