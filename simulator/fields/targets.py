"""Field type of a scenario's `target`: the embedded platform, or the dispatch URLs of platforms that are there."""

from typing import Annotated, Final

from pydantic import BeforeValidator, WithJsonSchema

from simulator.closest import closest
from simulator.fields.dispatch_url import DispatchUrlError, parse_dispatch_url
from simulator.fields.section import Shown, WrongWord
from simulator.fields.wrong_kind import WrongKind
from simulator.texts.translation import _

EMBEDDED: Final = "embedded"
MOST_TARGETS: Final = 1000


def _dispatch_url(value: str) -> str:
    try:
        return parse_dispatch_url(value)
    except DispatchUrlError as error:
        near = closest(value, [EMBEDDED]) if ":" not in value else None
        if near is None:
            raise
        raise WrongWord(
            _(
                "'{value}' is neither `{embedded}` nor a URL like https://dispatch.example.com",
                value=value,
                embedded=EMBEDDED,
            ),
            near,
        ) from error


def parse_targets(value: object) -> tuple[str, ...]:
    """Dispatch URLs, each what precedes `/v3/device/getBrokerServer`; none for `embedded`.

    Raises:
        ValueError: If it is neither a URL, a list of them nor `embedded`.
    """
    if value == EMBEDDED:
        return ()
    items = value if isinstance(value, list | tuple) else [value]
    urls = [item for item in items if isinstance(item, str)]
    if len(items) > MOST_TARGETS:
        raise ValueError(
            _("{items} URLs; at most {most_targets} are used", items=len(items), most_targets=MOST_TARGETS)
        )
    if not urls or len(urls) < len(items):
        raise WrongKind(
            _("must be `{embedded}`, the URL of a dispatch server, or a list of such URLs", embedded=EMBEDDED)
        )
    return tuple(_dispatch_url(url) for url in urls)


Targets = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_targets),
    WithJsonSchema(
        {
            "title": "embedded, URL or URLs",
            "anyOf": [
                {"type": "string", "pattern": "^(embedded$|https?://)"},
                {"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^https?://"}},
            ],
            "examples": [EMBEDDED, "https://dispatch.example.com"],
        }
    ),
    Shown("`embedded`, URL or list of URLs", lambda urls: ", ".join(urls) or EMBEDDED),
]
