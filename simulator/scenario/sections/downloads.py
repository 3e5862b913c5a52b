"""The section about downloads: where devices may fetch the pictures from that the platform names."""

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from simulator.fields.section import Section, Shown
from simulator.fields.wrong_kind import WrongKind
from simulator.scenario.download_rules import parse_host
from simulator.texts.translation import _

DOWNLOADS_AT_ONCE = 100
MOST_HOSTS = 1000


def _hosts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    if len(items) > MOST_HOSTS:
        raise ValueError(_("{items} hosts; at most {most_hosts} are taken", items=len(items), most_hosts=MOST_HOSTS))
    hosts = []
    for item in items:
        if not isinstance(item, str):
            raise WrongKind(_("must be host names, addresses or networks, like files.example.com or 10.0.0.0/24"))
        hosts.append(parse_host(item))
    return tuple(dict.fromkeys(hosts))


Hosts = Annotated[
    tuple[str, ...],
    BeforeValidator(_hosts),
    WithJsonSchema(
        {
            "title": "hosts",
            "anyOf": [
                {"type": "string"},
                {"type": "array", "maxItems": MOST_HOSTS, "items": {"type": "string"}},
            ],
            "examples": ["files.example.com", ["files.example.com", "10.0.0.0/24"]],
        }
    ),
    Shown("host, address, network or list", ", ".join),
]


class DownloadsSection(Section):
    """The pictures that devices fetch for `cmd.data.update.bioPhoto`, from wherever the platform says."""

    hosts: Hosts = Field(
        default=(),
        description="Hosts, addresses and networks that may be fetched from although they are no public ones: "
        "loopback, link-local and private addresses are refused otherwise, unless the platform's own is of that kind.",
    )
    at_once: int = Field(
        default=DOWNLOADS_AT_ONCE, ge=1, le=10_000, description="Downloads under way per process; the others wait."
    )
