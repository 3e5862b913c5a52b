"""Tells whether two commands under one `cmdId` are the same command."""

from typing import Any, Final

import orjson

from simulator.judge.commands import ReadCommand
from simulator.protocol.catalogue import CATALOGUE
from simulator.protocol.catalogue.spec import Object, Objects

_CMD_ID: Final = "cmdId"
_BIO_PHOTO: Final = "cmd.data.update.bioPhoto"


def content(read: ReadCommand) -> tuple[str, bytes]:
    """What a command asks for: equal where it is the same command sent again.

    Only the document's own fields count: others are to be tolerated, and may say when or how often it was sent. A
    picture's address may be made for one sending. An empty text counts as absent.
    """
    spec = CATALOGUE.get(read.func_id)
    params: Any = {name: value for name, value in read.params.items() if name != _CMD_ID}
    if spec is not None:
        params = _declared(params, spec.params, read.func_id == _BIO_PHOTO)
    try:
        told = orjson.dumps(params, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:
        told = repr(sorted(params)).encode()  # deeper than anything that the protocol knows
    return read.func_id, told


def _declared(value: Any, shape: Object, picture: bool) -> Any:
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for field in shape.fields:
        item = value.get(field.name)
        if item in (None, "") or field.name == _CMD_ID or (picture and field.name == "url"):
            continue
        if isinstance(field.shape, Object):
            item = _declared(item, field.shape, picture)
        elif isinstance(field.shape, Objects) and isinstance(item, list):
            item = [_declared(each, field.shape.item, picture) for each in item]
        found[field.name] = item
    return found
