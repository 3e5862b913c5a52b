"""How objects and lists of objects are read: field by field, as the catalogue declares them."""

from typing import Any, Final

from simulator.judge.departures import Notes, shown
from simulator.judge.fields import CardReader, PositionsReader, Reader, TextReader, TextsReader
from simulator.measurements.violation_rules import SESSION_HEARTBEAT_TERMS
from simulator.protocol.catalogue import common
from simulator.protocol.catalogue import formats as f
from simulator.protocol.catalogue.spec import Field, Object, Objects, Shape, Strings
from simulator.texts.told import Told

LONGEST_INTERVAL_S: Final = 86_400
"""A heartbeat a day is none."""
_INTERVAL: Final = "heartbeatInterval"
_IDENTIFIES: Final = frozenset({"pin", "id", "cmdId", "meetingId", "authCode", "secret", "tmp", "publicKey", "factor"})
"""Required texts that say nothing when they are empty; the others are names, which may be."""
_NOT_ACTED_ON: Final = (
    common.FUN_SWITCH,
    common.DISABLE,
    common.CARD_TYPE,
    common.LOSS_FLAG,
    common.RULE_TYPE,
    common.TEMPLATE_FORMAT,
)
"""Enumerations that a device stores, and does nothing with."""
_TEXT_OF_CHANNEL: Final = frozenset({"publicKey", "factor"})
"""Whether these can be used only the channel's suite can say."""


class ObjectReader:
    """One JSON object.

    Args:
        loose: whether it stands in a reply, where an optional field without plain meaning counts as absent.
    """

    takes_empty = False
    expected = "an object"

    def __init__(self, shape: Object, *, loose: bool) -> None:
        self._readers = tuple(_FieldReader(field, loose=loose) for field in shape.fields)
        self._fields = tuple(
            (reader.name, reader.required, reader.takes_empty, reader.value.right) for reader in self._readers
        )
        self.needs = tuple(field.name for field in shape.fields if field.required)

    def right(self, value: Any) -> bool:
        if type(value) is not dict:
            return False
        get = value.get
        for name, required, takes_empty, right in self._fields:
            item = get(name)
            if item is None:
                if required or name in value:
                    return False
            elif item == "":
                if required or not takes_empty:
                    return False
            elif not right(item):
                return False
        return True

    def read(self, value: Any, path: str, notes: Notes) -> Any:
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            notes.depart(notes.family.type, path, "is a list, should be the object in it")
            value = value[0]
        if not isinstance(value, dict):
            notes.fail(notes.family.type, path, Told("is {value}, should be an object", value=shown(value)))
            return None
        plain = dict(value)
        for reader in self._readers:
            reader.read(plain, path, notes)
        return plain


class ReportReader(ObjectReader):
    """The results of `dev.report`, where no interval is due if no heartbeats are wanted."""

    def right(self, value: Any) -> bool:
        return super().right(_without_idle_interval(value))

    def read(self, value: Any, path: str, notes: Notes) -> Any:
        return super().read(_without_idle_interval(value), path, notes)


class ObjectsReader:
    """A list of JSON objects."""

    takes_empty = False
    expected = "a list of objects"

    def __init__(self, shape: Objects, *, loose: bool) -> None:
        self._item = ObjectReader(shape.item, loose=loose)

    def right(self, value: Any) -> bool:
        if type(value) is not list:
            return False
        right = self._item.right
        for item in value:  # noqa: SIM110 - half as dear as all()
            if not right(item):
                return False
        return True

    def read(self, value: Any, path: str, notes: Notes) -> Any:
        if isinstance(value, dict):
            notes.depart(notes.family.type, path, "is an object, should be a list of such objects")
            value = [value]
        if not isinstance(value, list):
            notes.fail(
                notes.family.type,
                path,
                Told("is {value}, should be {expected}", value=shown(value), expected=self.expected),
            )
            return None
        read, right = self._item.read, self._item.right
        return [
            item if right(item) else read(item, f"{path}[{position}]", notes) for position, item in enumerate(value)
        ]


class _FieldReader:
    """One declared field of an object: whether it is there, and what stands in it."""

    def __init__(self, field: Field, *, loose: bool) -> None:
        self.name = field.name
        self.required = field.required
        self.value = _reader(field.name, field.shape, loose=loose and not field.required)
        self.takes_empty = self.value.takes_empty
        self._may_be_empty = field.required and field.shape == f.TEXT and field.name not in _IDENTIFIES

    def read(self, values: dict[str, Any], path: str, notes: Notes) -> None:
        """Put into `values` what the field means, or take it out."""
        name = self.name
        item = values.get(name)
        where = f"{path}.{name}"
        if item is None or item == "":
            if self.required:
                self._missing(values, where, notes)
            elif name in values and not (item == "" and self.takes_empty):
                notes.depart(
                    notes.family.type,
                    where,
                    Told("is {item}, should be {expected} or left out", item=shown(item), expected=self.value.expected),
                )
                del values[name]
        elif not self.value.right(item):
            plain = self.value.read(item, where, notes)
            if plain is None:
                del values[name]
            else:
                values[name] = plain

    def _missing(self, values: dict[str, Any], where: str, notes: Notes) -> None:
        if self.name not in values:
            notes.fail(
                notes.family.missing, where, Told("is missing, should be {expected}", expected=self.value.expected)
            )
            return
        fault = Told("is {shown}, should be {expected}", shown=shown(values[self.name]), expected=self.value.expected)
        if self._may_be_empty:
            notes.depart(notes.family.missing, where, Told("{fault} that says something", fault=fault))
            values[self.name] = ""
        else:
            notes.fail(notes.family.missing, where, fault)
            del values[self.name]


def results_reader(shape: Object) -> ObjectReader:
    """The reader of a reply's results."""
    tells_terms = any(field.name == _INTERVAL for field in shape.fields)
    return (ReportReader if tells_terms else ObjectReader)(shape, loose=True)


def _without_idle_interval(results: Any) -> Any:
    if isinstance(results, dict) and results.get("supportHeartbeat") == "0" and results.get(_INTERVAL) == "0":
        return {name: value for name, value in results.items() if name != _INTERVAL}
    return results


def _reader(name: str, shape: Shape, *, loose: bool) -> Reader:
    if isinstance(shape, Object):
        return ObjectReader(shape, loose=loose)
    if isinstance(shape, Objects):
        return ObjectsReader(shape, loose=loose)
    if isinstance(shape, Strings):
        return TextsReader(loose=loose)
    if shape == f.DIGITS:
        return CardReader(name, shape, loose=loose)
    if shape == f.BIO_FLAGS:
        return PositionsReader(name, shape, loose=loose)
    if name == _INTERVAL:
        interval = f.Integer(1, LONGEST_INTERVAL_S)
        return TextReader(name, interval, loose=True, beyond=SESSION_HEARTBEAT_TERMS)
    if name in _TEXT_OF_CHANNEL:
        shape = f.TEXT
    free = shape == f.TEXT and name not in _IDENTIFIES
    return TextReader(name, shape, loose=loose, kept=shape in _NOT_ACTED_ON, free=free)
