"""getBrokerServer: where a device asks for its platform (document 3.1, docs/deviations.md, Look-up).

Both sides of the question: the query a device builds and a platform parses and checks, and the answer. Sending it over
HTTP, knowing the devices and remembering nonces are left to the callers.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import orjson

from simulator.protocol import codes, credentials

LOOKUP_PATH: Final = "/v3/device/getBrokerServer"
"""Follows the dispatch URL."""
MAX_NONCE_LENGTH: Final = 32
MAX_SKEW_MS: Final = 300_000
"""How far a look-up's timestamp may be from the platform's clock: about 5 minutes."""

_TIMESTAMP: Final = re.compile(r"[0-9]{1,19}")


class BrokerType(StrEnum):
    """The transports that a device can ask an address for."""

    PUSH = "push"
    BEST_W = "best-w"
    """Over WebSocket."""
    BEST_T = "best-t"
    """Over a Tencent broker."""
    BEST_M = "best-m"
    """Over MQTT."""
    BEST_A = "best-a"
    """Over AWS IoT Core."""


_TYPES: Final = frozenset(BrokerType)
_PUBLISH_SUBSCRIBE: Final = frozenset({BrokerType.BEST_T, BrokerType.BEST_M, BrokerType.BEST_A})


def is_websocket(broker_type: str) -> bool:
    """Whether the address that the look-up gives for this type is a WebSocket's."""
    return broker_type == BrokerType.BEST_W


def is_publish_subscribe(broker_type: str) -> bool:
    """Whether it is a publish/subscribe protocol: MQTT, of some broker."""
    return broker_type in _PUBLISH_SUBSCRIBE


def schemes(broker_type: str) -> tuple[str, ...]:
    """How the address that the look-up gives for this type begins; empty for one that nobody here speaks."""
    if is_websocket(broker_type):
        return ("ws://", "wss://")
    return ("mqtt://", "mqtts://") if is_publish_subscribe(broker_type) else ()


def protocol_type(broker_type: str) -> str:
    """`protType` of dev.register. The document has no `best-a` there; a device says `best-m`, which that is."""
    return BrokerType.BEST_M if broker_type == BrokerType.BEST_A else broker_type


@dataclass(frozen=True, slots=True)
class LookupQuery:
    """The parameters of one look-up, as they stand in the URL (decoded)."""

    sn: str
    type: str
    nonce: str
    timestamp: str
    """Milliseconds since the epoch, as digits."""
    sign: str = field(repr=False)

    @classmethod
    def build(cls, sn: str, broker_type: str, nonce: str, timestamp_ms: int, secret_key: str) -> Self:
        """A signed query. `nonce` has 32 characters at most and is never used twice by a device."""
        timestamp = str(timestamp_ms)
        return cls(sn, str(broker_type), nonce, timestamp, credentials.sign(sn, nonce, timestamp, secret_key))

    def url(self, dispatch_url: str) -> str:
        """The URL to GET.

        Args:
            dispatch_url: what precedes `/v3/device/getBrokerServer`, such as `https://dc.example.com`.

        Raises:
            ValueError: If it is no http or https URL, or carries a query or fragment.
        """
        parts = urlsplit(dispatch_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("the dispatch URL is no http:// or https:// URL with a host")
        if "?" in dispatch_url or "#" in dispatch_url:
            raise ValueError("the dispatch URL carries a query or fragment")
        return f"{dispatch_url.rstrip('/')}{LOOKUP_PATH}?{self.query_string()}"

    def query_string(self) -> str:
        """The part of the URL after `?`, percent-encoded."""
        parameters = {
            "sn": self.sn,
            "type": self.type,
            "nonce": self.nonce,
            "timestamp": self.timestamp,
            "sign": self.sign,
        }
        return urlencode(parameters, safe="", quote_via=quote)


def parse_lookup(parameters: Mapping[str, str]) -> LookupQuery | str:
    """What a platform makes of a look-up's decoded parameters; unknown ones are ignored.

    Returns:
        The query, or the code to refuse it with: `E0000002` a parameter is missing or empty, `E0000004` an unknown
        type, a nonce of more than 32 characters, or a timestamp that is no number.
    """
    values = [parameters.get(name) for name in ("sn", "type", "nonce", "timestamp", "sign")]
    sn, broker_type, nonce, timestamp, sign = (value or "" for value in values)
    if not all(values):
        return codes.MALFORMED
    if broker_type not in _TYPES or len(nonce) > MAX_NONCE_LENGTH or _TIMESTAMP.fullmatch(timestamp) is None:
        return codes.BAD_VALUE
    return LookupQuery(sn, broker_type, nonce, timestamp, sign)


def parse_query_string(text: str) -> LookupQuery | str:
    """`parse_lookup` of the URL's part after `?`; refused with `E0000002` where it is no UTF-8 or repeats a name."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=32)
    except ValueError:
        return codes.MALFORMED
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        return codes.MALFORMED
    return parse_lookup(parameters)


def check_lookup(
    query: LookupQuery, *, secret_key: str | None, now_ms: int, nonce_seen: bool, max_skew_ms: int = MAX_SKEW_MS
) -> str | None:
    """Whether a platform answers this query.

    Args:
        secret_key: the one written into the device `query.sn`, None for an unknown device.
        now_ms: the platform's time, milliseconds since the epoch.
        nonce_seen: whether this device has used the nonce before.
        max_skew_ms: how far the timestamp may be from `now_ms`, either way.

    Returns:
        None, or the code to refuse it with: `E0010004` an unknown device, `E0000003` a bad sign, time or nonce.
    """
    if secret_key is None:
        return codes.NOT_AUTHORISED
    expected = credentials.sign(query.sn, query.nonce, query.timestamp, secret_key)
    if not hmac.compare_digest(expected.encode(), query.sign.encode(errors="replace")):
        return codes.BAD_SIGN
    if abs(int(query.timestamp) - now_ms) > max_skew_ms or nonce_seen:
        return codes.BAD_SIGN
    return None


_RESULT_NAMES: Final = {
    "url": "url",
    "root_ca": "rootCA",
    "certificate": "certificate",
    "private_key": "privateKey",
    "public_key": "publicKey",
    "company_id": "companyId",
    "site_id": "siteId",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAnswer:
    """The answer to a look-up: the broker's `url` under code `00000000`, or a refusal."""

    code: str
    message: str = ""
    url: str | None = None
    root_ca: str | None = None
    """PEM text of the CA that signed the broker's certificate."""
    certificate: str | None = None
    """PEM text of the device's certificate."""
    private_key: str | None = field(default=None, repr=False)
    public_key: str | None = None
    company_id: str | None = None
    site_id: str | None = None

    @classmethod
    def refusal(cls, code: str) -> Self:
        """The answer that refuses with `code` and its usual message."""
        return cls(code=code, message=codes.MESSAGES.get(code, "refused"))

    @property
    def succeeded(self) -> bool:
        """Whether there is a `url` to connect to."""
        return self.code == codes.SUCCESS

    def encode(self) -> bytes:
        """The answer's HTTP body, UTF-8 JSON."""
        answer: dict[str, Any] = {"code": self.code, "message": self.message}
        results = {wire: value for name, wire in _RESULT_NAMES.items() if (value := getattr(self, name)) is not None}
        if results:
            answer["payload"] = {"results": results}
        return orjson.dumps(answer)
