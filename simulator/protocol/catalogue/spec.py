"""How a message is declared: fields, lists, objects, and the message around them.

The declarations themselves stand in `lookup`, `device_messages` and `commands`; checking a message against its
declaration is `validation`'s.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum

from simulator.protocol.catalogue.formats import Format


class Direction(Enum):
    """Who sends the message."""

    LOOKUP = "device → dispatch (HTTP)"
    TO_PLATFORM = "device → platform"
    TO_DEVICE = "platform → device"


class Reply(Enum):
    """What answers the message."""

    BARE = "code, message and mid without funcId"
    PLATFORM = "cmd.dev.response"
    DEVICE = "dev.cmd.response"
    NONE = "no reply"


@dataclass(frozen=True, slots=True)
class Strings:
    """A list of strings, each of one format."""

    item: Format


@dataclass(frozen=True, slots=True)
class Object:
    """A JSON object: its fields, and groups of fields of which exactly one must be given."""

    fields: "tuple[Field, ...]" = ()
    exactly_one: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Objects:
    """A list of JSON objects, all of one shape."""

    item: Object


Shape = Format | Strings | Object | Objects


@dataclass(frozen=True, slots=True)
class Field:
    """One declared name of an object.

    A field that is no list and holds an empty string counts as absent (docs/deviations.md).
    """

    name: str
    shape: Shape
    required: bool
    description: str
    default: str | None = None
    aliases: tuple[str, ...] = ()
    """Other wire names that a receiver accepts for the same field (slips of the document)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSpec:
    """One funcId of the document, with everything that anybody needs to know about it."""

    func_id: str
    direction: Direction
    section: str
    """The section's heading in the document (its numbers are not unique)."""
    summary: str
    params: Object = field(default_factory=Object)
    results: Object = field(default_factory=Object)
    reply: Reply = Reply.PLATFORM
    sn_required: bool = False
    """Whether `sn` must stand at the envelope's top level."""
    left_out_over_publish_subscribe: tuple[str, ...] = ()
    """What of it, `sn` or parameters, is not needed where the topic says who is speaking."""
    params_required: bool = True
    """False where the document shows the message without any payload."""
    before_login: bool = False
    """Whether the platform takes the message from a device that has not logged in yet."""
    always_supported: bool = False
    """Whether both sides support it whatever their `funcIds` lists say."""
    negotiated: bool = True
    """Whether it is listed in the `funcIds` of `dev.report` and its reply."""
    extension: bool = False
    """Whether it is our own, under a name that the document only mentions; listed by those alone who send it."""

    def over_publish_subscribe(self) -> "MessageSpec":
        """The message as it is over a publish/subscribe protocol such as MQTT."""
        left_out = self.left_out_over_publish_subscribe
        fields = tuple(
            replace(each, required=each.required and each.name not in left_out) for each in self.params.fields
        )
        return replace(
            self, sn_required=self.sn_required and "sn" not in left_out, params=replace(self.params, fields=fields)
        )


def required(name: str, shape: Shape, description: str, *, aliases: tuple[str, ...] = ()) -> Field:
    """A field that must be there."""
    return Field(name, shape, True, description, aliases=aliases)


def optional(
    name: str, shape: Shape, description: str, *, default: str | None = None, aliases: tuple[str, ...] = ()
) -> Field:
    """A field that may be absent; `default` is what a receiver then assumes."""
    return Field(name, shape, False, description, default=default, aliases=aliases)


def walk_fields(shape: Object, prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Every field of `shape`, nested ones too, with its path (`users[].pin`)."""
    for item in shape.fields:
        path = f"{prefix}{item.name}"
        yield path, item
        if isinstance(item.shape, Object):
            yield from walk_fields(item.shape, f"{path}.")
        elif isinstance(item.shape, Objects):
            yield from walk_fields(item.shape.item, f"{path}[].")
