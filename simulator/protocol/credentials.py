"""The three digests that prove a device or a user: the look-up's sign, the devKey's and the password's.

Pure functions of their arguments. The two PBKDF2 digests cost over a tenth of a millisecond each, so a caller that
needs one again keeps it.
"""

import hashlib
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

_ROUNDS: Final = 1000
_DIGEST_BYTES: Final = 32


def sign(sn: str, nonce: str, timestamp_ms: str, secret_key: str) -> str:
    """The `sign` of a getBrokerServer look-up (document 3.1): 32 lower-case hexadecimal digits.

    Args:
        timestamp_ms: milliseconds since the epoch, in the same digits as in the query.
    """
    text = sn + nonce + timestamp_ms + secret_key
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def device_key_digest(dev_key: str, product_id: str) -> str:
    """The `devKey` as it is sent in `dev.register`, `dev.accredit` and `dev.login`: 64 hexadecimal digits.

    The salt is the text of `product_id` itself, in UTF-8.
    """
    return _pbkdf2(dev_key, product_id.encode())


def password_digest(password: str, salt_hex: str) -> str:
    """A user's `password` as it is sent in user messages: 64 hexadecimal digits.

    Args:
        salt_hex: the `passwordSalt`; the salt is the bytes that it stands for.

    Raises:
        ValueError: If `salt_hex` is not hexadecimal.
    """
    return _pbkdf2(password, bytes.fromhex(salt_hex))


def _pbkdf2(secret: str, salt: bytes) -> str:
    # In a third of the time that hashlib takes for it with OpenSSL 3.
    return PBKDF2HMAC(hashes.SHA256(), _DIGEST_BYTES, salt, _ROUNDS).derive(secret.encode()).hex()
