"""Field type of a broker's address: `mqtt://` or `mqtts://`, a host, and perhaps a port."""

from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from simulator.fields.dispatch_url import DispatchUrlError, parse_dispatch_url
from simulator.fields.section import Shown
from simulator.fields.wrong_kind import WrongKind
from simulator.shown import detail
from simulator.texts.translation import _

SCHEMES: Final = ("mqtt", "mqtts")
_EXAMPLE: Final = "mqtt://127.0.0.1:1883"
_OTHERS: Final = {"tcp": "mqtt", "ssl": "mqtts", "tls": "mqtts"}
_MOST_SHOWN: Final = 200


def parse_broker_url(value: object) -> str:
    """The address as it is written, without a slash at its end.

    Raises:
        ValueError: If it is none, or holds more than scheme, host and port.
    """
    if not isinstance(value, str) or not value.strip():
        raise WrongKind(_("must be the address of a broker, like {example}", example=_EXAMPLE))
    if "@" in value:
        raise ValueError(_("must carry no user name or password: `username` and `password_file` beside it say them"))
    url = value.strip().removesuffix("/")
    shown = detail(url, _MOST_SHOWN)
    scheme, separator, rest = url.partition("://")
    right = _OTHERS.get(scheme.lower())
    if separator and right is not None:
        raise ValueError(_("'{shown}' must begin with {right}:// here", shown=shown, right=right))
    if not separator or scheme.lower() not in SCHEMES:
        raise ValueError(
            _("'{shown}' must begin with mqtt:// or mqtts://, as in {example}", shown=shown, example=_EXAMPLE)
        )
    if any(mark in rest for mark in "/?#"):
        raise ValueError(
            _("'{shown}' holds more than a host and a port: write it like {example}", shown=shown, example=_EXAMPLE)
        )
    try:
        # What a host and a port look like is the same there.
        parse_dispatch_url(f"http://{rest}")
    except DispatchUrlError:
        raise ValueError(
            _("'{shown}' has no valid host and port: write it like {example}", shown=shown, example=_EXAMPLE)
        ) from None
    return f"{scheme.lower()}://{rest}"


BrokerUrl = Annotated[
    str,
    BeforeValidator(parse_broker_url),
    WithJsonSchema({"type": "string", "pattern": "^mqtts?://", "title": "address of a broker", "examples": [_EXAMPLE]}),
    Shown("address of a broker", str),
]
