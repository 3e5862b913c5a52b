"""What a device presents to its broker, by its profile: everything filled in, the password made.

Tencent's password is that of its public documents and of its device SDKs: HMAC of the user name under the decoded
device secret, in hex, then the name of the algorithm.
"""

import base64
import binascii
import hashlib
import hmac
import string
from random import Random
from typing import Final

from simulator.mqtt.login import Login
from simulator.protocol.credentials import device_key_digest
from simulator.pubsub.profile import Identity, Password, PasswordKind, Profile
from simulator.pubsub.templates import CannotFill, fill, values_of

SDK_APP_ID: Final = "12010126"
"""In Tencent's documents; its Python SDK says 21010406, which a profile can have in `username` instead."""
SIGNED_FOR: Final = 86_400
"""Seconds until a signed user name is no longer good: far beyond any difference of clocks, short enough to expire."""
_CONNID_CHARS: Final = 5
_CONNID: Final = string.ascii_letters + string.digits
ALGORITHMS: Final = {"sha256": hashlib.sha256, "sha1": hashlib.sha1}


def login_of(
    profile: Profile,
    identity: Identity,
    *,
    rng: Random,
    now: float,
    digest: str | None = None,
    port: int | None = None,
) -> Login:
    """What a device presents in one connect.

    Args:
        rng: the device's; drawn from only where the profile asks for a `{connid}`.
        now: seconds since 1970 by the device's clock; `{expiry}` counts from it.
        digest: `device_key_digest` of the device, where it has been computed already: it costs 1,000 rounds.
        port: of the broker; decides whether `alpn` is offered where the profile has it for some ports only.

    Raises:
        CannotFill: If the device lacks what the profile asks for; the text holds no secret.
    """
    values = values_of(identity)
    client_id = fill(profile.client_id, values, key="client_id")
    values |= {
        "clientId": client_id,
        "sdkappid": SDK_APP_ID,
        "expiry": str(int(now) + SIGNED_FOR),
        "connid": _connid(profile, rng),
    }
    username = None if profile.username is None else fill(profile.username, values, key="username")
    return Login(
        client_id=client_id,
        username=username,
        password=_password(profile.password, identity, values, username, digest),
        up=fill(profile.up, values, key="up", in_topic=True),
        down=fill(profile.down, values, key="down", in_topic=True),
        qos=profile.qos,
        keep_alive=profile.keep_alive,
        clean_session=profile.clean_session,
        alpn=profile.offered_alpn(port),
        max_payload=profile.max_packet,
    )


def _connid(profile: Profile, rng: Random) -> str | None:
    """Five letters or digits; none is drawn where none is asked for, so that a seed's history stays its own."""
    asked = "{connid}" in (profile.username or "") or "{connid}" in profile.password.text
    return "".join(rng.choices(_CONNID, k=_CONNID_CHARS)) if asked else None


def _password(
    password: Password, identity: Identity, values: dict[str, str | None], username: str | None, digest: str | None
) -> str | None:
    match password.kind:
        case PasswordKind.NONE:
            return None
        case PasswordKind.TEXT:
            return fill(password.text, values, key="password")
        case PasswordKind.DEV_KEY_DIGEST:
            return digest or device_key_digest(identity.dev_key, identity.product_id)
        case PasswordKind.HMAC:
            return signed(password, fill(password.key, values, key="password.hmac.key"), username)


def signed(password: Password, key: str, username: str | None) -> str:
    """The password of kind `hmac` for a user name.

    Args:
        key: in base64.

    Raises:
        CannotFill: If the key is no base64.
    """
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        raise CannotFill(
            "the key of the password (deviceSecret, or devKey where there is none) is no base64, "
            "which `password.hmac` of the profile needs"
        ) from None
    token = hmac.new(raw, (username or "").encode(), ALGORITHMS[password.algorithm]).hexdigest()
    return token + password.suffix
