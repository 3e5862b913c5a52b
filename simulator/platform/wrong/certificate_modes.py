"""Mistakes of a platform that issues certificates to its devices, and of its broker, which demands them.

What would keep a device away for good is made in every other look-up: it asks again after two attempts.
"""

import datetime
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from simulator.measurements import violation_rules as rules
from simulator.platform.device_certificates import DeviceCertificates
from simulator.platform.wrong.mode import Mode
from simulator.wire.authority import Issued

_DAY: Final = datetime.timedelta(days=1)
_ANOTHER: Final = "another-device"
_CUT: Final = -60
"""Characters that are cut off a key: its PEM still begins and no longer ends."""

Issue = Callable[[DeviceCertificates, str], Issued | None]
"""What stands in an answer instead of the device's certificate and key."""


def _expired(certificates: DeviceCertificates, sn: str) -> Issued:
    now = certificates.now()
    return certificates.issue_for(sn, now - 3 * _DAY, now - 2 * _DAY)


def _not_yet(certificates: DeviceCertificates, sn: str) -> Issued:
    now = certificates.now()
    return certificates.issue_for(sn, now + 2 * _DAY, now + 3 * _DAY)


def _other_device(certificates: DeviceCertificates, sn: str) -> Issued:
    return certificates.issue(_ANOTHER)


def _key_broken(certificates: DeviceCertificates, sn: str) -> Issued:
    right = certificates.issue(sn)
    return right._replace(private_key=right.private_key[:_CUT])


def _key_other(certificates: DeviceCertificates, sn: str) -> Issued:
    return certificates.issue(sn)._replace(private_key=certificates.issue(sn).private_key)


def _mode(name: str, text: str, *, rule: str | None = None, every: int = 2) -> Mode:
    return Mode(
        name=f"certificate.{name}",
        text=text,
        rules=() if rule is None else (rule,),
        every=every,
        issues=True,
    )


_ANSWER: Final = "in every other answer to a look-up"
EXPIRED: Final = _mode(
    "expired", f"gives a device a certificate that has expired {_ANSWER}", rule=rules.LOOKUP_CERTIFICATE_TIME
)
NOT_YET: Final = _mode(
    "not-yet", f"gives a device a certificate that is not valid yet {_ANSWER}", rule=rules.LOOKUP_CERTIFICATE_TIME
)
OTHER_DEVICE: Final = _mode("other-device", f"gives a device another device's certificate {_ANSWER}")
KEY_BROKEN: Final = _mode("key-broken", f"cuts off the private key {_ANSWER}", rule=rules.LOOKUP_CERTIFICATE)
KEY_OTHER: Final = _mode(
    "key-other",
    f"gives a device a private key that does not belong to its certificate {_ANSWER}",
    rule=rules.LOOKUP_CERTIFICATE_PAIR,
)
MISSING: Final = _mode("missing", f"leaves certificate and key out {_ANSWER}, and demands them all the same")
ROOT_BROKEN: Final = _mode(
    "root-broken", "sends a rootCA in PEM that holds no certificate", rule=rules.LOOKUP_CERTIFICATE, every=1
)
ACCEPTS_NONE: Final = _mode("accepts-none", "lets devices in that show no certificate", every=1)
ACCEPTS_OTHER: Final = _mode("accepts-other", "takes a device with another device's certificate", every=1)

ISSUED_WRONGLY: Final[Mapping[str, Issue]] = MappingProxyType(
    {
        EXPIRED.name: _expired,
        NOT_YET.name: _not_yet,
        OTHER_DEVICE.name: _other_device,
        KEY_BROKEN.name: _key_broken,
        KEY_OTHER.name: _key_other,
        MISSING.name: lambda certificates, sn: None,
    }
)
"""How each of those is made; one at a time, in turns."""

CERTIFICATE_MODES: Final[tuple[Mode, ...]] = (
    EXPIRED,
    NOT_YET,
    OTHER_DEVICE,
    KEY_BROKEN,
    KEY_OTHER,
    MISSING,
    ROOT_BROKEN,
    ACCEPTS_NONE,
    ACCEPTS_OTHER,
)
"""In the order of tables."""

NO_ROOT: Final = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n"
"""PEM that holds no certificate."""
