"""Right messages and their mutations: nothing of the catalogue is left out, each breaks what it says alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.conform.generated import (
    PREFIXES,
    Kind,
    Mutation,
    broken_text,
    mutations,
    right_params,
    right_text,
)
from simulator.conform.stated import _STATED, _UNSURE, open_format, stated_format
from simulator.protocol.catalogue import CATALOGUE, DEVICE_FUNC_IDS
from simulator.protocol.catalogue.formats import Format, Text
from simulator.protocol.catalogue.spec import Strings, walk_fields
from simulator.protocol.catalogue.validation import validate_request
from simulator.protocol.codes import BAD_VALUE, MALFORMED
from tests.strategies import broken_texts, valid_params

_ALL = [mutation for func_id in PREFIXES for mutation in mutations(func_id)]
_WITHOUT = {"device.exchange.publicKey", "device.exchange.factor", "dev.system.sync.time", "dev.cmd.response"}
"""The channel's own, one without parameters, and one without a reply."""


def _message(func_id: str, params: dict[str, Any]) -> dict[str, Any]:
    envelope = {"funcId": func_id, "sn": "S1", "mid": "1"}
    return {**envelope, "payload": {"params": params}}


def _scalars(func_id: str) -> dict[str, Format]:
    found = {}
    for path, field in walk_fields(CATALOGUE[func_id].params):
        if isinstance(field.shape, Strings):
            found[f"{path}[]"] = field.shape.item
        elif isinstance(field.shape, Format):
            found[path] = field.shape
    return found


def _paths(func_id: str, kind: Kind) -> list[str]:
    return [each.path for each in mutations(func_id) if each.kind is kind]


def test_every_message_that_gets_a_reply_has_its_mutations() -> None:
    assert set(PREFIXES) == set(DEVICE_FUNC_IDS) - _WITHOUT


@pytest.mark.parametrize("func_id", PREFIXES)
def test_every_required_field_is_left_out_once(func_id: str) -> None:
    spec = CATALOGUE[func_id]
    due = [path for path, field in walk_fields(spec.params) if field.required]
    # Of a group of which exactly one is given, the first stands for all.
    due += [path for path, field in walk_fields(spec.params) if field.name == "content" and not field.required]
    due += ["payload", "params"] + (["sn"] if spec.sn_required else [])
    assert sorted(_paths(func_id, Kind.MISSING)) == sorted(due)


@pytest.mark.parametrize("func_id", PREFIXES)
def test_every_scalar_is_a_number_once(func_id: str) -> None:
    assert _paths(func_id, Kind.NUMBER) == list(_scalars(func_id))


@pytest.mark.parametrize("func_id", PREFIXES)
def test_every_format_is_broken_once(func_id: str) -> None:
    due = [path for path, shape in _scalars(func_id).items() if shape != Text()]
    assert _paths(func_id, Kind.FORMAT) == due


def test_ids_are_unique_and_read_well() -> None:
    ids = [mutation.id for mutation in _ALL]
    assert len(set(ids)) == len(ids)
    assert {
        *("upload.verifyLog.missing.pin", "upload.verifyLog.format.verifyTime", "upload.verifyLog.number.status"),
        *("report.missing.fwVer", "register.missing.protType", "upload.user.missing.bioDatas.type"),
        *("upload.user.missing.users", "report.number.funcIds", "file.start.missing.payload", "login.missing.sn"),
    } <= set(ids)


@pytest.mark.parametrize("func_id", PREFIXES)
def test_the_smallest_message_is_right(func_id: str) -> None:
    assert validate_request(_message(func_id, right_params(func_id))) is None


@given(st.sampled_from(sorted(PREFIXES)), st.data())
def test_it_is_right_with_any_optional_fields(func_id: str, data: st.DataObject) -> None:
    names = [field.name for _, field in walk_fields(CATALOGUE[func_id].params)]
    including = frozenset(data.draw(st.sets(st.sampled_from(names))))
    params = right_params(func_id, including=including)
    assert validate_request(_message(func_id, params)) is None


@given(st.sampled_from(sorted(PREFIXES)), st.data())
def test_given_values_stand_in_it(func_id: str, data: st.DataObject) -> None:
    drawn = data.draw(valid_params(func_id, complete=True))
    top = {name: value for name, value in drawn.items() if isinstance(value, str)}
    params = right_params(func_id, top)
    assert {name: params[name] for name in params if name in top} == {name: top[name] for name in params if name in top}


@pytest.mark.parametrize("mutation", _ALL, ids=lambda mutation: mutation.id)
def test_each_breaks_one_rule_and_no_other(mutation: Mutation) -> None:
    right = _message(mutation.func_id, right_params(mutation.func_id, including=mutation.including))
    before = repr(right)
    assert validate_request(right) is None
    violation = validate_request(mutation.applied(right))
    assert repr(right) == before
    if mutation.func_id == "dev.heartbeat" and mutation.kind is Kind.MISSING:
        assert violation is None
        assert not mutation.required
        return
    assert violation is not None
    assert violation.code == (BAD_VALUE if mutation.kind is Kind.FORMAT else MALFORMED)
    inside = mutation.path.replace("[]", "[0]")
    if mutation.path.endswith(".content") and mutation.kind is Kind.MISSING:
        inside = inside.removesuffix(".content")
    assert violation.path in (inside, f"params.{inside}", f"payload.{inside}", f"payload.params.{inside}")


def test_values_are_right_and_broken_as_the_tests_strategies_say() -> None:
    for func_id in PREFIXES:
        for path, shape in _scalars(func_id).items():
            name = path.replace("[]", "").rpartition(".")[2]
            assert shape.problem(right_text(name, shape)) is None, path
            text = broken_text(shape)
            assert (text is None) == (broken_texts(shape) == ()), path
            assert text is None or shape.problem(text) is not None, path


def test_whatever_is_stated_is_a_field_with_a_format() -> None:
    for func_id, stated in _STATED.items():
        broken = set(_paths(func_id, Kind.FORMAT))
        assert set(stated) <= broken, func_id
    for key in _UNSURE:
        func_id, path = key.split(" ")
        assert path in _paths(func_id, Kind.FORMAT)
        assert stated_format(func_id, path) is None
        assert open_format(func_id, path) == _UNSURE[key]


def test_what_the_documents_examples_contradict_is_open() -> None:
    required = {mutation.id: mutation.required for mutation in _ALL}
    assert not required["upload.multiCard.format.card"]
    assert not required["upload.verifyLog.format.category"]
    assert not required["report.number.meetRoomName"]
    assert required["upload.verifyLog.format.verifyTime"]
    assert required["upload.verifyLog.number.category"]
